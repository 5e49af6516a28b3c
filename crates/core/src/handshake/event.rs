//! The event that API Gateway sends to a function for a socket, and the proxy response with which the function answers.
//!
//! Only the fields that Chatterbox reads. Events of several years are read alike: a field may be absent or null.
//! A handshake holds secrets, so an event has no `Debug`, and the reason why one could not be read never quotes it.

use crate::{ConnectionId, EventTime, Timestamp, json::Strict};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::HashMap;
use thiserror::Error;

/// An event of a WebSocket API with Lambda proxy integration. See "Set up a WebSocket API integration request" in the
/// API Gateway Developer Guide.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketEvent {
    request_context: Strict<RequestContext>,
    headers: Option<Single>,
    multi_value_headers: Option<Multi>,
    query_string_parameters: Option<Single>,
    multi_value_query_string_parameters: Option<Multi>,
    body: Option<String>,
}

/// The last value of each name.
type Single = HashMap<String, Option<String>>;
/// All values of each name.
type Multi = HashMap<String, Option<Vec<String>>>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    connection_id: ConnectionId,
    event_type: EventKind,
    connected_at: Option<i64>,
    identity: Option<Strict<Identity>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    source_ip: Option<String>,
}

/// The kind of an event. It is API Gateway's own field, not the route key, which a browser can name in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EventKind {
    /// A handshake, not yet answered.
    Connect,
    /// A text message.
    Message,
    /// The socket has ended.
    Disconnect,
}

/// The event is not one of a WebSocket API. It says where, never what.
#[derive(Debug, Error)]
#[error("not an event of a WebSocket API (line {line}, column {column})")]
pub struct UnreadableEvent {
    line: usize,
    column: usize,
}

impl SocketEvent {
    /// Reads an event's JSON.
    ///
    /// # Errors
    /// If it is not an event of a WebSocket API: somebody invoked the function by hand.
    pub fn parse(json: &RawValue) -> Result<SocketEvent, UnreadableEvent> {
        let event: Result<Strict<SocketEvent>, _> = serde_json::from_str(json.get());
        event.map(|event| event.0).map_err(|error| UnreadableEvent {
            line: error.line(),
            column: error.column(),
        })
    }

    /// The kind.
    pub fn kind(&self) -> EventKind {
        self.request_context.0.event_type
    }

    /// Which socket it happened to.
    pub fn connection_id(&self) -> &ConnectionId {
        &self.request_context.0.connection_id
    }

    /// When API Gateway received that socket's handshake; the same in all its events. A time that is out of range, or ahead
    /// of this machine's clock, counts as now.
    pub fn connected_at(&self) -> Timestamp {
        let now = Timestamp::now();
        let at = self.request_context.0.connected_at.and_then(Timestamp::from_millis);
        at.filter(|at| *at >= EventTime::EARLIEST)
            .map_or(now, |at| EventTime::of(at, now).at)
    }

    /// The address that the handshake came from, as API Gateway saw it.
    pub(crate) fn source_ip(&self) -> Option<&str> {
        self.request_context.0.identity.as_ref()?.0.source_ip.as_deref()
    }

    /// Answers an event that is not of the kind that the function serves: 400, and a line in the log. That is the answer to
    /// somebody who invokes it by hand; and to a browser, if the API's route selection expression is not the one of the
    /// deployment but `$request.body.action`, by which a message can name `$connect` and `$disconnect`.
    pub fn refuse_kind(&self) -> ProxyResponse {
        let (connection_id, kind) = (self.connection_id(), self.kind());
        tracing::warn!(%connection_id, ?kind, "an event of another route; nothing was done, and it was answered 400");
        ProxyResponse::status(400)
    }

    /// The message's text; empty for a handshake.
    pub fn body(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }

    /// All values of a header, whose name is given in lower case: clients and proxies write names in any case.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        values(&self.multi_value_headers, &self.headers, |key| {
            key.eq_ignore_ascii_case(name)
        })
    }

    /// All values of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Vec<&str> {
        values(
            &self.multi_value_query_string_parameters,
            &self.query_string_parameters,
            |key| key == name,
        )
    }
}

/// The multi-valued map has everything; the single-valued one serves callers that send no other.
fn values<'a>(all: &'a Option<Multi>, last: &'a Option<Single>, is_wanted: impl Fn(&str) -> bool) -> Vec<&'a str> {
    if let Some(all) = all {
        return all
            .iter()
            .filter(|(key, _)| is_wanted(key))
            .flat_map(|(_, values)| values.iter().flatten())
            .map(String::as_str)
            .collect();
    }
    last.iter()
        .flatten()
        .filter(|(key, _)| is_wanted(key))
        .filter_map(|(_, value)| value.as_deref())
        .collect()
}

/// A function's answer to API Gateway: a proxy response, in AWS's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProxyResponse {
    status_code: u16,
    #[serde(skip_serializing_if = "HashMap::is_empty")]
    headers: HashMap<&'static str, &'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

impl ProxyResponse {
    /// A bare status. At `$connect` anything but 2xx refuses the handshake with that very status.
    pub fn status(status_code: u16) -> ProxyResponse {
        ProxyResponse {
            status_code,
            headers: HashMap::new(),
            body: None,
        }
    }

    /// 200 that opens a socket, with the one subprotocol that the client offered and we speak, if it did.
    pub fn open(subprotocol: Option<&'static str>) -> ProxyResponse {
        let headers = subprotocol
            .map(|name| ("Sec-WebSocket-Protocol", name))
            .into_iter()
            .collect();
        ProxyResponse {
            headers,
            ..ProxyResponse::status(200)
        }
    }

    /// A message to the sender, in the same socket. Always status 200: a two-way route hides the body of any other.
    pub fn message(text: String) -> ProxyResponse {
        ProxyResponse {
            body: Some(text),
            ..ProxyResponse::status(200)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<SocketEvent, UnreadableEvent> {
        SocketEvent::parse(&RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn a_message_is_read_as_it_came() {
        let event =
            r#"{"requestContext":{"connectionId":"A=","eventType":"MESSAGE","connectedAt":1},"body":" {\"a\":1}\n"}"#;
        assert_eq!(parse(event).unwrap().body(), " {\"a\":1}\n");
    }

    #[test]
    fn absent_and_null_fields_are_read_alike() {
        let context = r#""requestContext":{"connectionId":"A=","eventType":"MESSAGE","connectedAt":1763900000000}"#;
        for json in [
            format!("{{{context}}}"),
            format!(
                r#"{{{context},"headers":null,"multiValueHeaders":null,"body":null,"queryStringParameters":null}}"#
            ),
            format!(
                r#"{{{context},"headers":{{"Origin":null}},"multiValueQueryStringParameters":{{"login":null}},"body":null}}"#
            ),
        ] {
            let event = parse(&json).unwrap();
            assert_eq!(event.kind(), EventKind::Message);
            assert_eq!(event.connection_id().as_str(), "A=");
            assert_eq!(event.connected_at().millis(), 1_763_900_000_000);
            assert_eq!(event.body(), "");
            assert!(event.header("origin").is_empty() && event.query("login").is_empty());
        }
    }

    #[test]
    fn the_time_of_a_handshake_is_never_in_the_future_nor_in_1970() {
        let numbers = [i64::MIN, -1, 0, 1_763_900_000, 4_070_908_800_000, i64::MAX].map(|number| number.to_string());
        for connected_at in numbers.iter().map(String::as_str).chain(["null"]) {
            let before = Timestamp::now();
            let event = parse(&format!(
                r#"{{"requestContext":{{"connectionId":"A=","eventType":"CONNECT","connectedAt":{connected_at}}}}}"#
            ));
            let at = event.unwrap().connected_at();
            assert!((before..=Timestamp::now()).contains(&at), "{connected_at}: {at}");
        }
    }

    #[test]
    fn headers_are_found_in_any_case_and_all_their_values() {
        let event = parse(
            r#"{"requestContext":{"connectionId":"A=","eventType":"CONNECT","connectedAt":1},
                "headers":{"Cookie":"b"},"multiValueHeaders":{"cOOkie":["a","b"],"Origin":["https://x"]},
                "queryStringParameters":{"login":"one"}}"#,
        )
        .unwrap();
        assert_eq!(event.header("cookie"), ["a", "b"]);
        assert_eq!(event.query("login"), ["one"]);
        assert!(event.query("Login").is_empty());
    }

    #[test]
    fn an_unreadable_event_is_not_quoted() {
        const ID: &str = "3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b";
        let context = format!(r#""requestContext":{{"connectionId":"{ID}","eventType":"CONNECT"}}"#);
        for json in [
            format!(r#"{{"requestContext":"{ID}"}}"#),
            // A list in place of an object, and a field that is there twice.
            format!(r#"[["{ID}","CONNECT",1],null,null,null,null,null]"#),
            format!(r#"{{"requestContext":["{ID}","CONNECT",1]}}"#),
            format!(r#"{{{context},{context}}}"#),
            format!(r#"{{"requestContext":{{"connectionId":"A=","connectionId":"{ID}","eventType":"CONNECT"}}}}"#),
            format!(r#"{{{context},"body":"{ID}","body":"{ID}"}}"#),
        ] {
            let error = parse(&json).err().expect(&json);
            assert!(error.to_string().contains("not an event") && !format!("{error} {error:?}").contains("3f2b"));
        }
    }

    #[test]
    fn proxy_responses_are_what_api_gateway_reads() {
        for (reply, json) in [
            (ProxyResponse::status(401), r#"{"statusCode":401}"#),
            (ProxyResponse::open(None), r#"{"statusCode":200}"#),
            (
                ProxyResponse::open(Some("chatterbox.v1")),
                r#"{"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"chatterbox.v1"}}"#,
            ),
            (
                ProxyResponse::message("{}".to_owned()),
                r#"{"statusCode":200,"body":"{}"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&reply).unwrap(), json);
        }
    }
}
