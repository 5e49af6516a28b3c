//! Outcomes: what became of an update for one login.

use crate::{StoreError, Version};
use serde::{Serialize, Serializer};

/// The outcome of an update for one login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was recorded with this version.
    Version(Version),
    /// It had been recorded before, and was posted again.
    Repeat,
    /// A newer update of its topics was recorded before: nothing was done.
    Stale,
    /// The login has as many topics as it may have, and none of the update's is among them: nothing was done. Another try
    /// would change nothing, so it is no failure.
    NoRoom,
    /// DynamoDB failed.
    Failed(StoreError),
    /// Time was up, or DynamoDB was busy; a later invocation will do it.
    Deferred,
    /// Time was up, and it could not be deferred.
    OutOfTime,
}

impl Outcome {
    /// Whether the event must be delivered again, or else end in the dead-letter queue.
    pub(crate) fn is_failure(&self) -> bool {
        match self {
            Outcome::Version(_) | Outcome::Repeat | Outcome::Stale | Outcome::NoRoom | Outcome::Deferred => false,
            Outcome::Failed(_) | Outcome::OutOfTime => true,
        }
    }

    /// The word in reports and errors; for a recorded update its version.
    pub fn word(&self) -> String {
        match self {
            Outcome::Version(version) => version.to_string(),
            Outcome::Repeat => "repeat".to_owned(),
            Outcome::Stale => "stale".to_owned(),
            Outcome::NoRoom => "no room".to_owned(),
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
