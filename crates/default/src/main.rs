//! `$default`: answers a browser's message, on the same socket.
//!
//! event ─▶ `Incoming` ─▶ sync: the connection is on record + updates since the cursor ─▶ reply
//!
//! The answer is its return value, so it needs no right to post. It closes no socket, whatever the message was.

use chatterbox_core::{
    Connections, DefaultSettings, EventKind, FromEnvironment, Function, Incoming, Metric, ProxyResponse, SocketEvent,
    StoreError, Timestamp, Updates,
    aws::{self, Aws},
    log,
    metrics::Metrics,
    outgoing::Outgoing,
    sync,
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let settings = DefaultSettings::from_env()?;
    let metrics = Metrics::new(Function::Default, settings.metrics_namespace);
    let dynamodb = Aws::in_lambda(settings.endpoints).await.dynamodb();
    let updates = Updates::new(dynamodb.clone(), settings.updates_table);
    let connections = Connections::new(dynamodb, settings.connections_table);
    aws::warm_up(updates.warm_up()).await;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        default(&connections, &updates, &metrics, event.payload)
    }))
    .await
}

async fn default(
    connections: &Connections,
    updates: &Updates,
    metrics: &Metrics,
    event: Box<RawValue>,
) -> Result<ProxyResponse, Error> {
    let event = SocketEvent::parse(&event)?;
    if event.kind() != EventKind::Message {
        return Ok(ProxyResponse::status(400));
    }
    let (metric, reply) = match Incoming::parse(event.body()) {
        Ok(incoming) => match answer(connections, updates, &event, &incoming).await {
            Ok(reply) => (Metric::Syncs, reply),
            Err(error) => {
                tracing::error!(%error, "DynamoDB failed; sync answered with the error \"unavailable\"");
                (Metric::StoreFailures, Outgoing::unavailable().to_text())
            }
        },
        Err(why) => (Metric::NotUnderstood, Outgoing::not_understood(&why).to_text()),
    };
    tracing::info!(connection_id = %event.connection_id(), outcome = ?metric, "message");
    metrics.count(metric, &[]);
    Ok(ProxyResponse::message(reply))
}

/// The reply to a sync. The login is proved by the row of this connection: not by the message, which may say anything, nor by
/// an index, which lags behind.
async fn answer(
    connections: &Connections,
    updates: &Updates,
    event: &SocketEvent,
    incoming: &Incoming,
) -> Result<String, StoreError> {
    let Incoming::Sync { login, cursor, n } = incoming;
    let Some(connection) = connections.find(login, event.connection_id()).await? else {
        return Ok(Outgoing::unknown_connection().to_text());
    };
    let update_log = updates.read(login).await?;
    let now = Timestamp::now();
    Ok(sync::reply(
        update_log.as_ref(),
        &connection.topics,
        cursor.as_ref(),
        *n,
        now,
    ))
}
