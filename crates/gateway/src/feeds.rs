//! The feeds of a running gateway: its activity, what functions print, and why they failed. Whoever embeds the gateway
//! subscribes to them.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::broadcast;

use crate::activity::{Activity, ActivityEntry};

/// A line that a function wrote to its standard output or error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The function's name.
    pub function: Arc<str>,
    /// The line without its end. Bytes that are not UTF-8 are replaced; a line over 64 KB comes in pieces.
    pub text: String,
}

/// Why a function failed, in its own words: its error, or its reply if that is malformed or has another status than
/// 2xx. It may hold whatever the function put into it, secrets too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The function's name.
    pub function: Arc<str>,
    /// The route, if there is one, what happened, and then the function's words: one line of at most 1,000 characters.
    pub text: String,
}

/// An event that a function was given, and its answer. Both are whole, as they went over the wire: the headers and the URL of
/// a handshake are in the event of `$connect`, so whoever shows one to people has to mask what is secret. Its `Debug` has their
/// sizes only.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange {
    /// When it was over, in milliseconds since 1970.
    pub time: u64,
    /// The function's name.
    pub function: Arc<str>,
    /// The id of the request, as the function was told it.
    pub request_id: String,
    /// How long it took, with the wait for a process.
    pub milliseconds: u64,
    /// Whether the process was started for this event.
    pub cold_start: bool,
    /// Why the function failed, in the gateway's words; `None` if it has answered.
    pub note: Option<&'static str>,
    /// The event.
    pub event: Bytes,
    /// The answer; or the failure, as JSON with `errorType` and `errorMessage`.
    pub answer: Bytes,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("function", &self.function)
            .field("request_id", &self.request_id)
            .field("note", &self.note)
            .field("event_bytes", &self.event.len())
            .field("answer_bytes", &self.answer.len())
            .finish_non_exhaustive()
    }
}

/// The senders of the feeds. A slow or absent receiver never holds the gateway up: it misses the oldest entries.
#[derive(Debug, Clone)]
pub(crate) struct Feeds {
    activity: broadcast::Sender<ActivityEntry>,
    lines: broadcast::Sender<Line>,
    reasons: broadcast::Sender<Reason>,
    exchanges: broadcast::Sender<Exchange>,
}

impl Feeds {
    /// How many entries a receiver may lag behind before it misses some.
    const BACKLOG: usize = 4096;
    /// The same for events and their answers, each of which may be megabytes.
    const EXCHANGES: usize = 256;
    /// The longest reason, in characters.
    const LONGEST_REASON: usize = 1000;

    pub(crate) fn new() -> Feeds {
        Feeds {
            activity: broadcast::Sender::new(Self::BACKLOG),
            lines: broadcast::Sender::new(Self::BACKLOG),
            reasons: broadcast::Sender::new(Self::BACKLOG),
            exchanges: broadcast::Sender::new(Self::EXCHANGES),
        }
    }

    pub(crate) fn activity(&self) -> broadcast::Receiver<ActivityEntry> {
        self.activity.subscribe()
    }

    pub(crate) fn lines(&self) -> broadcast::Receiver<Line> {
        self.lines.subscribe()
    }

    pub(crate) fn reasons(&self) -> broadcast::Receiver<Reason> {
        self.reasons.subscribe()
    }

    pub(crate) fn exchanges(&self) -> broadcast::Receiver<Exchange> {
        self.exchanges.subscribe()
    }

    /// Tells of an event and its answer, if anybody listens.
    pub(crate) fn exchange(&self, make: impl FnOnce() -> Exchange) {
        if self.exchanges.receiver_count() > 0 {
            let _ = self.exchanges.send(make());
        }
    }

    /// Adds an entry to the activity feed, and to the log.
    pub(crate) fn record(&self, activity: Activity) {
        activity.log();
        // Sending fails only when nobody has subscribed.
        let _ = self.activity.send(ActivityEntry::now(activity));
    }

    pub(crate) fn line(&self, line: Line) {
        let _ = self.lines.send(line);
    }

    /// Says why a function failed: first in the gateway's words, then in the function's.
    pub(crate) fn reason(&self, function: &Arc<str>, ours: &str, theirs: &[u8]) {
        if self.reasons.receiver_count() == 0 {
            return;
        }
        let text = format!("{ours}: {}", String::from_utf8_lossy(theirs));
        let text = text.chars().take(Self::LONGEST_REASON);
        let text = text.map(|character| if character.is_control() { ' ' } else { character });
        let _ = self.reasons.send(Reason {
            function: Arc::clone(function),
            text: text.collect(),
        });
    }
}
