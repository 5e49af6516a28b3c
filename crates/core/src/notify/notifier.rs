//! The notifier: serves one invocation of notify.
//!
//! For each login of each event it records the update, then reads the login's connections, then posts. Correctness depends
//! on this order (docs/protocol.md, R1): an update is either recorded before a page's sync reads the log, or its notify
//! reads the connections after that page's row was stored, so the page gets it one way or the other.

use super::{
    answer::{Answer, NotifyError},
    batch::{Batch, Record},
    deferral::{DeferReason, Deferral},
    fan_out::FanOut,
    invocation::Invocation,
    job::{Job, LoginResult, RecordJobs},
    logged_id::logged_id,
    notification::Notification,
    outcome::Outcome,
    push::PushBuilder,
    report::{Report, Tally},
    steps::Steps,
    surplus::Surplus,
};
use crate::{Connections, Login, Poster, Recorded, Timestamp, Updates};
use futures_util::{StreamExt, stream};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// Tells browsers of updates.
#[derive(Clone, Debug)]
pub struct Notifier {
    /// The table in which updates are recorded.
    pub updates: Updates,
    /// The table of connections.
    pub connections: Connections,
    /// Posts to sockets.
    pub poster: Poster,
    /// The queue for logins that cannot be served now; without it they fail.
    pub deferral: Option<Deferral>,
    /// The most sockets that a login may have.
    pub max_connections_per_login: usize,
}

/// The result of one invocation, for its source, the log and the metrics.
#[derive(Clone, Debug)]
pub struct Notified {
    /// The answer to the source.
    pub answer: Result<Answer, NotifyError>,
    /// The report.
    pub report: Report,
    /// The ids of the first [`Notified::IDS`] events that could be read, with commas between them.
    pub ids: String,
    /// Number of updates: one for each login of each event.
    pub updates: usize,
    /// Number of updates that were stale.
    pub stale: usize,
    /// Number of events that could not be read.
    pub bad_events: usize,
    /// Number of events with a time more than a minute ahead of this machine's clock.
    pub clocks_ahead: usize,
    /// Number of records without an event (rows of the outbox that were removed, or changed in something else).
    pub ignored_records: usize,
}

impl Notifier {
    /// Logins served at once.
    pub const LOGINS_AT_ONCE: usize = 32;
    /// How long before the function's deadline the work stops, so that there is time to defer the rest and to answer.
    pub const MARGIN: Duration = Duration::from_secs(2);

    /// Serves one invocation.
    pub async fn notify(&self, payload: &RawValue, invocation: &Invocation) -> Notified {
        let batch = match Batch::parse(payload, invocation) {
            Ok(batch) => batch,
            Err(bad) => return Notified::unreadable(NotifyError::BadEvent(bad)),
        };
        let bad_events = batch.records.iter().map(log_bad_events).sum();
        let records: Vec<RecordJobs<'_>> = batch.records.iter().map(RecordJobs::of).collect();
        let jobs: Vec<&Job<'_>> = records.iter().flat_map(|record| &record.jobs).collect();
        let clocks_ahead = jobs.iter().filter(|job| log_if_ahead(job.event)).count();
        let (tally, surplus) = (Tally::default(), Surplus::default());
        let time_left = invocation.deadline.since(Timestamp::now()).saturating_sub(Self::MARGIN);
        let end = Instant::now() + time_left;
        // When time is up, the work is dropped where it is: to do it again is always safe.
        if !time_left.is_zero() {
            let _ = tokio::time::timeout_at(end, self.serve_all(&jobs, &tally, &surplus)).await;
        }
        for job in &jobs {
            self.defer_unfinished(job, &tally).await;
        }
        // Last of all, since no login's update may wait for it.
        tally.count_surplus(surplus.close(&self.connections, &self.poster, end).await);
        let outcomes: Vec<(&Login, Outcome)> = records.iter().flat_map(RecordJobs::outcomes).collect();
        let (updates, stale) = (
            outcomes.len(),
            outcomes
                .iter()
                .filter(|(_, outcome)| *outcome == Outcome::Stale)
                .count(),
        );
        let report = tally.report(
            outcomes
                .into_iter()
                .map(|(login, outcome)| (login.clone(), outcome))
                .collect(),
        );
        Notified {
            answer: Answer::to(batch.source, &records, &report),
            report,
            ids: ids(&jobs),
            updates,
            stale,
            bad_events,
            clocks_ahead,
            ignored_records: batch.records.iter().filter(|record| record.events.is_empty()).count(),
        }
    }

    /// Serves login by login, many at once. A login gets the updates of several events in the events' order.
    async fn serve_all<'a>(&self, jobs: &[&Job<'a>], tally: &Tally, surplus: &Surplus) {
        let mut by_login: BTreeMap<&'a Login, Vec<&Job<'a>>> = BTreeMap::new();
        for job in jobs {
            for login in &job.event.logins {
                by_login.entry(login).or_default().push(job);
            }
        }
        let serve = async |(login, jobs): (&'a Login, Vec<&Job<'a>>)| {
            for job in jobs {
                job.finish(login, self.serve(login, job.event, tally, surplus).await);
            }
        };
        stream::iter(by_login)
            .for_each_concurrent(Self::LOGINS_AT_ONCE, serve)
            .await;
    }

    /// Serves one login: records the update, then reads the connections, then posts.
    async fn serve(&self, login: &Login, event: &Notification, tally: &Tally, surplus: &Surplus) -> LoginResult {
        let update = &event.update;
        let id = logged_id(&update.id);
        let steps = Steps::of(event, &id);
        steps.began(event.attempt);
        let recorded = match self.updates.record(login, update).await {
            Ok(recorded) => recorded,
            Err(error) => return Outcome::Failed(error).into(),
        };
        steps.recorded(&recorded);
        if recorded.lacks_room() {
            tally.count_no_room();
            tracing::warn!(
                id = &*id,
                "a login has as many topics as it may have: nothing was recorded under others"
            );
        }
        let mut retry_later = false;
        if let Some(pushes) = PushBuilder::of(login, update, &recorded) {
            let connections = match self.connections.of(login).await {
                Ok(connections) => connections,
                Err(error) => return Outcome::Failed(error).into(),
            };
            steps.read(connections.len());
            let fan_out = FanOut {
                connections: &self.connections,
                poster: &self.poster,
                max_connections: self.max_connections_per_login,
                tally,
                surplus,
                steps,
            };
            retry_later = fan_out.run(&pushes, connections).await;
        }
        let outcome = match recorded {
            Recorded::New { version, .. } => Outcome::Version(version),
            Recorded::Repeat { .. } => Outcome::Repeat,
            Recorded::Stale => Outcome::Stale,
            Recorded::NoRoom => Outcome::NoRoom,
        };
        LoginResult { outcome, retry_later }
    }

    /// Defers the logins that were not reached in time, and those for which something was busy.
    async fn defer_unfinished(&self, job: &Job<'_>, tally: &Tally) {
        let (unreached, busy) = job.unfinished();
        let is_deferred = self.defer(job.event, &unreached, DeferReason::OutOfTime, tally).await;
        for login in unreached {
            job.finish(
                login,
                if is_deferred {
                    Outcome::Deferred
                } else {
                    Outcome::OutOfTime
                },
            );
        }
        if self.defer(job.event, &busy, DeferReason::Busy, tally).await {
            for login in busy {
                job.was_deferred(login);
            }
        }
    }

    /// Defers these logins of an event, and says whether that was done.
    async fn defer(&self, event: &Notification, logins: &[&Login], reason: DeferReason, tally: &Tally) -> bool {
        let Some(deferral) = &self.deferral else {
            return false;
        };
        let is_deferred =
            !logins.is_empty() && event.attempt < Deferral::MAX_ATTEMPTS && deferral.defer(event, logins, reason).await;
        if is_deferred {
            tally.count_deferred(logins.len());
        }
        is_deferred
    }
}

impl Notified {
    /// The most ids that it names: as many as a batch of a queue has events, unless somebody sets it higher.
    pub const IDS: usize = 10;

    /// The result of an invocation whose payload is neither an event nor a list of records.
    fn unreadable(error: NotifyError) -> Notified {
        Notified {
            answer: Err(error),
            report: Report::default(),
            ids: String::new(),
            updates: 0,
            stale: 0,
            bad_events: 1,
            clocks_ahead: 0,
            ignored_records: 0,
        }
    }
}

fn ids(jobs: &[&Job<'_>]) -> String {
    let ids: Vec<Cow<'_, str>> = jobs
        .iter()
        .take(Notified::IDS)
        .map(|job| logged_id(&job.event.update.id))
        .collect();
    ids.join(",")
}

/// Logs each event of a record that could not be read, and returns how many there were. The answer to a queue holds only
/// the record's ID, so this line alone names the wrong field.
fn log_bad_events(record: &Record) -> usize {
    let log =
        |error| tracing::warn!(record = record.id, %error, "an event could not be read: nothing was recorded for it");
    record.bad_events().map(log).count()
}

/// Logs an event whose time is ahead of this machine's clock, and says whether it is.
fn log_if_ahead(event: &Notification) -> bool {
    if let Some(ahead) = event.clock_ahead {
        let (id, seconds) = (logged_id(&event.update.id), ahead.as_secs());
        tracing::warn!(
            id = &*id,
            seconds,
            "an event's time is ahead of this machine's clock: it counts as now"
        );
    }
    event.clock_ahead.is_some()
}

#[cfg(test)]
mod tests;
