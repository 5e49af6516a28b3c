//! `POST`, `GET` and `DELETE` of `/{stage}/@connections/{id}`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde_json::json;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::activity::{Activity, Kind};
use crate::api::Api;
use crate::faults::injector::PostFault;
use crate::socket::close::Goodbye;
use crate::socket::connection::{Connection, Refused};
use crate::{clock, ids, reply};

type Target = (State<Arc<Api>>, Path<(String, String)>);

/// Why a request comes to nothing.
enum Refusal {
    /// It names another stage.
    Forbidden,
    /// Too many requests at the gateway.
    Throttled,
    /// What stands for the connection id has not its shape.
    Malformed,
    /// There is no open socket of this id: not yet, no more, or never.
    Gone,
    /// The message is over the limit.
    TooLarge,
    /// The message cannot be a text frame.
    NotUtf8,
    /// Too much waits for the client already.
    Full,
    /// A fault, as when API Gateway itself fails.
    Failed,
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Refusal {
        match refused {
            Refused::Gone => Refusal::Gone,
            Refused::Full => Refusal::Full,
        }
    }
}

/// Sends a message to a socket.
pub(crate) async fn post((State(api), Path(path)): Target, body: Body) -> Response {
    let start = Instant::now();
    let limits = &api.config.limits;
    // Read to the end before it is judged: a client that is still sending would not see the answer.
    let body = to_bytes(body, limits.payload_bytes.max(limits.message_bytes))
        .await
        .ok();
    let bytes = body.as_ref().map_or(0, |body| body.len());
    let sent = find(&api, &path).and_then(|connection| {
        let body = body
            .filter(|body| body.len() <= limits.message_bytes)
            .ok_or(Refusal::TooLarge)?;
        let text = Utf8Bytes::try_from(body).map_err(|_| Refusal::NotUtf8)?;
        deliver(&api, connection.ok_or(Refusal::Gone)?, text)
    });
    if let Ok(Some(stall)) = sent {
        tokio::time::sleep(stall).await;
    }
    let response = sent.map(|_| reply::status(StatusCode::OK));
    conclude(&api, Activity::new(Kind::Post).bytes(bytes), &path.1, start, response)
}

/// Sends a text to an open socket, or lets it meet with a fault. Says for how long its answer is to be held back.
fn deliver(api: &Arc<Api>, connection: Arc<Connection>, text: Utf8Bytes) -> Result<Option<Duration>, Refusal> {
    match api.injector.post(&connection.peer.connection_id) {
        None => connection.send(text)?,
        Some(PostFault::Stalled(stall)) => {
            connection.send(text)?;
            return Ok(Some(stall));
        }
        Some(PostFault::Gone) => return Err(Refusal::Gone),
        Some(PostFault::Throttled) => return Err(Refusal::Throttled),
        Some(PostFault::Failed) => return Err(Refusal::Failed),
        Some(PostFault::Denied) => {
            connection.send(text)?;
            return Err(Refusal::Failed);
        }
        Some(PostFault::Lost) => {}
        Some(PostFault::Delayed(delay)) => {
            let halt = api.halt.clone();
            api.tasks.spawn(async move {
                if halt.run_until_cancelled(tokio::time::sleep(delay)).await.is_some() {
                    let _ = connection.send(text);
                }
            });
        }
    }
    Ok(None)
}

/// Tells about a socket.
pub(crate) async fn get((State(api), Path(path)): Target) -> Response {
    let start = Instant::now();
    let found = find(&api, &path).and_then(|connection| connection.ok_or(Refusal::Gone));
    conclude(
        &api,
        Activity::new(Kind::Get),
        &path.1,
        start,
        found.map(|connection| describe(&connection)),
    )
}

/// Closes a socket, after what was posted to it before.
pub(crate) async fn delete((State(api), Path(path)): Target) -> Response {
    let start = Instant::now();
    let found = find(&api, &path).and_then(|_| api.connections.remove(&path.1).ok_or(Refusal::Gone));
    let response = found.map(|connection| {
        connection.close(Goodbye::DELETED);
        reply::status(StatusCode::NO_CONTENT)
    });
    conclude(&api, Activity::new(Kind::Delete), &path.1, start, response)
}

/// The socket, `None` for one that is not open, or the refusal of a request that is wrong in itself.
fn find(api: &Api, (stage, id): &(String, String)) -> Result<Option<Arc<Connection>>, Refusal> {
    if *stage != api.config.stage {
        return Err(Refusal::Forbidden);
    }
    if !api.requests.take() {
        return Err(Refusal::Throttled);
    }
    if !ids::is_connection_id(id) {
        return Err(Refusal::Malformed);
    }
    Ok(api.connections.get(id))
}

impl Refusal {
    fn response(&self, id: &str) -> Response {
        let bad_request = |text: &str| reply::error(StatusCode::BAD_REQUEST, "BadRequestException", text);
        let throttled = |text| reply::error(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", text);
        match self {
            Refusal::Forbidden => reply::forbidden(),
            Refusal::Throttled => throttled("Too Many Requests"),
            Refusal::Malformed => bad_request(&format!("Invalid connectionId: {id}")),
            Refusal::Gone => reply::gone(),
            Refusal::TooLarge => reply::error(
                StatusCode::PAYLOAD_TOO_LARGE,
                "PayloadTooLargeException",
                "Message too long",
            ),
            Refusal::NotUtf8 => bad_request("The message is not UTF-8"),
            Refusal::Full => throttled("The client's buffer is full"),
            Refusal::Failed => reply::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
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

/// Only an id of the right shape is written down: anything else in its place is not ours to repeat.
fn conclude(api: &Api, done: Activity, id: &str, start: Instant, result: Result<Response, Refusal>) -> Response {
    let response = reply::identified(result.unwrap_or_else(|refusal| refusal.response(id)));
    let done = if ids::is_connection_id(id) {
        done.connection(&id.into())
    } else {
        done
    };
    api.feeds.record(done.status(response.status().as_u16()).since(start));
    response
}
