//! Cursors: how much of a log a page has seen.

use serde::{Deserialize, Serialize};

/// The number of an update in its login's log: 1 for the first, one more with each. JSON readers hold up to 2^53 exactly.
pub type Version = u64;

/// A place in a login's log of updates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Which log: a UUID given to it when it began. A log that was lost and begun anew has another.
    pub epoch: String,
    /// The newest version that was seen.
    pub version: Version,
}
