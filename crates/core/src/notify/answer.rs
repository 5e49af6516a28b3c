//! The answer of notify to its source: a report, the records that failed, or an error.

use super::{batch::Source, job::RecordJobs, report::Report};
use crate::BadEvent;
use serde::Serialize;

/// The answer to what invoked notify.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a direct invocation, SNS or EventBridge.
    Report(Report),
    /// To SQS and DynamoDB streams: the records to be delivered again.
    #[serde(rename_all = "camelCase")]
    Partial {
        /// Those records; empty if all succeeded.
        batch_item_failures: Vec<ItemFailure>,
    },
}

/// A record to be delivered again.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemFailure {
    /// The message ID of SQS, or the sequence number of a stream.
    pub item_identifier: String,
}

/// The failure of an invocation that cannot fail in part.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotifyError {
    /// An event could not be read. Nothing was recorded for it.
    #[error("{0}")]
    BadEvent(BadEvent),
    /// Some of its logins failed. The others were served.
    #[error("{failed} of {all} logins failed: {first}")]
    Failed {
        /// Number of logins that failed.
        failed: usize,
        /// Number of all logins.
        all: usize,
        /// The outcome of the first that failed.
        first: String,
    },
}

impl NotifyError {
    /// The error type that Lambda shows to the caller.
    pub fn kind(&self) -> &'static str {
        match self {
            NotifyError::BadEvent(_) => "BadEvent",
            NotifyError::Failed { .. } => "Failed",
        }
    }
}

impl Answer {
    /// The answer to a batch of this source, whose records were worked on.
    ///
    /// # Errors
    /// If a record failed, and the source takes no answer for single records.
    pub(crate) fn to(source: Source, records: &[RecordJobs<'_>], report: &Report) -> Result<Answer, NotifyError> {
        let failed = records.iter().filter(|jobs| must_be_redelivered(source, jobs));
        match source {
            Source::Sqs => Ok(Answer::failures(failed)),
            // Lambda goes back to the lowest sequence number and reads on from there.
            Source::Stream => Ok(Answer::failures(failed.take(1))),
            Source::Direct | Source::Sns => match failed.into_iter().next() {
                None => Ok(Answer::Report(report.clone())),
                Some(first) => Err(error(first, records)),
            },
        }
    }

    fn failures<'r, 'a: 'r>(failed: impl Iterator<Item = &'r RecordJobs<'a>>) -> Answer {
        let failure = |jobs: &RecordJobs<'_>| ItemFailure {
            item_identifier: jobs.record.id.clone(),
        };
        Answer::Partial {
            batch_item_failures: failed.map(failure).collect(),
        }
    }
}

/// Whether a record has to be delivered again. Not for a bad event of a stream: it would never become a good one, and would
/// block its shard for as long as the stream keeps it.
fn must_be_redelivered(source: Source, jobs: &RecordJobs<'_>) -> bool {
    let is_bad = source != Source::Stream && jobs.record.bad_events().next().is_some();
    is_bad || jobs.outcomes().any(|(_, outcome)| outcome.is_failure())
}

/// The error for the first record that failed.
fn error(first: &RecordJobs<'_>, records: &[RecordJobs<'_>]) -> NotifyError {
    if let Some(bad) = first.record.bad_events().next() {
        return NotifyError::BadEvent(bad.clone());
    }
    let mut failures = first.outcomes().filter(|(_, outcome)| outcome.is_failure());
    let all = records.iter().flat_map(RecordJobs::outcomes);
    NotifyError::Failed {
        failed: all.clone().filter(|(_, outcome)| outcome.is_failure()).count(),
        all: all.count(),
        first: failures.next().map(|(_, outcome)| outcome.word()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Record, StoreError, notify::outcome::Outcome, test_support::notification};
    use serde_json::json;

    /// What became of a record's event, which names one login.
    #[derive(Clone, Debug)]
    enum Fate {
        Unreadable,
        Served(Outcome),
    }

    /// The answer to records of this source, as JSON, or the error.
    fn answer(source: Source, fates: &[Fate]) -> Result<serde_json::Value, NotifyError> {
        let event = notification(&json!({"login": "a"}));
        let record = |(n, fate): (usize, &Fate)| Record {
            id: n.to_string(),
            events: vec![match fate {
                Fate::Unreadable => Err(BadEvent::new("login", "must be a string")),
                Fate::Served(_) => Ok(event.clone()),
            }],
        };
        let records: Vec<Record> = fates.iter().enumerate().map(record).collect();
        let records: Vec<RecordJobs<'_>> = records.iter().map(RecordJobs::of).collect();
        for (record, fate) in records.iter().zip(fates) {
            if let Fate::Served(outcome) = fate {
                record.jobs[0].finish(&record.jobs[0].event.logins[0], outcome.clone());
            }
        }
        let report = Report {
            sent: 7,
            ..Report::default()
        };
        Answer::to(source, &records, &report).map(|answer| serde_json::to_value(answer).unwrap())
    }

    fn failures(ids: &[&str]) -> serde_json::Value {
        let failures = ids.iter().map(|id| json!({"itemIdentifier": id}));
        json!({"batchItemFailures": failures.collect::<Vec<_>>()})
    }

    fn failed() -> Outcome {
        Outcome::Failed(StoreError::Failed {
            operation: "UpdateItem",
            code: "time-out".to_owned(),
        })
    }

    /// All that can become of an event.
    fn all() -> Vec<Fate> {
        let served = [
            Outcome::Version(3),
            Outcome::Repeat,
            Outcome::Stale,
            Outcome::NoRoom,
            failed(),
            Outcome::Deferred,
            Outcome::OutOfTime,
        ];
        [Fate::Unreadable].into_iter().chain(served.map(Fate::Served)).collect()
    }

    #[test]
    fn a_queue_delivers_again_what_failed_or_could_not_be_read_and_a_stream_goes_back_to_what_failed_first() {
        assert_eq!(answer(Source::Sqs, &all()).unwrap(), failures(&["0", "5", "7"]));
        assert_eq!(answer(Source::Stream, &all()).unwrap(), failures(&["5"]));
        let good = [Fate::Served(Outcome::Version(3))];
        for source in [Source::Sqs, Source::Stream] {
            assert_eq!(answer(source, &good).unwrap(), failures(&[]), "{source:?}");
        }
        assert_eq!(
            answer(Source::Stream, &[Fate::Unreadable]).unwrap(),
            failures(&[]),
            "it would block its shard"
        );
    }

    #[test]
    fn a_caller_gets_the_report_or_an_error_of_the_first_that_failed() {
        for source in [Source::Direct, Source::Sns] {
            let good = answer(source, &[Fate::Served(Outcome::Version(3))]).unwrap();
            assert_eq!(good["sent"], 7, "{source:?}");
            let error = answer(source, &all()).unwrap_err();
            assert_eq!(
                (error.kind(), error.to_string().as_str()),
                ("BadEvent", "login: must be a string")
            );
            let error = answer(source, &all()[1..]).unwrap_err();
            assert_eq!(
                (error.kind(), error.to_string().as_str()),
                ("Failed", "2 of 7 logins failed: UpdateItem: time-out")
            );
        }
    }
}
