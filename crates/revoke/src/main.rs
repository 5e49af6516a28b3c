//! revoke: closes the sockets of chatter IDs whose items somebody has deleted. The stream of the table `chatters` invokes it.
//!
//! records ─▶ items that somebody deleted ─▶ the login's connections ─▶ those of that hash: tell, forget, close ─▶
//! the same once more, a second later ─▶ the record that failed, if any
//!
//! So a backend in any language revokes a chatter ID by deleting its item, and needs no right to close sockets.

use chatterbox_core::{
    Chatters, Connections, FromEnvironment, Function, Metric, Notifier, Revocation, RevokeSettings, Revoked, Revoker,
    StreamWait, Timestamp,
    aws::{self, Aws},
    log,
    metrics::Metrics,
};
use lambda_runtime::{Context, Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use std::time::Duration;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let settings = RevokeSettings::from_env()?;
    let metrics = Metrics::new(Function::Revoke, settings.metrics);
    let aws = Aws::in_lambda(settings.endpoints).await;
    let dynamodb = aws.dynamodb();
    let revoker = Revoker {
        revocation: Revocation {
            chatters: Chatters::new(dynamodb.clone(), settings.chatters_table),
            connections: Connections::new(dynamodb, settings.connections_table),
            poster: aws.poster(&settings.callback_url),
        },
    };
    let Revocation {
        connections, poster, ..
    } = &revoker.revocation;
    aws::warm_up(async { tokio::join!(connections.warm_up(), poster.warm_up()) }).await;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        revoke(&revoker, &metrics, event)
    }))
    .await
}

async fn revoke(
    revoker: &Revoker,
    metrics: &Metrics,
    LambdaEvent { payload, context }: LambdaEvent<Box<RawValue>>,
) -> Result<chatterbox_core::Answer, Diagnostic> {
    let late_records = StreamWait::late_records(&payload, Timestamp::now());
    let revoked = revoker.revoke(&payload, time_left(&context)).await;
    let revoked = revoked.map_err(|bad| Diagnostic {
        error_type: "BadEvent".to_owned(),
        error_message: bad.to_string(),
    })?;
    log_and_measure(metrics, &revoked, late_records);
    Ok(revoked.answer)
}

/// What is left of the function's time, without a margin for the answer.
fn time_left(context: &Context) -> Duration {
    let deadline = i64::try_from(context.deadline).ok().and_then(Timestamp::from_millis);
    let time_left = deadline.unwrap_or(Timestamp::MAX).since(Timestamp::now());
    time_left.saturating_sub(Notifier::MARGIN)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn log_and_measure(
    metrics: &Metrics,
    Revoked {
        chatters,
        sockets,
        failed,
        ignored_records,
        error,
        ..
    }: &Revoked,
    late_records: usize,
) {
    match error {
        None if *failed == 0 => tracing::info!(chatters, sockets, ignored_records, late_records, "revoked"),
        _ => {
            let error = error.as_ref().map_or("out of time".to_owned(), ToString::to_string);
            tracing::error!(
                chatters,
                sockets,
                failed,
                late_records,
                error,
                "some sockets may be open still; Lambda tries again"
            );
        }
    }
    let counts = [
        (Metric::Revocations, *chatters as f64),
        (Metric::SocketsRevoked, *sockets as f64),
        (Metric::LateRecords, late_records as f64),
    ];
    metrics.emit(&counts, &[]);
}
