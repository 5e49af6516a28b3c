//! API Gateway's management API: `POST`, `GET` and `DELETE` of `/{stage}/@connections/{id}`.

use std::sync::Arc;
use std::time::Instant;

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Json, Response};
use bytes::Bytes;
use serde_json::json;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::activity::{Activity, milliseconds_since};
use crate::socket::{Connection, Ending, Goodbye, Refused, Sockets};
use crate::{clock, ids, reply};

type Target = (State<Arc<Sockets>>, Path<(String, String)>);

/// A message to an open socket.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) connection: Arc<Connection>,
    pub(crate) text: Utf8Bytes,
}

/// Why a request is refused.
enum Refusal {
    /// It names another stage.
    Forbidden,
    /// There are too many requests.
    Throttled,
    /// The connection id has a shape that no connection id has.
    Malformed,
    /// There is no open socket of this id: it is not open yet, not any more, or it never was.
    Gone,
    /// The message is over the limit.
    TooLarge,
    /// The message is not UTF-8, and so cannot be a text frame.
    NotUtf8,
}

/// Checks a message to a socket. `next` leads to [`deliver`]; what stands between can refuse, lose or delay the
/// message.
pub(crate) async fn post((State(sockets), Path(path)): Target, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let limits = &sockets.config.limits;
    let (parts, body) = request.into_parts();
    // Read to the end before anything is checked: a client that is still sending would not see the answer.
    let body = to_bytes(body, limits.payload_bytes.max(limits.message_bytes))
        .await
        .ok();
    let bytes = body.as_ref().map_or(0, Bytes::len);
    let response = match check_post(&sockets, &path, body) {
        Ok(post) => {
            let mut request = Request::from_parts(parts, Body::empty());
            request.extensions_mut().insert(post);
            next.run(request).await
        }
        Err(refusal) => refusal.response(&path.1),
    };
    let response = reply::identified(response);
    sockets.feeds.record(Activity::Post {
        connection_id: known_id(&path.1),
        status: response.status().as_u16(),
        milliseconds: milliseconds_since(start),
        bytes,
    });
    response
}

fn check_post(sockets: &Sockets, path: &(String, String), body: Option<Bytes>) -> Result<Post, Refusal> {
    let connection = find(sockets, path)?;
    let limit = sockets.config.limits.message_bytes;
    let body = body.filter(|body| body.len() <= limit).ok_or(Refusal::TooLarge)?;
    let text = Utf8Bytes::try_from(body).map_err(|_| Refusal::NotUtf8)?;
    Ok(Post {
        connection: connection.ok_or(Refusal::Gone)?,
        text,
    })
}

/// Queues a message for a socket.
pub(crate) async fn deliver(Extension(post): Extension<Post>) -> Response {
    match post.connection.send(post.text) {
        Ok(()) => reply::status(StatusCode::OK),
        Err(Refused::Gone) => reply::gone(),
        Err(Refused::Full) => reply::limit_exceeded("The client's buffer is full"),
    }
}

/// Describes a socket.
pub(crate) async fn get((State(sockets), Path(path)): Target) -> Response {
    let start = Instant::now();
    let found = find(&sockets, &path).and_then(|connection| connection.ok_or(Refusal::Gone));
    let response = match found {
        Ok(connection) => describe(&connection),
        Err(refusal) => refusal.response(&path.1),
    };
    let response = reply::identified(response);
    sockets.feeds.record(Activity::Get {
        connection_id: known_id(&path.1),
        status: response.status().as_u16(),
        milliseconds: milliseconds_since(start),
    });
    response
}

/// Closes a socket, after the messages that were posted to it before.
pub(crate) async fn delete((State(sockets), Path(path)): Target) -> Response {
    let start = Instant::now();
    let found = find(&sockets, &path).and_then(|_| sockets.open.remove(&path.1).ok_or(Refusal::Gone));
    let response = match found {
        Ok(connection) => {
            connection.end(Ending::Close(Goodbye::DELETED));
            reply::status(StatusCode::NO_CONTENT)
        }
        Err(refusal) => refusal.response(&path.1),
    };
    let response = reply::identified(response);
    sockets.feeds.record(Activity::Delete {
        connection_id: known_id(&path.1),
        status: response.status().as_u16(),
        milliseconds: milliseconds_since(start),
    });
    response
}

/// The socket, `None` if it is not open, or the refusal of a request that is wrong in itself.
fn find(sockets: &Sockets, (stage, id): &(String, String)) -> Result<Option<Arc<Connection>>, Refusal> {
    if *stage != sockets.config.stage {
        return Err(Refusal::Forbidden);
    }
    if !sockets.requests.take() {
        return Err(Refusal::Throttled);
    }
    if !ids::is_connection_id(id) {
        return Err(Refusal::Malformed);
    }
    Ok(sockets.open.get(id))
}

/// The id for the activity feed. A text of any other shape is not repeated there, since it may be anything, secrets
/// too.
fn known_id(id: &str) -> Option<Arc<str>> {
    ids::is_connection_id(id).then(|| id.into())
}

impl Refusal {
    fn response(&self, id: &str) -> Response {
        let bad_request = |text: &str| reply::error(StatusCode::BAD_REQUEST, "BadRequestException", text);
        match self {
            Refusal::Forbidden => reply::forbidden(),
            Refusal::Throttled => reply::limit_exceeded("Too Many Requests"),
            Refusal::Malformed => bad_request(&format!("Invalid connectionId: {id}")),
            Refusal::Gone => reply::gone(),
            Refusal::TooLarge => reply::error(
                StatusCode::PAYLOAD_TOO_LARGE,
                "PayloadTooLargeException",
                "Message too long",
            ),
            Refusal::NotUtf8 => bad_request("The message is not UTF-8"),
        }
    }
}

fn describe(connection: &Connection) -> Response {
    let peer = &connection.peer;
    let mut identity = json!({ "sourceIp": peer.source_ip.to_string() });
    if let Some(user_agent) = &peer.user_agent {
        identity["userAgent"] = json!(user_agent);
    }
    let about = json!({
        "connectedAt": clock::iso(peer.connected_at),
        "lastActiveAt": clock::iso(connection.last_active()),
        "identity": identity,
    });
    Json(about).into_response()
}
