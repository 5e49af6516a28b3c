//! An event on its way to a function, and the reply that comes back.

use std::time::Instant;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::oneshot;

use crate::ids;

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
    /// A new event, without a client context and without a wish for the log.
    pub(crate) fn new(payload: Bytes) -> Request {
        Request {
            request_id: ids::request_id(),
            payload,
            client_context: None,
            wants_log: false,
        }
    }
}

/// The reply to the caller.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) outcome: Outcome,
    /// The end of the event's log, if the caller asked for it.
    pub(crate) log: Option<Vec<u8>>,
}

/// The function's answer, or its failure.
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
    pub(super) message: Option<String>,
}

impl Failure {
    /// A failure in Lambda's own words.
    pub(super) fn new(error_type: &str, error_message: &str, note: &'static str) -> Failure {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Payload<'a> {
            error_type: &'a str,
            error_message: &'a str,
        }
        // Two strings can always be written as JSON.
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
    pub(super) fn reported(payload: Bytes, note: &'static str) -> Failure {
        Failure {
            payload,
            note,
            message: None,
        }
    }

    /// The event had no answer when the host was stopped.
    pub(super) fn stopped() -> Failure {
        Failure::new("ServiceException", "The Lambda host has been stopped", "host stopped")
    }
}

/// An event that waits for a process or is being worked on, and the way back to its caller.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) request: Request,
    pub(super) created: Instant,
    pub(super) caller: oneshot::Sender<Reply>,
}

impl Invocation {
    /// An event that was handed over now. Its caller waits on the receiver.
    pub(super) fn new(request: Request) -> (Invocation, oneshot::Receiver<Reply>) {
        let (caller, reply) = oneshot::channel();
        let invocation = Invocation {
            request,
            created: Instant::now(),
            caller,
        };
        (invocation, reply)
    }

    /// A message of Lambda's own about this event.
    pub(super) fn error(&self, message: &str) -> String {
        format!("RequestId: {} Error: {message}", self.request.request_id)
    }
}
