//! notify: tells every open browser of a login that its stats have been updated. The stats pipeline invokes it.
//!
//! event ─▶ record the update ─▶ read the login's connections ─▶ post to each ─▶ delete dead rows ─▶ `Report`

use chatterbox_core::{
    Connections, Deferral, FromEnvironment, Function, Invocation, Metric, Notified, Notifier, NotifySettings,
    StreamWait, Timestamp, Updates,
    aws::{self, Aws},
    log,
    metrics::Metrics,
};
use lambda_runtime::{Context, Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use std::time::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let settings = NotifySettings::from_env()?;
    let metrics = Metrics::new(Function::Notify, settings.metrics);
    let aws = Aws::in_lambda(settings.endpoints).await;
    let dynamodb = aws.dynamodb();
    let notifier = Notifier {
        updates: Updates::new(dynamodb.clone(), settings.updates_table),
        connections: Connections::new(dynamodb, settings.connections_table),
        poster: aws.poster(&settings.callback_url),
        deferral: settings.defer_queue_url.map(|url| Deferral::new(aws.sqs(), url)),
        max_connections_per_login: settings.max_connections_per_login,
    };
    aws::warm_up(async { tokio::join!(notifier.connections.warm_up(), notifier.poster.warm_up()) }).await;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        notify(&notifier, &metrics, event)
    }))
    .await
}

async fn notify(
    notifier: &Notifier,
    metrics: &Metrics,
    LambdaEvent { payload, context }: LambdaEvent<Box<RawValue>>,
) -> Result<chatterbox_core::Answer, Diagnostic> {
    let start = Instant::now();
    let late_records = StreamWait::late_records(&payload, Timestamp::now());
    let notified = notifier.notify(&payload, &invocation(&context)).await;
    log_and_measure(
        metrics,
        &notified,
        late_records,
        start.elapsed().as_secs_f64() * 1_000.0,
    );
    notified.answer.map_err(|error| Diagnostic {
        error_type: error.kind().to_owned(),
        error_message: error.to_string(),
    })
}

fn invocation(context: &Context) -> Invocation {
    let deadline = i64::try_from(context.deadline)
        .ok()
        .and_then(Timestamp::from_millis)
        .unwrap_or(Timestamp::MAX);
    Invocation {
        request_id: context.request_id.clone(),
        received_at: Timestamp::now(),
        deadline,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn log_and_measure(
    metrics: &Metrics,
    Notified {
        answer,
        report,
        ids,
        updates,
        stale,
        bad_events,
        clocks_ahead,
        ignored_records,
    }: &Notified,
    late_records: usize,
    milliseconds: f64,
) {
    let (logins, sent, gone, early) = (report.logins.len(), report.sent, report.gone, report.early);
    let (deferred, failed, no_room, surplus, error) = (
        report.deferred,
        report.failed,
        report.no_room,
        report.surplus,
        answer.as_ref().err().map(ToString::to_string),
    );
    tracing::info!(
        ids,
        logins,
        stale,
        sent,
        gone,
        early,
        deferred,
        failed,
        no_room,
        surplus,
        bad_events,
        clocks_ahead,
        ignored_records,
        late_records,
        milliseconds,
        error,
        "notified"
    );
    let count = |metric, number: usize| (metric, number as f64);
    let counts = [
        count(Metric::Updates, *updates),
        count(Metric::Stale, *stale),
        count(Metric::PostsSent, sent),
        count(Metric::PostsGone, gone),
        count(Metric::PostsEarly, early),
        count(Metric::PostsFailed, failed),
        count(Metric::Deferred, deferred),
        count(Metric::NoRoom, no_room),
        count(Metric::BadEvents, *bad_events),
        count(Metric::ClockAhead, *clocks_ahead),
        count(Metric::IgnoredRecords, *ignored_records),
        count(Metric::LateRecords, late_records),
        (Metric::FanOut, milliseconds),
    ];
    metrics.emit(&counts, &[]);
}
