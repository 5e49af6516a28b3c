//! The Lambda authorizer, which is asked before `$connect`.

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout};

use super::connection::Peer;
use super::event::{self, Head};
use super::policy::{Decision, Policy};
use super::sockets::Sockets;
use crate::config::{Authorizer, IdentitySource};
use crate::host::{Failure, Outcome, Request};
use crate::reply;

/// Why a client is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rejection {
    /// An identity source is missing or empty, or the authorizer has thrown `Unauthorized`.
    Unauthorized,
    /// The policy does not allow it.
    Forbidden,
    /// There is no policy: the authorizer has failed. The words are the gateway's own.
    Failed(&'static str),
}

impl Rejection {
    /// Why there is no socket, if the authorizer has failed.
    pub(super) fn note(self) -> Option<&'static str> {
        match self {
            Rejection::Failed(note) => Some(note),
            Rejection::Unauthorized | Rejection::Forbidden => None,
        }
    }

    pub(super) fn response(self) -> Response {
        match self {
            Rejection::Unauthorized => reply::error(StatusCode::UNAUTHORIZED, "UnauthorizedException", "Unauthorized"),
            Rejection::Forbidden => {
                let text = "User is not authorized to access this resource";
                reply::error(StatusCode::FORBIDDEN, "AccessDeniedException", text)
            }
            Rejection::Failed(_) => reply::internal_error(),
        }
    }
}

/// Asks the authorizer. Its answer is what the client's events have as `requestContext.authorizer`.
pub(super) async fn authorize(
    sockets: &Sockets,
    authorizer: &Authorizer,
    peer: &Peer,
    head: &Head<'_>,
) -> Result<Map<String, Value>, Rejection> {
    let (config, start) = (&sockets.config, Instant::now());
    let event = event::authorizer(config, peer, head);
    let has = |source: &IdentitySource| has_identity(source, head, &event);
    if !authorizer.identity_sources.iter().all(has) {
        return Err(Rejection::Unauthorized);
    }
    let function = sockets.functions.get(&authorizer.function);
    let function = function.ok_or(Rejection::Failed("unknown function"))?;
    let invocation = function.invoke(Request::new(event.to_string().into()));
    let reply = timeout(config.limits.integration, invocation).await;
    let payload = match reply.map_err(|_| Rejection::Failed("authorizer timed out"))?.outcome {
        Outcome::Returned(payload) => payload,
        Outcome::Failed(failure) if is_unauthorized(&failure) => return Err(Rejection::Unauthorized),
        Outcome::Failed(failure) => return Err(Rejection::Failed(failure.note)),
    };
    let policy = Policy::parse(&payload).map_err(|note| {
        sockets.feeds.reason(function.name(), note, &payload);
        Rejection::Failed(note)
    })?;
    match policy.decide(&config.method_arn("$connect")) {
        Decision::Allowed => {
            let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            Ok(policy.into_context(milliseconds))
        }
        Decision::Denied => Err(Rejection::Forbidden),
    }
}

/// A function says so by an error with this message.
fn is_unauthorized(failure: &Failure) -> bool {
    let payload: Value = serde_json::from_slice(&failure.payload).unwrap_or_default();
    payload["errorMessage"] == "Unauthorized"
}

/// Whether a handshake has a part, and it is not empty.
fn has_identity(source: &IdentitySource, head: &Head<'_>, event: &Value) -> bool {
    let text = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    };
    match source {
        IdentitySource::Header(name) => {
            let mut values = head.headers.get_all(name.as_str()).iter();
            values.any(|value| !value.is_empty())
        }
        IdentitySource::Query(name) => {
            let pairs = Query::<Vec<(String, String)>>::try_from_uri(head.uri);
            let pairs = pairs.map(|Query(pairs)| pairs).unwrap_or_default();
            pairs.iter().any(|(key, value)| key == name && !value.is_empty())
        }
        IdentitySource::StageVariable(name) => text(&event["stageVariables"][name]),
        IdentitySource::Context(name) => {
            let found = name
                .split('.')
                .try_fold(&event["requestContext"], |at, name| at.get(name));
            found.is_some_and(text)
        }
    }
}
