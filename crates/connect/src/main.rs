//! `$connect`: admits a socket, or refuses it.
//!
//! event ─▶ `Handshake` ─▶ one transaction: the chatter ID is valid + the connection is stored; beside it
//! the login's connections are counted ─▶ 200 | 401 | 429

use chatterbox_core::{
    Admission, Caller, ConnectSettings, EventKind, FromEnvironment, Function, Handshake, HandshakePolicy, Metric,
    ProxyResponse, Refusal, SocketEvent, Verdict,
    aws::{self, Aws},
    log,
    metrics::Metrics,
};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tracing::field::display;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let settings = ConnectSettings::from_env()?;
    let metrics = Metrics::new(Function::Connect, settings.metrics).with_flood(settings.flood_handshakes);
    let dynamodb = Aws::in_lambda(settings.endpoints).await.dynamodb();
    let admission = Admission::new(
        dynamodb,
        settings.chatters_table,
        settings.connections_table,
        settings.max_connections_per_login,
    );
    aws::warm_up(admission.warm_up()).await;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        connect(&admission, &settings.policy, &metrics, event.payload)
    }))
    .await
}

async fn connect(
    admission: &Admission,
    policy: &HandshakePolicy,
    metrics: &Metrics,
    event: Box<RawValue>,
) -> Result<ProxyResponse, Diagnostic> {
    let event = SocketEvent::parse(&event).map_err(|error| Diagnostic {
        error_type: "UnreadableEvent".to_owned(),
        error_message: error.to_string(),
    })?;
    if event.kind() != EventKind::Connect {
        return Ok(event.refuse_kind());
    }
    let connection_id = event.connection_id();
    let refuse = |refusal: Refusal| {
        let Caller { address, origin } = Caller::of(&event);
        let (address, origin) = (address.map(display), origin.map(display));
        tracing::info!(%connection_id, reason = refusal.reason(), address, origin, "handshake refused");
        metrics.count(Metric::Refusals, &[("Reason", refusal.reason())]);
        ProxyResponse::status(refusal.status())
    };
    let handshake = match Handshake::read(&event, policy) {
        Ok(handshake) => handshake,
        Err(refusal) => return Ok(refuse(refusal)),
    };
    Ok(match admission.admit(&handshake.connection(&event)).await {
        Ok(Verdict::Admitted) => {
            tracing::info!(%connection_id, "connected");
            metrics.count(Metric::Connects, &[]);
            ProxyResponse::open(handshake.subprotocol)
        }
        Ok(Verdict::Refused(refusal)) => refuse(refusal),
        // Not 401, which a page would take for wrong credentials, and ask the user to log in again.
        Err(error) => {
            tracing::error!(%connection_id, %error, "DynamoDB failed; handshake answered 500");
            metrics.count(Metric::of_failure(&error), &[]);
            ProxyResponse::status(500)
        }
    })
}
