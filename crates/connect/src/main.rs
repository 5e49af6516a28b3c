//! `$connect`: lets a chatter in, or not.
//!
//! event ─▶ `Credentials` ─▶ one transaction: the chatter ID is good + the connection is stored ─▶ 200 | 401

use chatterbox_core::{
    Admission, Carriers, Connection, Credentials, EventKind, Refusal, Reply, Settings, SocketEvent, StoreError,
    aws::{self, Aws},
    log,
    metrics::Metrics,
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let Settings {
        tables,
        endpoints,
        carriers,
        metrics_namespace,
        ..
    } = Settings::from_env(&[])?;
    let metrics = Metrics::new("connect", metrics_namespace);
    let dynamodb = Aws::in_lambda(endpoints).await.dynamodb();
    let admission = Admission::new(dynamodb, tables.chatters, tables.connections);
    aws::warm_up(admission.warm_up()).await;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        connect(&admission, &carriers, &metrics, event.payload)
    }))
    .await
}

async fn connect(
    admission: &Admission,
    carriers: &Carriers,
    metrics: &Metrics,
    event: Box<RawValue>,
) -> Result<Reply, Error> {
    let event = SocketEvent::parse(&event)?;
    if event.kind() != EventKind::Connect {
        return Ok(Reply::status(400));
    }
    let connection_id = event.connection_id();
    let admitted = match Credentials::read(&event, carriers) {
        Ok(credentials) => admit(admission, &event, credentials).await,
        Err(refusal) => Ok(Err(refusal)),
    };
    Ok(match admitted {
        Ok(Ok(subprotocol)) => {
            tracing::info!(%connection_id, "connected");
            metrics.count("Connects", &[]);
            Reply::open(subprotocol)
        }
        Ok(Err(refusal)) => {
            tracing::info!(%connection_id, reason = refusal.reason(), "refused");
            metrics.count("Refusals", &[("Reason", refusal.reason())]);
            Reply::status(refusal.status())
        }
        // Never 401: a page would take it for its own fault and ask the user to log in again.
        Err(error) => {
            tracing::error!(%connection_id, %error, "not decided");
            metrics.count("StoreFailures", &[]);
            Reply::status(500)
        }
    })
}

/// The subprotocol to answer, once the connection is stored.
async fn admit(
    admission: &Admission,
    event: &SocketEvent,
    Credentials {
        login,
        chatter_id,
        topics,
        subprotocol,
    }: Credentials,
) -> Result<Result<Option<&'static str>, Refusal>, StoreError> {
    let (id, chatter_hash) = (event.connection_id().clone(), chatter_id.hash());
    let connection = Connection {
        login,
        id,
        connected_at: event.connected_at(),
        topics,
        chatter_hash,
    };
    Ok(admission.admit(&connection).await?.map(|()| subprotocol))
}
