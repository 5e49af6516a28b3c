//! What notify does: record the update, then read who listens, then post.
//!
//! That no update is lost depends on this order. An update is either in the table before a page's sync reads it, or its notify reads the
//! connections after that page's row was stored: so the page has it from the one or the other.

use crate::{
    Answer, Batch, Connections, Deferral, Invocation, Login, Notification, NotifyError, Outcome, Poster, Recorded,
    Report, Source, Timestamp, Update, Updates,
    notify::batch::Record,
    notify::deferral::Why,
    notify::fan_out::{Pushes, fan_out},
    notify::report::{ItemFailure, Tally},
};
use futures_util::{StreamExt, stream};
use serde_json::value::RawValue;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Tells browsers.
#[derive(Clone, Debug)]
pub struct Notifier {
    /// Where updates are recorded.
    pub updates: Updates,
    /// Who listens.
    pub connections: Connections,
    /// How to reach them.
    pub poster: Poster,
    /// Where to leave what there is no time for, if anywhere.
    pub deferral: Option<Deferral>,
    /// How many sockets a login may have.
    pub max_connections_per_login: usize,
}

/// What there is to say of an invocation, to its source and to the log.
#[derive(Clone, Debug)]
pub struct Notified {
    /// What to answer.
    pub answer: Result<Answer, NotifyError>,
    /// What was done.
    pub report: Report,
    /// How many updates there were: one for each login of each event.
    pub updates: usize,
    /// For how many of them nothing was done, because something newer stood in their place.
    pub stale: usize,
    /// How many events were not as they should be.
    pub bad_events: usize,
    /// How many events came with a time more than a minute ahead of this machine's clock.
    pub clocks_ahead: usize,
    /// How many records held no event (rows of the outbox that were removed, or changed in something else).
    pub ignored_records: usize,
}

/// What became of each login of each event, as far as it is done. Events are numbered over the whole batch.
type Outcomes<'a> = BTreeMap<(usize, &'a Login), Told>;

/// An event that could be read.
#[derive(Clone, Copy)]
struct Readable<'a> {
    /// The number of its record in the batch.
    record: usize,
    notification: &'a Notification,
}

/// What became of one login of one record.
#[derive(Debug)]
struct Told {
    outcome: Outcome,
    /// Not all was done, and a later invocation may do better.
    is_owed: bool,
}

impl From<Outcome> for Told {
    fn from(outcome: Outcome) -> Told {
        let is_owed = matches!(&outcome, Outcome::Failed(error) if error.is_passing());
        Told { outcome, is_owed }
    }
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
            Err(bad) => {
                return Notified {
                    answer: Err(NotifyError::BadEvent(bad)),
                    report: Report::default(),
                    updates: 0,
                    stale: 0,
                    bad_events: 1,
                    clocks_ahead: 0,
                    ignored_records: 0,
                };
            }
        };
        let bad_events = log_bad_events(&batch.records);
        let events = readable(&batch.records);
        let clocks_ahead = events.iter().filter(|event| log_if_ahead(event.notification)).count();
        let (tally, outcomes) = (Tally::default(), Mutex::new(Outcomes::new()));
        let time_left = invocation.deadline.since(Timestamp::now()).saturating_sub(Self::MARGIN);
        // Whatever is not done when the time is over is dropped where it stands; doing it again is always safe.
        if !time_left.is_zero() {
            let _ = tokio::time::timeout(time_left, self.tell_all(&events, &tally, &outcomes)).await;
        }
        let mut outcomes = std::mem::take(&mut *lock(&outcomes));
        for (n, event) in events.iter().enumerate() {
            self.put_off_the_rest(n, event.notification, &mut outcomes, &tally)
                .await;
        }
        let answer = answer(&batch, &events, &outcomes);
        let updates = outcomes.len();
        let stale = outcomes.values().filter(|told| told.outcome == Outcome::Stale).count();
        let report = tally.report(
            outcomes
                .into_iter()
                .map(|((_, login), told)| (login.clone(), told.outcome))
                .collect(),
        );
        Notified {
            answer: answer.map(|answer| answer.unwrap_or_else(|| Answer::Report(report.clone()))),
            report,
            updates,
            stale,
            bad_events,
            clocks_ahead,
            ignored_records: batch.records.iter().filter(|record| record.events.is_empty()).count(),
        }
    }

    /// Login by login, many at once; what one login gets from several records it gets in their order.
    async fn tell_all<'a>(&self, events: &[Readable<'a>], tally: &Tally, outcomes: &Mutex<Outcomes<'a>>) {
        let mut by_login: BTreeMap<&Login, Vec<(usize, &Update)>> = BTreeMap::new();
        for (n, Readable { notification, .. }) in events.iter().enumerate() {
            for login in &notification.logins {
                by_login.entry(login).or_default().push((n, &notification.update));
            }
        }
        let logins = stream::iter(by_login);
        logins
            .for_each_concurrent(Self::LOGINS_AT_ONCE, async |(login, updates)| {
                for (n, update) in updates {
                    let told = self.tell(login, update, tally).await;
                    lock(outcomes).insert((n, login), told);
                }
            })
            .await;
    }

    /// One update to one login: record, then read, then post.
    async fn tell(&self, login: &Login, update: &Update, tally: &Tally) -> Told {
        let recorded = match self.updates.record(login, update).await {
            Ok(recorded) => recorded,
            Err(error) => return Outcome::Failed(error).into(),
        };
        let mut is_owed = false;
        if let Some(pushes) = Pushes::of(login, update, &recorded) {
            let connections = match self.connections.of(login).await {
                Ok(connections) => connections,
                Err(error) => return Outcome::Failed(error).into(),
            };
            let most = self.max_connections_per_login;
            is_owed = fan_out(&self.connections, &self.poster, &pushes, connections, most, tally).await;
        }
        let outcome = match recorded {
            Recorded::New { version, .. } => Outcome::Version(version),
            Recorded::Repeat { .. } => Outcome::Repeat,
            Recorded::Stale => Outcome::Stale,
            Recorded::TooManyTopics => Outcome::TooManyTopics,
        };
        Told { outcome, is_owed }
    }

    /// Leaves to a later invocation what this one did not come to, or could not do.
    async fn put_off_the_rest<'a>(
        &self,
        n: usize,
        notification: &'a Notification,
        outcomes: &mut Outcomes<'a>,
        tally: &Tally,
    ) {
        let (mut unreached, mut owed) = (Vec::new(), Vec::new());
        for login in &notification.logins {
            match outcomes.get(&(n, login)) {
                None => unreached.push(login),
                Some(told) if told.is_owed => owed.push(login),
                Some(_) => {}
            }
        }
        let outcome = if self.put_off(notification, &unreached, Why::NoTime, tally).await {
            Outcome::Deferred
        } else {
            Outcome::OutOfTime
        };
        outcomes.extend(unreached.into_iter().map(|login| ((n, login), outcome.clone().into())));
        if self.put_off(notification, &owed, Why::TooMuch, tally).await {
            for login in owed {
                let told = outcomes.get_mut(&(n, login));
                // What was recorded has its version, whoever is yet to be told.
                if let Some(told) = told.filter(|told| told.outcome.is_failure()) {
                    told.outcome = Outcome::Deferred;
                }
            }
        }
    }

    /// Whether these logins are left to a later invocation.
    async fn put_off(&self, notification: &Notification, logins: &[&Login], why: Why, tally: &Tally) -> bool {
        let Some(deferral) = &self.deferral else {
            return false;
        };
        let is_put_off = !logins.is_empty()
            && notification.attempt < Deferral::MAX_ATTEMPTS
            && deferral.put_off(notification, logins, why).await;
        if is_put_off {
            tally.deferred(logins.len());
        }
        is_put_off
    }
}

/// The events of all records that could be read.
fn readable(records: &[Record]) -> Vec<Readable<'_>> {
    let events = records.iter().enumerate().flat_map(|(record, it)| {
        let readable = it.events.iter().filter_map(|event| event.as_ref().ok());
        readable.map(move |notification| Readable { record, notification })
    });
    events.collect()
}

/// Prints a line for each event that could not be read, and says how many there were. A queue's answer has only the
/// record's id, so without this line nobody would learn which field was wrong.
fn log_bad_events(records: &[Record]) -> usize {
    let mut count = 0;
    for record in records {
        for error in record.events.iter().filter_map(|event| event.as_ref().err()) {
            tracing::warn!(record = record.id, %error, "an event could not be read: nothing was recorded for it");
            count += 1;
        }
    }
    count
}

/// Prints a line if the event came with a time in the future, and says whether that was so.
fn log_if_ahead(
    Notification {
        update, clock_ahead, ..
    }: &Notification,
) -> bool {
    if let Some(ahead) = clock_ahead {
        let (id, seconds) = (&update.id, ahead.as_secs());
        tracing::warn!(
            id,
            seconds,
            "an event's time is ahead of this machine's clock: it counts as now"
        );
    }
    clock_ahead.is_some()
}

/// The answer to the batch's source; `None` is the report.
fn answer(batch: &Batch, events: &[Readable<'_>], outcomes: &Outcomes<'_>) -> Result<Option<Answer>, NotifyError> {
    let failures = |n: usize| {
        outcomes
            .iter()
            .filter(move |((event, _), told)| events[*event].record == n && told.outcome.is_failure())
    };
    let must_come_again = |(n, record): &(usize, &Record)| {
        // A bad record would hold up its shard for as long as the stream keeps it, and be no better for it.
        let is_bad = batch.source != Source::Stream && record.events.iter().any(Result::is_err);
        is_bad || failures(*n).next().is_some()
    };
    let mut failed = batch.records.iter().enumerate().filter(must_come_again);
    let identifiers = |failed: &mut dyn Iterator<Item = (usize, &Record)>| {
        let batch_item_failures = failed
            .map(|(_, record)| ItemFailure {
                item_identifier: record.id.clone(),
            })
            .collect();
        Some(Answer::Partial { batch_item_failures })
    };
    match batch.source {
        Source::Sqs => Ok(identifiers(&mut failed)),
        // Lambda goes back to the lowest sequence number and reads on from there.
        Source::Stream => Ok(identifiers(&mut failed.take(1))),
        Source::Direct | Source::Sns => match failed.next() {
            None => Ok(None),
            Some((n, record)) => {
                if let Some(bad) = record.events.iter().find_map(|event| event.as_ref().err()) {
                    return Err(NotifyError::BadEvent(bad.clone()));
                }
                let first = failures(n)
                    .next()
                    .map(|(_, told)| told.outcome.word())
                    .unwrap_or_default();
                let failed = outcomes.values().filter(|told| told.outcome.is_failure()).count();
                Err(NotifyError::Failed {
                    failed,
                    all: outcomes.len(),
                    first,
                })
            }
        },
    }
}

/// A panic while it was held leaves the map as it was: there is nothing half done in it.
fn lock<'a, 'b>(outcomes: &'a Mutex<Outcomes<'b>>) -> MutexGuard<'a, Outcomes<'b>> {
    outcomes.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
