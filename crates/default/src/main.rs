//! `$default`: answers a browser's message, on the same socket.
//!
//! event ─▶ `MessageHandler` ─▶ sync: the connection is on record (+ its chatter ID is good) + updates since the cursor ─▶ reply
//!
//! The answer is its return value, so it needs no right to post. It closes no socket, whatever the message was.

use chatterbox_core::{
    Chatters, Connections, DefaultSettings, EventKind, FromEnvironment, Function, Handled, MessageHandler, Metric,
    ProxyResponse, SocketEvent, Updates,
    aws::{self, Aws},
    log,
    metrics::Metrics,
};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let settings = DefaultSettings::from_env()?;
    let metrics = Metrics::new(Function::Default, settings.metrics);
    let dynamodb = Aws::in_lambda(settings.endpoints).await.dynamodb();
    let handler = MessageHandler {
        updates: Updates::new(dynamodb.clone(), settings.updates_table),
        chatters: settings
            .chatters_table
            .map(|table| Chatters::new(dynamodb.clone(), table)),
        connections: Connections::new(dynamodb, settings.connections_table),
    };
    aws::warm_up(handler.updates.warm_up()).await;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        default(&handler, &metrics, event.payload)
    }))
    .await
}

async fn default(
    handler: &MessageHandler,
    metrics: &Metrics,
    event: Box<RawValue>,
) -> Result<ProxyResponse, Diagnostic> {
    let event = SocketEvent::parse(&event).map_err(|error| Diagnostic {
        error_type: "UnreadableEvent".to_owned(),
        error_message: error.to_string(),
    })?;
    if event.kind() != EventKind::Message {
        return Ok(event.refuse_kind());
    }
    let connection_id = event.connection_id();
    let (metric, reply) = match handler.handle(connection_id, event.body()).await {
        // API Gateway answers most pings and counts every message, so they have no metric here either.
        Handled::Ponged(reply) => {
            tracing::info!(%connection_id, outcome = "Pong", "message");
            return Ok(ProxyResponse::message(reply));
        }
        Handled::Synced(reply) => (Metric::Syncs, reply),
        Handled::NotUnderstood(reply) => (Metric::NotUnderstood, reply),
        Handled::Failed { error, text } => {
            tracing::error!(%error, "DynamoDB failed; sync answered with the error \"unavailable\"");
            (Metric::of_failure(&error), text)
        }
    };
    tracing::info!(%connection_id, outcome = ?metric, "message");
    metrics.count(metric, &[]);
    Ok(ProxyResponse::message(reply))
}
