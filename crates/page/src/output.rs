//! What follows from something that happened to a page.

use crate::{Entry, Failure, Request};
use serde_json::Value;

/// What follows from something that happened to a page: what its owner is to do, and to show.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "what the page wants to send would be lost"]
pub struct Output {
    /// Updates to show, oldest first.
    pub shows: Vec<Update>,
    /// The page has seen everything.
    pub synced: Option<Synced>,
    /// What went wrong, for a log. The page has done what there is to do about it.
    pub failures: Vec<Failure>,
    /// Messages to send on the socket, in this order.
    pub sends: Vec<Request>,
    /// The socket is to be closed, and what is to come after it. The page takes it for closed already.
    pub hangs_up: Option<HangUp>,
}

/// An update that is new to the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// Its topics, without those that the page did not ask for or has a newer update of. Never empty.
    pub topics: Vec<String>,
    /// One more with each of the login's updates.
    pub version: u64,
    /// The pipeline's name for it.
    pub id: String,
    /// When it happened (RFC 3339), by the pipeline's clock.
    pub at: String,
    /// What the pipeline sent.
    pub body: Value,
    /// Whether it came with the page's first sync, and so may be in the page's own data already.
    pub initial: bool,
}

/// A sync was answered in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synced {
    /// How many updates happened while the page was away; `None` if that is unknown.
    pub missed: Option<u64>,
    /// The server's log was replaced by a new one.
    pub reset: bool,
}

/// What is to come after a socket that the page hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// Another socket, after a random wait.
    Reconnect,
    /// Another socket, but only when somebody looks at the page again, or after
    /// [`REPLACED_WAIT`](crate::timing::REPLACED_WAIT): the login has too many.
    Replaced,
    /// None: the chatter ID is no longer good.
    Closed,
}

impl Output {
    pub(crate) fn show(&mut self, entry: Entry, initial: bool) {
        let Entry {
            topics,
            version,
            id,
            at,
            body,
            recorded: _,
        } = entry;
        self.shows.push(Update {
            topics,
            version,
            id,
            at,
            body,
            initial,
        });
    }
}
