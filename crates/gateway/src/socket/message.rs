//! A client's message: its route, and the answer.

use std::sync::Arc;
use std::time::Instant;

use axum::http::StatusCode;
use tokio::sync::OwnedSemaphorePermit;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::connection::{Connection, Refused};
use super::event;
use super::integration::{IntegrationError, integrate};
use super::proxy_response::ProxyResponse;
use super::sockets::Sockets;
use crate::activity::{Activity, milliseconds_since};
use crate::config::{Config, Route};
use crate::ids;

/// Sends a message to its route, and the answer back if it is for the client. `_turn` is the message's place among those of its
/// socket that are worked on at once; it is free again at the end. Nothing here ends a socket.
pub(super) async fn handle(
    sockets: Arc<Sockets>,
    connection: Arc<Connection>,
    text: Utf8Bytes,
    _turn: OwnedSemaphorePermit,
) {
    let start = Instant::now();
    let request_id = ids::api_id();
    let selected = select(&sockets.config, &text);
    let is_throttled = selected.is_some_and(|(key, _)| !sockets.accepts(key)) || !sockets.requests.take();
    let route_key: Option<Arc<str>> = selected.map(|(key, _)| key.into());
    let result = match selected {
        _ if is_throttled => Err(ErrorFrame::THROTTLED),
        None => Err(ErrorFrame::FORBIDDEN),
        Some(route) => ask_route(&sockets, &connection, route, &request_id, &text).await,
    };
    let (answer, status, mut note) = match result {
        Ok((body, status)) => (body.map(Utf8Bytes::from), status, None),
        Err(error) => (
            Some(error.text(&connection, &request_id)),
            error.status.as_u16(),
            error.note,
        ),
    };
    if let Some(Err(refused)) = answer.map(|answer| connection.send(answer)) {
        note = Some(match refused {
            Refused::Gone => "gone before the answer",
            Refused::Full => "answer dropped: the client does not read",
        });
    }
    sockets.feeds.record(Activity::Message {
        connection_id: Arc::clone(&connection.peer.connection_id),
        route: route_key,
        status,
        milliseconds: milliseconds_since(start),
        bytes: text.len(),
        note,
    });
}

/// A frame with which API Gateway itself answers a message.
struct ErrorFrame {
    message: &'static str,
    /// The status for the activity feed: the one that HTTP would have.
    status: StatusCode,
    note: Option<&'static str>,
}

impl ErrorFrame {
    /// No route fits.
    const FORBIDDEN: ErrorFrame = ErrorFrame {
        message: "Forbidden",
        status: StatusCode::FORBIDDEN,
        note: None,
    };
    const THROTTLED: ErrorFrame = ErrorFrame {
        message: "Too Many Requests",
        status: StatusCode::TOO_MANY_REQUESTS,
        note: Some("throttled"),
    };

    fn internal(note: &'static str) -> ErrorFrame {
        ErrorFrame {
            message: "Internal server error",
            status: StatusCode::BAD_GATEWAY,
            note: Some(note),
        }
    }

    fn of(error: IntegrationError) -> ErrorFrame {
        match error {
            IntegrationError::TimedOut => ErrorFrame {
                message: "Endpoint request timed out",
                status: StatusCode::GATEWAY_TIMEOUT,
                note: Some(error.note()),
            },
            IntegrationError::Failed(_) | IntegrationError::Malformed(_) => ErrorFrame::internal(error.note()),
        }
    }

    /// The frame's text, to the last space as API Gateway writes it.
    fn text(&self, connection: &Connection, request_id: &str) -> Utf8Bytes {
        let (message, id) = (self.message, &connection.peer.connection_id);
        format!(r#"{{"message": "{message}", "connectionId":"{id}", "requestId":"{request_id}"}}"#).into()
    }
}

/// The body for the client, if the route has a route response, and the function's status.
async fn ask_route(
    sockets: &Sockets,
    connection: &Connection,
    (key, route): (&str, &Route),
    request_id: &str,
    text: &str,
) -> Result<(Option<String>, u16), ErrorFrame> {
    let event = event::message(&sockets.config, &connection.peer, key, request_id, text);
    let answer = integrate(sockets, key, route, event).await.map_err(ErrorFrame::of)?;
    if !route.two_way {
        return Ok((None, answer.status));
    }
    if !answer.is_success() {
        // Reports of what AWS does here differ. Of the ways reported, this is the one that a client notices.
        return Err(ErrorFrame::internal("not a 2xx on a two-way route"));
    }
    if is_too_long(&answer, sockets.config.limits.message_bytes) {
        return Err(ErrorFrame::internal("answer over the message limit"));
    }
    Ok((answer.body, answer.status))
}

/// Whether an answer is over the message limit. AWS takes no message over 128 KB in either direction; what it does with
/// such an answer is not documented.
fn is_too_long(answer: &ProxyResponse, limit: usize) -> bool {
    answer.body.as_ref().map_or(0, String::len) > limit
}

/// The route of a message: the one with the selected key, else `$default`.
fn select<'a>(config: &'a Config, text: &str) -> Option<(&'a str, &'a Route)> {
    let routes = &config.routes;
    let selected = config.route_selection.key(text);
    let selected = selected.and_then(|key| routes.get_key_value(&key));
    let (key, route) = selected.or_else(|| routes.get_key_value("$default"))?;
    Some((key, route))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_takes_the_route_that_it_selects_or_the_default() {
        let key = |key: &str| (key.to_owned(), Route::lambda("f"));
        let mut config = Config {
            routes: ["$default", "ping", "7", "true", "$disconnect"].map(key).into(),
            ..Config::default()
        };
        let too_deep = "[".repeat(1000);
        for (text, expected) in [
            (r#"{"action":"ping"}"#, "ping"),
            (r#" { "more": [1], "action" : "ping" } "#, "ping"),
            (r#"{"action":"ping","half a pair":"\ud800"}"#, "ping"),
            (r#"{"action":7}"#, "7"),
            (r#"{"action":true}"#, "true"),
            (r#"{"action":"$disconnect"}"#, "$disconnect"),
            (r#"{"action":"Ping"}"#, "$default"),
            (r#"{"action":"ping "}"#, "$default"),
            (r#"{"action":null}"#, "$default"),
            (r#"{"action":{"ping":1}}"#, "$default"),
            (r#"{"Action":"ping"}"#, "$default"),
            (r#"["action","ping"]"#, "$default"),
            (r#""ping""#, "$default"),
            ("ping", "$default"),
            ("", "$default"),
            (&too_deep, "$default"),
        ] {
            assert_eq!(select(&config, text).unwrap().0, expected, "{text}");
        }
        config.route_selection = "${request.body.action}-message".parse().unwrap();
        config.routes.insert("ping-message".into(), Route::mock("pong"));
        for (text, expected) in [
            (r#"{"action":"ping"}"#, "ping-message"),
            (r#"{"action":"$disconnect"}"#, "$default"),
            (r#"{"action":"7"}"#, "$default"),
            ("ping", "$default"),
        ] {
            assert_eq!(select(&config, text).unwrap().0, expected, "{text}");
        }
        config.routes.remove("$default");
        assert!(select(&config, "ping").is_none());
        assert!(select(&config, r#"{"action":"ping"}"#).is_some());
    }
}
