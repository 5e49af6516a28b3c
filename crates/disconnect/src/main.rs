//! `$disconnect`: deletes the row of a connection.
//!
//! event ─▶ connection ID ─▶ its login, by an index ─▶ delete ─▶ 200
//!
//! It may miss a row: API Gateway does not always call it, and the index may lag. Such a row is deleted when the next post
//! to it is answered 410, or it expires.

use chatterbox_core::{
    ConnectionId, Connections, DisconnectSettings, EventKind, FromEnvironment, Function, Metric, ProxyResponse,
    SocketEvent,
    aws::{self, Aws},
    log,
    metrics::Metrics,
};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let settings = DisconnectSettings::from_env()?;
    let metrics = Metrics::new(Function::Disconnect, settings.metrics);
    let dynamodb = Aws::in_lambda(settings.endpoints).await.dynamodb();
    let connections = Connections::new(dynamodb, settings.connections_table);
    aws::warm_up(connections.login_of(&ConnectionId::new("-"))).await;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        disconnect(&connections, &metrics, event.payload)
    }))
    .await
}

async fn disconnect(
    connections: &Connections,
    metrics: &Metrics,
    event: Box<RawValue>,
) -> Result<ProxyResponse, Diagnostic> {
    let event = SocketEvent::parse(&event).map_err(|error| Diagnostic {
        error_type: "UnreadableEvent".to_owned(),
        error_message: error.to_string(),
    })?;
    if event.kind() != EventKind::Disconnect {
        return Ok(event.refuse_kind());
    }
    let connection_id = event.connection_id();
    Ok(match connections.forget_by_id(connection_id).await {
        Ok(forgotten) => {
            tracing::info!(%connection_id, forgotten, "disconnected");
            metrics.count(Metric::Disconnects, &[]);
            ProxyResponse::status(200)
        }
        Err(error) => {
            tracing::error!(%connection_id, %error, "DynamoDB failed; the row stays until it expires or a post to it is answered 410");
            metrics.count(Metric::of_failure(&error), &[]);
            ProxyResponse::status(500)
        }
    })
}
