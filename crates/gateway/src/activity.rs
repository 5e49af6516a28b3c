//! The activity feed's entries: one for each thing that the gateway did. No entry holds a body, a header, a query or a
//! subprotocol, because those are where secrets travel.

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use serde_json::Value;

use crate::clock;

/// An entry of the activity feed. As JSON it is one flat object: `time`, `kind`, and the fields of that kind; what is
/// `None` is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActivityEntry {
    /// When it was over, in milliseconds since 1970.
    pub time: u64,
    /// The thing that happened.
    #[serde(flatten)]
    pub activity: Activity,
}

/// One thing that happened. Its JSON has the variant's name in kebab case as `kind`, and the fields' names in camel
/// case.
///
/// These fields mean the same in each variant:
///
/// - `connection_id`: the socket it happened to. `None` if there was no socket yet, or if a request named an impossible id.
/// - `status`: an HTTP status, but where it is said otherwise.
/// - `milliseconds`: how long it took.
/// - `bytes`: the size of the message, the post or the event.
/// - `note`: a few words of the gateway's own, such as `timed out`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the fields are described above, once for all variants")]
pub enum Activity {
    /// A client asked for a socket, and was answered. Its bytes are those of the query.
    Handshake {
        #[serde(skip_serializing_if = "Option::is_none")]
        connection_id: Option<Arc<str>>,
        status: u16,
        milliseconds: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        bytes: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<&'static str>,
    },
    /// A client's message was answered, or refused.
    Message {
        connection_id: Arc<str>,
        /// The key of the route that was chosen, as configured: never what a client wrote. `None` if no route fits.
        #[serde(skip_serializing_if = "Option::is_none")]
        route: Option<Arc<str>>,
        status: u16,
        milliseconds: u64,
        bytes: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<&'static str>,
    },
    /// `POST @connections` was answered.
    Post {
        #[serde(skip_serializing_if = "Option::is_none")]
        connection_id: Option<Arc<str>>,
        status: u16,
        milliseconds: u64,
        bytes: usize,
    },
    /// `GET @connections` was answered.
    Get {
        #[serde(skip_serializing_if = "Option::is_none")]
        connection_id: Option<Arc<str>>,
        status: u16,
        milliseconds: u64,
    },
    /// `DELETE @connections` was answered.
    Delete {
        #[serde(skip_serializing_if = "Option::is_none")]
        connection_id: Option<Arc<str>>,
        status: u16,
        milliseconds: u64,
    },
    /// The gateway closed a socket.
    Close {
        connection_id: Arc<str>,
        /// The close code that the client got. In JSON it is `status`.
        #[serde(rename = "status")]
        code: u16,
    },
    /// A socket has ended.
    Disconnect {
        connection_id: Arc<str>,
        /// The close code that `$disconnect` is told. In JSON it is `status`.
        #[serde(rename = "status")]
        code: u16,
    },
    /// A function was given an event, and answered or failed.
    Invocation {
        /// The function's name.
        function: Arc<str>,
        milliseconds: u64,
        bytes: usize,
        /// Whether the process was started for this event.
        cold_start: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<&'static str>,
    },
    /// A function's process was started.
    ProcessStart {
        /// The function's name.
        function: Arc<str>,
        /// The operating system's id of the process.
        process_id: u32,
    },
    /// A function's process has ended.
    ProcessExit {
        /// The function's name.
        function: Arc<str>,
        /// The exit status; `None` if a signal ended the process. In JSON it is `status`.
        #[serde(rename = "status", skip_serializing_if = "Option::is_none")]
        exit_status: Option<i32>,
        /// The operating system's id of the process.
        process_id: u32,
    },
    /// A fault was injected. The note says which.
    Fault {
        #[serde(skip_serializing_if = "Option::is_none")]
        connection_id: Option<Arc<str>>,
        /// The function whose process it happened to.
        #[serde(skip_serializing_if = "Option::is_none")]
        function: Option<Arc<str>>,
        /// The operating system's id of that process.
        #[serde(skip_serializing_if = "Option::is_none")]
        process_id: Option<u32>,
        note: &'static str,
    },
}

impl ActivityEntry {
    /// The entry of something that is over now.
    pub(crate) fn now(activity: Activity) -> ActivityEntry {
        ActivityEntry {
            time: clock::now_ms(),
            activity,
        }
    }
}

impl Activity {
    /// A handshake that was refused before it had a connection id.
    pub(crate) fn refused_handshake(status: u16, start: Instant) -> Activity {
        Activity::Handshake {
            connection_id: None,
            status,
            milliseconds: milliseconds_since(start),
            bytes: None,
            note: None,
        }
    }

    /// Writes it to the log, at `debug`, with the values that it has in the feed, under their names in Rust.
    pub(crate) fn log(&self) {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let json = serde_json::to_value(self).expect("strings and numbers can always be written as JSON");
        let text = |name| json.get(name).and_then(Value::as_str);
        let number = |name| json.get(name).and_then(Value::as_i64);
        let flag = |name| json.get(name).and_then(Value::as_bool);
        tracing::debug!(
            kind = text("kind"),
            connection_id = text("connectionId"),
            function = text("function"),
            route = text("route"),
            status = number("status"),
            milliseconds = number("milliseconds"),
            bytes = number("bytes"),
            cold_start = flag("coldStart"),
            process_id = number("processId"),
            note = text("note"),
        );
    }
}

/// The whole milliseconds that have gone by since then.
pub(crate) fn milliseconds_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
