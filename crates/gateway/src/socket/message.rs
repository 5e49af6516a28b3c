//! One message of a client: which route it takes, and what the client hears of it.

use std::sync::Arc;
use std::time::Instant;

use axum::http::StatusCode;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::event;
use crate::activity::{Activity, Kind};
use crate::api::Api;
use crate::config::{Config, Route};
use crate::ids;
use crate::socket::answer::Answer;
use crate::socket::connection::{Connection, Refused};
use crate::socket::integration::Fault;

/// Sends a message to its route, and the answer, if it is for the client, back. Nothing here ends a socket.
pub(crate) async fn handle(api: Arc<Api>, connection: Arc<Connection>, text: Utf8Bytes) {
    let start = Instant::now();
    let request_id = ids::api_id();
    let mut done = Activity::new(Kind::Message)
        .connection(&connection.peer.connection_id)
        .bytes(text.len());
    let result = if api.requests.take() {
        match select(&api.config, &text) {
            None => Err(("Forbidden", StatusCode::FORBIDDEN, None)),
            Some((key, route)) => {
                done = done.route(&key.into());
                integrate(&api, &connection, (key, route), &request_id, &text).await
            }
        }
    } else {
        Err(("Too Many Requests", StatusCode::TOO_MANY_REQUESTS, Some("throttled")))
    };
    let (answer, status, mut note) = match result {
        Ok((body, status)) => (body.map(Utf8Bytes::from), status, None),
        Err((error, status, note)) => (Some(frame(error, &connection, &request_id)), status.as_u16(), note),
    };
    if let Some(Err(refused)) = answer.map(|answer| connection.send(answer)) {
        note = Some(match refused {
            Refused::Gone => "gone before the answer",
            Refused::Full => "answer dropped: the client does not read",
        });
    }
    api.feeds.record(done.status(status).since(start).note(note));
}

/// A frame's text, its status in HTTP's terms, and a note for the feed.
type Failed = (&'static str, StatusCode, Option<&'static str>);

/// The body for the client, if its route has a route response, and the function's status.
async fn integrate(
    api: &Api,
    connection: &Connection,
    (key, route): (&str, &Route),
    request_id: &str,
    text: &str,
) -> Result<(Option<String>, u16), Failed> {
    let event = event::message(&api.config, &connection.peer, key, request_id, text);
    match api.integrate(key, route, event).await {
        Ok(answer) if !route.two_way => Ok((None, answer.status)),
        Ok(answer) if !answer.is_success() => Err((
            "Internal server error",
            StatusCode::BAD_GATEWAY,
            // Reports of what AWS does here differ; this is the one that a client notices.
            Some("not a 2xx on a two-way route"),
        )),
        Ok(answer) if is_too_long(&answer, api) => Err((
            "Internal server error",
            StatusCode::BAD_GATEWAY,
            Some("answer over the message limit"),
        )),
        Ok(answer) => Ok((answer.body, answer.status)),
        Err(Fault::TimedOut) => Err((
            "Endpoint request timed out",
            StatusCode::GATEWAY_TIMEOUT,
            Some(Fault::TimedOut.note()),
        )),
        Err(fault @ (Fault::Failed(_) | Fault::Malformed(_))) => {
            Err(("Internal server error", StatusCode::BAD_GATEWAY, Some(fault.note())))
        }
    }
}

/// AWS takes no message over 128 KB in either direction; what it does with such an answer is not documented.
fn is_too_long(answer: &Answer, api: &Api) -> bool {
    answer.body.as_ref().map_or(0, String::len) > api.config.limits.message_bytes
}

/// The route of a message: the key equal to `$request.body.action`, else `$default`.
fn select<'a>(config: &'a Config, text: &str) -> Option<(&'a str, &'a Route)> {
    let routes = &config.routes;
    let (key, route) = routes
        .get_key_value(&*action(text))
        .or_else(|| routes.get_key_value("$default"))?;
    Some((key, route))
}

/// The value of `$request.body.action`: stringified, and empty where there is none.
fn action(text: &str) -> String {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    match body.get("action") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(action)) => action.clone(),
        Some(other) => other.to_string(),
    }
}

/// A frame of API Gateway's own, to the last space.
fn frame(message: &str, connection: &Connection, request_id: &str) -> Utf8Bytes {
    let id = &connection.peer.connection_id;
    format!(r#"{{"message": "{message}", "connectionId":"{id}", "requestId":"{request_id}"}}"#).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_takes_the_route_that_its_action_names_or_the_default() {
        let key = |key: &str| (key.to_owned(), Route::lambda("f"));
        let mut config = Config {
            routes: ["$default", "ping", "7", "true", "$disconnect"].map(key).into(),
            ..Config::default()
        };
        let too_deep = "[".repeat(1000);
        for (text, expected) in [
            (r#"{"action":"ping"}"#, "ping"),
            (r#" { "more": [1], "action" : "ping" } "#, "ping"),
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
        config.routes.remove("$default");
        assert!(select(&config, "ping").is_none());
        assert!(select(&config, r#"{"action":"ping"}"#).is_some());
    }
}
