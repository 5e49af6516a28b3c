//! What notify says of its work.

use serde::{Serialize, Serializer};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use crate::{BadEvent, Login, StoreError, Version};

/// What became of an event: per login, and in posts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// For each login the version that the update got, or why it got none.
    pub logins: BTreeMap<Login, Outcome>,
    /// Posts that API Gateway took.
    pub sent: usize,
    /// Posts to sockets that are no more; their rows are forgotten.
    pub gone: usize,
    /// Posts to sockets that are not yet; their rows are kept.
    pub early: usize,
    /// Logins left to a later invocation: there was no more time, or a table or some of their sockets did not answer.
    pub deferred: usize,
    /// Posts that were given up. Where their login is not left to a later invocation, their sockets learn of the update
    /// by their next sync.
    pub failed: usize,
}

/// What became of an update for one login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was recorded, with this version.
    Version(Version),
    /// It had been recorded before, and was posted again.
    Repeat,
    /// Something newer stands in its place: nothing was done.
    Stale,
    /// The login has no room for another topic: nothing was done.
    TooManyTopics,
    /// A table did not answer.
    Failed(StoreError),
    /// There was no time, or a table did not answer; a later invocation has it.
    Deferred,
    /// There was no time, and no later invocation to leave it to.
    OutOfTime,
}

impl Outcome {
    /// Whether the event must come again, or be looked at by a person.
    pub(crate) fn is_failure(&self) -> bool {
        match self {
            Outcome::Version(_) | Outcome::Repeat | Outcome::Stale | Outcome::Deferred => false,
            Outcome::TooManyTopics | Outcome::Failed(_) | Outcome::OutOfTime => true,
        }
    }

    /// The word for it, where it is not a version.
    pub fn word(&self) -> String {
        match self {
            Outcome::Version(version) => version.to_string(),
            Outcome::Repeat => "repeat".to_owned(),
            Outcome::Stale => "stale".to_owned(),
            Outcome::TooManyTopics => "topics: the login has as many as it may have".to_owned(),
            Outcome::Failed(error) => error.to_string(),
            Outcome::Deferred => "deferred".to_owned(),
            Outcome::OutOfTime => "out of time".to_owned(),
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Outcome::Version(version) => serializer.serialize_u64(*version),
            other => serializer.serialize_str(&other.word()),
        }
    }
}

/// What notify returns, by what invoked it.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a direct invocation, SNS or EventBridge.
    Report(Report),
    /// To SQS and DynamoDB streams: which records must come again.
    #[serde(rename_all = "camelCase")]
    Partial {
        /// Empty if all went well.
        batch_item_failures: Vec<ItemFailure>,
    },
}

/// A record that must come again.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemFailure {
    /// The message ID of SQS, or the sequence number of a stream.
    pub item_identifier: String,
}

/// Why an event that cannot fail in part failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotifyError {
    /// It is not an event for notify; nothing was touched.
    #[error("{0}")]
    BadEvent(BadEvent),
    /// Some of its logins could not be served; those that could were.
    #[error("{failed} of {all} logins failed: {first}")]
    Failed {
        /// How many logins must come again.
        failed: usize,
        /// How many there were.
        all: usize,
        /// What was wrong with the first of them.
        first: String,
    },
}

impl NotifyError {
    /// The name under which Lambda shows it to the caller.
    pub fn kind(&self) -> &'static str {
        match self {
            NotifyError::BadEvent(_) => "BadEvent",
            NotifyError::Failed { .. } => "Failed",
        }
    }
}

/// Counts posts while they are under way, so that the count stands when time runs out.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    sent: AtomicUsize,
    gone: AtomicUsize,
    early: AtomicUsize,
    failed: AtomicUsize,
    deferred: AtomicUsize,
}

impl Tally {
    pub(crate) fn sent(&self) {
        self.sent.fetch_add(1, Relaxed);
    }

    pub(crate) fn gone(&self) {
        self.gone.fetch_add(1, Relaxed);
    }

    pub(crate) fn early(&self) {
        self.early.fetch_add(1, Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Relaxed);
    }

    /// So many logins are left to a later invocation.
    pub(crate) fn deferred(&self, logins: usize) {
        self.deferred.fetch_add(logins, Relaxed);
    }

    /// The report of these posts and those logins.
    pub(crate) fn report(&self, logins: BTreeMap<Login, Outcome>) -> Report {
        let [sent, gone, early, deferred, failed] =
            [&self.sent, &self.gone, &self.early, &self.deferred, &self.failed].map(|count| count.load(Relaxed));
        Report {
            logins,
            sent,
            gone,
            early,
            deferred,
            failed,
        }
    }
}
