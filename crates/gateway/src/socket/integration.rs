//! The integration of a route: it gets an event, and its answer is checked.

use bytes::Bytes;
use tokio::time::timeout;

use super::proxy_response::{Malformed, ProxyResponse};
use super::sockets::Sockets;
use crate::config::{Integration, MockText, Route};
use crate::host::{Outcome, Pool, Request};

/// Why an integration has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IntegrationError {
    /// The function failed. The words are the gateway's own.
    Failed(&'static str),
    /// The function's reply is no proxy response.
    Malformed(Malformed),
    /// The integration took too long for API Gateway. The function may still run.
    TimedOut,
}

impl IntegrationError {
    pub(super) fn note(self) -> &'static str {
        match self {
            IntegrationError::Failed(note) => note,
            IntegrationError::Malformed(malformed) => malformed.note(),
            IntegrationError::TimedOut => "integration timed out",
        }
    }
}

/// Sends an event where its route says, and returns the answer.
pub(super) async fn integrate(
    sockets: &Sockets,
    key: &str,
    route: &Route,
    event: Bytes,
) -> Result<ProxyResponse, IntegrationError> {
    let function = match &route.integration {
        Integration::Mock(text) => return Ok(mocked(text, &event)),
        Integration::Lambda(name) => {
            let function = sockets.functions.get(name);
            function.ok_or(IntegrationError::Failed("unknown function"))?
        }
    };
    let invocation = function.invoke(Request::new(event));
    let reply = timeout(sockets.config.limits.integration, invocation).await;
    let payload = match reply.map_err(|_| IntegrationError::TimedOut)?.outcome {
        Outcome::Failed(failure) => return Err(IntegrationError::Failed(failure.note)),
        Outcome::Returned(payload) => payload,
    };
    let answer = ProxyResponse::parse(&payload);
    tell_reason(sockets, function, key, &payload, &answer);
    answer.map_err(IntegrationError::Malformed)
}

/// The answer of a mock. Its text was read at the start, so that it can be read now.
fn mocked(text: &str, event: &[u8]) -> ProxyResponse {
    let event = serde_json::from_slice(event).unwrap_or_default();
    let text = MockText::parse(text).map(|text| text.render(&event));
    ProxyResponse {
        status: 200,
        body: text.ok(),
        subprotocol: None,
    }
}

/// Tells the feed of reasons about a reply that is malformed, or has another status than 2xx.
fn tell_reason(
    sockets: &Sockets,
    function: &Pool,
    key: &str,
    payload: &[u8],
    answer: &Result<ProxyResponse, Malformed>,
) {
    match answer {
        Ok(answer) if answer.is_success() => {}
        Ok(answer) => {
            let body = answer.body.as_deref().unwrap_or_default();
            let ours = format!("{key}: answered {}", answer.status);
            sockets.feeds.reason(function.name(), &ours, body.as_bytes());
        }
        Err(malformed) => {
            let ours = format!("{key}: {}", malformed.note());
            sockets.feeds.reason(function.name(), &ours, payload);
        }
    }
}
