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
