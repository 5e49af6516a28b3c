//! Events for functions, in the form of API Gateway's and of a stats pipeline's.

use crate::{database::Session, statistics::milliseconds};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Event `$connect` of a browser's handshake.
pub(crate) fn connect(session: &Session, connection_id: &str) -> Value {
    let mut event = socket_event("CONNECT", "$connect", connection_id);
    let headers = [
        ("Host", "socks.example.com"),
        ("Origin", "https://www.example.com"),
        ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
        (
            "User-Agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        ),
        ("X-Amzn-Trace-Id", "Root=1-69239d20-1f0c2a3b4d5e6f708192a3b4"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ];
    for (name, value) in headers {
        event["headers"][name] = value.into();
        event["multiValueHeaders"][name] = json!([value]);
    }
    for (name, value) in [("login", &session.login), ("chatter", &session.chatter_id)] {
        event["queryStringParameters"][name] = value.as_str().into();
        event["multiValueQueryStringParameters"][name] = json!([value]);
    }
    event
}

/// Event `$disconnect` of a socket.
pub(crate) fn disconnect(connection_id: &str) -> Value {
    let mut event = socket_event("DISCONNECT", "$disconnect", connection_id);
    event["requestContext"]["disconnectStatusCode"] = 1005.into();
    event["requestContext"]["disconnectReason"] = "Client-side close frame status not set".into();
    event
}

/// Event `$default` with a page's sync.
pub(crate) fn sync(login: &str, connection_id: &str) -> Value {
    let mut event = socket_event("MESSAGE", "$default", connection_id);
    event["body"] = sync_message(login, 1).into();
    event
}

/// A page's sync, as it is sent on the socket.
pub(crate) fn sync_message(login: &str, n: u64) -> String {
    json!({"action": "sync", "login": login, "cursor": null, "n": n}).to_string()
}

/// Event of an update for one login, whose push has about 300 bytes.
pub(crate) fn notify(login: &str) -> Value {
    json!({"login": login, "topic": "updates", "body": body()})
}

/// Event of an update for many logins.
pub(crate) fn notify_all(logins: &[String]) -> Value {
    json!({"logins": logins, "topic": "updates", "body": body()})
}

fn body() -> Value {
    json!({"plays": 1234, "players": 17, "last": {"game": 822, "name": "Crokinole", "at": "2026-11-24T10:15:00Z"}})
}

fn socket_event(event_type: &str, route: &str, connection_id: &str) -> Value {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let now = milliseconds(since_1970).round();
    json!({
        "requestContext": {
            "routeKey": route,
            "eventType": event_type,
            "extendedRequestId": "TXzPWGKOjoEFdQw=",
            "requestId": "TXzPWGKOjoEFdQw=",
            "requestTime": "24/Nov/2026:10:15:00 +0000",
            "requestTimeEpoch": whole(now),
            "connectedAt": whole(now),
            "messageDirection": "IN",
            "stage": "dev",
            "connectionId": connection_id,
            "apiId": "local",
            "domainName": "socks.example.com",
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "isBase64Encoded": false,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "until the year 292 million")]
fn whole(milliseconds: f64) -> i64 {
    milliseconds as i64
}
