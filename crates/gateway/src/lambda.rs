//! A Lambda host: it runs functions as processes that speak the Runtime API, and gives each one event at a time.

mod pool;
mod process;
mod runtime_api;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::oneshot;

pub(crate) use pool::{Pool, Setting};

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
        }
    }

    fn stopped() -> Failure {
        Failure::new("ServiceException", "The Lambda host has been stopped", "host stopped")
    }
}

/// An event on its way to a process.
#[derive(Debug)]
struct Invocation {
    request_id: String,
    payload: Bytes,
    /// As the caller gave it: base64 of a JSON object.
    client_context: Option<String>,
    created: std::time::Instant,
    caller: oneshot::Sender<Outcome>,
}
