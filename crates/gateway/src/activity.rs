//! What the gateway did, for whoever embeds it: one [`Activity`] for each thing that happened, and the functions' own words.
//! No activity holds a body, a header, a query or a subprotocol: those are where secrets travel.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use tokio::sync::broadcast;

use crate::clock;

/// One thing that happened. Fields that have no meaning for its kind are `None`, and absent in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// When it was over, in epoch milliseconds.
    pub time: u64,
    /// What happened.
    pub kind: Kind,
    /// The socket it happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<Arc<str>>,
    /// The key of the route that was chosen, as configured: never what a client wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<Arc<str>>,
    /// The function that ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<Arc<str>>,
    /// The status: of HTTP for a handshake, post, get, delete and message; of the close frame for a close or
    /// disconnect; the exit status for the end of a process (`None` if a signal ended it).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
    /// The size of the message, post or event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// Whether the process was started for this invocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cold_start: Option<bool>,
    /// The operating system's id of the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process_id: Option<u32>,
    /// A few words of the gateway's own, such as `gone` or `timed out`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

/// The kinds of [`Activity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A client asked for a socket and was answered with `status`.
    Handshake,
    /// A client's message was answered, or refused.
    Message,
    /// A post to a socket was answered with `status`.
    Post,
    /// A question about a socket was answered with `status`.
    Get,
    /// A request to close a socket was answered with `status`.
    Delete,
    /// The gateway closed a socket of its own accord with `status`.
    Close,
    /// A socket is over; `status` is the close code that `$disconnect` is told.
    Disconnect,
    /// A function was given an event, and answered or failed.
    Invocation,
    /// A process was started.
    ProcessStart,
    /// A process is over.
    ProcessExit,
    /// A fault was injected; the note says which.
    Fault,
}

/// A line that a function wrote to its standard output or error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The function's name.
    pub function: Arc<str>,
    /// The line without its end. Bytes that are not UTF-8 are replaced; a line over 64 KB comes in pieces.
    pub text: String,
}

/// Why an event came to nothing for its caller, in the words of the function itself: its error, or a reply that is
/// malformed or has another status than 2xx. They may hold whatever the function put into them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The function's name.
    pub function: Arc<str>,
    /// The route, if there is one, what happened, and then the function's words: one line of at most 1,000 characters.
    pub text: String,
}

impl Activity {
    pub(crate) fn new(kind: Kind) -> Activity {
        Activity {
            time: 0,
            kind,
            connection_id: None,
            route: None,
            function: None,
            status: None,
            milliseconds: None,
            bytes: None,
            cold_start: None,
            process_id: None,
            note: None,
        }
    }

    pub(crate) fn connection(mut self, id: &Arc<str>) -> Activity {
        self.connection_id = Some(Arc::clone(id));
        self
    }

    pub(crate) fn route(mut self, key: &Arc<str>) -> Activity {
        self.route = Some(Arc::clone(key));
        self
    }

    pub(crate) fn status(mut self, status: impl Into<i32>) -> Activity {
        self.status = Some(status.into());
        self
    }

    pub(crate) fn bytes(mut self, bytes: usize) -> Activity {
        self.bytes = Some(bytes);
        self
    }

    pub(crate) fn since(mut self, start: Instant) -> Activity {
        self.milliseconds = Some(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
        self
    }

    pub(crate) fn note(mut self, note: Option<&'static str>) -> Activity {
        self.note = note;
        self
    }
}

/// The senders' side of the feeds. A slow or absent receiver never holds the gateway up: it misses the oldest.
#[derive(Debug, Clone)]
pub(crate) struct Feeds {
    activity: broadcast::Sender<Activity>,
    lines: broadcast::Sender<Line>,
    reasons: broadcast::Sender<Reason>,
}

impl Feeds {
    /// How many entries a receiver may lag behind before it misses some.
    const BACKLOG: usize = 4096;
    /// In characters.
    const LONGEST_REASON: usize = 1000;

    pub(crate) fn new() -> Feeds {
        Feeds {
            activity: broadcast::Sender::new(Self::BACKLOG),
            lines: broadcast::Sender::new(Self::BACKLOG),
            reasons: broadcast::Sender::new(Self::BACKLOG),
        }
    }

    pub(crate) fn activity(&self) -> broadcast::Receiver<Activity> {
        self.activity.subscribe()
    }

    pub(crate) fn lines(&self) -> broadcast::Receiver<Line> {
        self.lines.subscribe()
    }

    pub(crate) fn reasons(&self) -> broadcast::Receiver<Reason> {
        self.reasons.subscribe()
    }

    pub(crate) fn record(&self, activity: Activity) {
        let activity = Activity {
            time: clock::now_ms(),
            ..activity
        };
        tracing::debug!(
            kind = ?activity.kind,
            connection_id = activity.connection_id.as_deref(),
            route = activity.route.as_deref(),
            function = activity.function.as_deref(),
            status = activity.status,
            milliseconds = activity.milliseconds,
            bytes = activity.bytes,
            cold_start = activity.cold_start,
            process_id = activity.process_id,
            note = activity.note,
        );
        // No receiver is no error: nobody asked.
        let _ = self.activity.send(activity);
    }

    pub(crate) fn line(&self, line: Line) {
        let _ = self.lines.send(line);
    }

    /// Tells why an event of a function came to nothing: in the gateway's words, and then in the function's.
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
