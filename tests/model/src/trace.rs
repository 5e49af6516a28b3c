//! Traces: runs of the model as data, with which other programs show that they do what the model does.
//!
//! A *page trace* tells what one browser is given (its socket opens or is lost, pushes, replies, time that passes), and
//! after each step what each of its tabs must show, ask and remember. A *server trace* tells which calls the functions
//! make, in which order, and what they must find, post and answer. `protocol/traces` holds both as JSON; the format is
//! explained in `protocol/README.md`.

mod choose;
mod kinds;
mod names;
mod page_trace;
mod page_view;
mod server_trace;
mod server_view;
mod walk;

use serde::{Deserialize, Serialize};

pub use choose::{Chosen, Covered, examples, page_traces, server_traces};
pub use page_trace::{PageInput, PageStep, PageTrace, PushMessage, ReplyMessage, Shows, Sync, Tab, Told};
pub use server_trace::{
    Answer, Event, LogState, Missed, Newest, Posting, Recorded, ServerInput, ServerReply, ServerStep, ServerTrace,
};

/// A position in a log: `{"epoch":"e1","version":2}`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct At {
    /// The log's name.
    pub epoch: String,
    /// Version of the update at this position.
    pub version: u8,
}
