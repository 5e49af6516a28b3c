//! Server traces: which calls the functions make, and what they must find, post and answer.

use super::At;
use super::page_trace::PushMessage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A run of the model, as the functions and the tables see it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerTrace {
    /// The scenario of the model that it is a run of.
    pub scenario: String,
    /// What it was chosen for.
    pub why: String,
    /// Most updates in a reply to `sync`.
    pub page_size: usize,
    /// The steps, in order.
    pub steps: Vec<ServerStep>,
}

/// One call of a function, or one thing that happens to it, and the tables afterwards.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct ServerStep {
    /// What happens, and what must come of it.
    #[serde(flatten)]
    pub input: ServerInput,
    /// The sockets that have a row, afterwards.
    pub rows: Vec<usize>,
    /// Each login's log, afterwards; null if it has none.
    pub logs: BTreeMap<String, Option<LogState>>,
}

/// What happens. `socket` is the number of a connection and `notify` that of an invocation of notify.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(tag = "do", rename_all = "camelCase")]
#[expect(
    missing_docs,
    reason = "the fields are the numbers just explained, or explained by their types"
)]
pub enum ServerInput {
    /// `$connect` decides, and stores the row if it admits.
    Admit {
        socket: usize,
        login: String,
        chatter: String,
        topics: Vec<String>,
        admitted: bool,
    },
    /// `$disconnect` deletes the row.
    Disconnect { socket: usize },
    /// An invocation of notify begins, with its conditional write.
    Record {
        notify: usize,
        event: Event,
        recorded: Recorded,
    },
    /// It reads the connections, and then posts to these.
    Read { notify: usize, posts: Vec<Posting> },
    /// One of its posts is answered so.
    Post {
        notify: usize,
        socket: usize,
        answer: Answer,
    },
    /// It deletes the row of a dead socket.
    Prune { notify: usize, socket: usize },
    /// It is killed, and what is under way is lost.
    Kill { notify: usize },
    /// `$default` answers a sync that came over this socket.
    Sync {
        socket: usize,
        login: String,
        cursor: Option<At>,
        reply: ServerReply,
    },
    /// The table of updates is lost.
    NewLog,
    /// The revocation of this chatter ID begins, by deleting it.
    Revoke { login: String, chatter: String },
    /// It reads the rows, and will close these sockets.
    QueryRevoked { closes: Vec<usize> },
    /// It deletes the row of this socket and closes it.
    CloseRevoked { socket: usize },
}

/// An event for notify.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[expect(
    missing_docs,
    reason = "the fields are those of the event; `at` is a number that orders"
)]
pub struct Event {
    pub login: String,
    pub id: String,
    pub topics: Vec<String>,
    pub at: u8,
}

/// What became of an event's update.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are the place in the log")]
pub enum Recorded {
    New { epoch: String, version: u8 },
    Repeat { epoch: String, version: u8 },
    Stale,
}

/// A post, and its message.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[expect(missing_docs, reason = "explained by their types")]
pub struct Posting {
    pub socket: usize,
    pub push: PushMessage,
}

/// The gateway's answer to a post.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// 200.
    Sent,
    /// No try of it succeeds.
    Busy,
    /// 410, for a young row.
    Early,
    /// 410, for an old row.
    Gone,
    /// It arrives, but the answer is 500, so it is posted again.
    Twice,
}

/// The answer to a sync.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ServerReply {
    /// The error `unknown-connection`.
    Unknown,
    /// The updates that are newer than the cursor.
    #[expect(missing_docs, reason = "the fields are those of the message")]
    Updates {
        cursor: Option<At>,
        reset: bool,
        more: bool,
        updates: Vec<Missed>,
    },
}

/// An update in a reply.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the message")]
pub struct Missed {
    pub version: u8,
    pub topics: Vec<String>,
    pub id: String,
}

/// A login's log.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the item")]
pub struct LogState {
    pub epoch: String,
    pub version: u8,
    pub newest: BTreeMap<String, Newest>,
}

/// A topic's newest update.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the item")]
pub struct Newest {
    pub version: u8,
    pub id: String,
}
