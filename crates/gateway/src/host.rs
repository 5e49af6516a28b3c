//! A Lambda host: it runs functions as processes that speak the Runtime API, and gives each one event at a time.

mod command;
mod log_tail;
mod output;
mod pool;
mod process;
mod runtime_api;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::oneshot;

pub(crate) use pool::{Pool, Setting};

/// An event, as its caller hands it over.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    /// JSON, on one line of ASCII.
    pub(crate) client_context: Option<String>,
    /// Whether the reply is to have the end of the log.
    pub(crate) wants_log: bool,
}

impl Request {
    /// A new event, without a context.
    pub(crate) fn new(payload: Bytes) -> Request {
        Request {
            request_id: crate::ids::request_id(),
            payload,
            client_context: None,
            wants_log: false,
        }
    }
}

/// What the caller gets.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) outcome: Outcome,
    pub(crate) log: Option<Vec<u8>>,
}

/// What comes of an event.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The function's own answer, as it wrote it.
    Returned(Bytes),
    /// The function failed.
    Failed(Failure),
}

/// Why a function failed, as its caller is told.
#[derive(Debug)]
pub(crate) struct Failure {
    /// JSON with `errorType` and `errorMessage`: the function's own words if it had any.
    pub(crate) payload: Bytes,
    /// The same in the gateway's words, which are safe to log.
    pub(crate) note: &'static str,
    /// The message, if it is Lambda's own and not the function's.
    message: Option<String>,
}

impl Failure {
    fn new(error_type: &str, error_message: &str, note: &'static str) -> Failure {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Payload<'a> {
            error_type: &'a str,
            error_message: &'a str,
        }
        // Two strings always are JSON.
        let payload = serde_json::to_vec(&Payload {
            error_type,
            error_message,
        })
        .unwrap_or_default();
        Failure {
            payload: payload.into(),
            note,
            message: Some(error_message.to_owned()),
        }
    }

    /// An error that a function reports, in its own words.
    fn reported(payload: Bytes, note: &'static str) -> Failure {
        Failure {
            payload,
            note,
            message: None,
        }
    }

    fn stopped() -> Failure {
        Failure::new("ServiceException", "The Lambda host has been stopped", "host stopped")
    }
}

/// An event on its way to a process.
#[derive(Debug)]
struct Invocation {
    request: Request,
    created: std::time::Instant,
    caller: oneshot::Sender<Reply>,
}
