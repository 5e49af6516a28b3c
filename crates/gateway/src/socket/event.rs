//! The events that a WebSocket API sends to its integrations. A field that AWS leaves out is left out here too.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::{HeaderMap, HeaderValue, Uri};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::close::Goodbye;
use super::connection::Peer;
use crate::config::{Config, Endpoint};
use crate::server::Names;
use crate::{clock, ids};

/// An event of any of the three kinds.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(flatten)]
    headers: Option<Headers>,
    #[serde(flatten)]
    query: Option<QueryString>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    stage_variables: &'a BTreeMap<String, String>,
    request_context: RequestContext<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    is_base64_encoded: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Headers {
    headers: BTreeMap<String, String>,
    multi_value_headers: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct QueryString {
    query_string_parameters: BTreeMap<String, String>,
    multi_value_query_string_parameters: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    route_key: &'a str,
    event_type: &'static str,
    connection_id: &'a str,
    connected_at: u64,
    request_time_epoch: u64,
    request_time: String,
    request_id: &'a str,
    extended_request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    message_direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_reason: Option<&'a str>,
    stage: &'a str,
    api_id: &'a str,
    domain_name: &'a str,
    identity: Identity<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<&'a Map<String, Value>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    source_ip: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
}

/// The head of a handshake's request.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) names: &'a Names,
}

/// The event of `$connect`.
pub(super) fn connect(config: &Config, peer: &Peer, request_id: &str, head: &Head<'_>) -> Bytes {
    let context = RequestContext::new(config, peer, "$connect", "CONNECT", request_id);
    let headers = Headers::of_client(head.headers, head.names, peer, &Headers::OF_THE_CONNECTION);
    serialize(&Event {
        headers: Some(headers),
        query: QueryString::of(head.uri),
        ..Event::new(config, context)
    })
}

/// The event of the authorizer. Other than the route's own event, it has the headers that concern the connection, the variables
/// of a stage that has none, and no body.
pub(super) fn authorizer(config: &Config, peer: &Peer, head: &Head<'_>) -> Value {
    let request_id = ids::api_id();
    let context = RequestContext::new(config, peer, "$connect", "CONNECT", &request_id);
    let event = Event {
        headers: Some(Headers::of_client(head.headers, head.names, peer, &[])),
        query: QueryString::of(head.uri),
        ..Event::new(config, context)
    };
    let mut event = serde_json::to_value(&event).unwrap_or_default();
    event["type"] = json!("REQUEST");
    event["methodArn"] = json!(config.method_arn("$connect"));
    event["stageVariables"] = json!(config.stage_variables);
    if let Some(event) = event.as_object_mut() {
        event.remove("isBase64Encoded");
    }
    event
}

/// The event of a message.
pub(super) fn message(config: &Config, peer: &Peer, route_key: &str, request_id: &str, body: &str) -> Bytes {
    let context = RequestContext {
        message_id: Some(ids::api_id()),
        ..RequestContext::new(config, peer, route_key, "MESSAGE", request_id)
    };
    serialize(&Event {
        body: Some(body),
        ..Event::new(config, context)
    })
}

/// The event of `$disconnect`.
pub(super) fn disconnect(config: &Config, peer: &Peer, goodbye: &Goodbye) -> Bytes {
    let request_id = ids::api_id();
    let context = RequestContext {
        disconnect_status_code: Some(goodbye.code),
        disconnect_reason: Some(&goodbye.reason),
        ..RequestContext::new(config, peer, "$disconnect", "DISCONNECT", &request_id)
    };
    serialize(&Event {
        headers: Some(Headers::of_disconnect(peer)),
        ..Event::new(config, context)
    })
}

fn serialize(event: &Event<'_>) -> Bytes {
    // Strings, numbers and maps with string keys can always be written as JSON.
    serde_json::to_vec(event).unwrap_or_default().into()
}

impl<'a> Event<'a> {
    fn new(config: &'a Config, request_context: RequestContext<'a>) -> Event<'a> {
        Event {
            headers: None,
            query: None,
            stage_variables: &config.stage_variables,
            request_context,
            body: None,
            is_base64_encoded: false,
        }
    }
}

impl<'a> RequestContext<'a> {
    fn new(
        config: &'a Config,
        peer: &'a Peer,
        route_key: &'a str,
        event_type: &'static str,
        request_id: &'a str,
    ) -> RequestContext<'a> {
        let now = clock::now_ms();
        RequestContext {
            route_key,
            event_type,
            connection_id: &peer.connection_id,
            connected_at: peer.connected_at,
            request_time_epoch: now,
            request_time: clock::clf(now),
            request_id,
            extended_request_id: request_id,
            message_id: None,
            message_direction: "IN",
            disconnect_status_code: None,
            disconnect_reason: None,
            stage: &config.stage,
            api_id: &config.api_id,
            domain_name: domain_name(config, &peer.host),
            identity: Identity {
                source_ip: peer.source_ip.to_string(),
                user_agent: peer.user_agent.as_deref(),
                api_key: peer.api_key.as_deref(),
            },
            authorizer: peer.authorizer.get(),
        }
    }
}

/// The name by which the client called the API. AWS's names never have a port, so it is left out. Over TLS it stays, so
/// that `https://{domainName}/{stage}` is the gateway.
fn domain_name<'a>(config: &Config, host: &'a str) -> &'a str {
    if config.endpoint.as_ref().is_some_and(Endpoint::is_tls) {
        return host;
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

impl Headers {
    /// The headers that only concern the connection, which API Gateway does not pass on.
    const OF_THE_CONNECTION: [&str; 3] = ["connection", "upgrade", "content-length"];
    /// The headers that API Gateway sets itself.
    const ITS_OWN: [&str; 4] = [
        "x-forwarded-for",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-amzn-trace-id",
    ];

    /// The headers of a handshake, but for some.
    fn of_client(sent: &HeaderMap, names: &Names, peer: &Peer, but: &[&str]) -> Headers {
        let mut multi_value_headers = BTreeMap::<String, Vec<String>>::new();
        let left_out = [but, &Self::ITS_OWN].concat();
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        for (name, value) in sent {
            if !left_out.contains(&name.as_str()) {
                multi_value_headers
                    .entry(names.spell(name))
                    .or_default()
                    .push(text(value));
            }
        }
        let forwarded_for = sent
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok());
        let forwarded_for: Vec<&str> = forwarded_for.collect();
        let source_ip = peer.source_ip.to_string();
        let forwarded_for = [forwarded_for.as_slice(), &[&source_ip]].concat().join(", ");
        let trace_id = sent.get("x-amzn-trace-id").map_or_else(ids::trace_id, text);
        for (name, value) in [
            ("X-Forwarded-For", forwarded_for),
            ("X-Forwarded-Port", "443".into()),
            ("X-Forwarded-Proto", "https".into()),
            ("X-Amzn-Trace-Id", trace_id),
        ] {
            multi_value_headers.insert(name.into(), vec![value]);
        }
        Headers::new(multi_value_headers)
    }

    /// The stub that AWS sends to `$disconnect`. Nothing of the handshake is in it.
    fn of_disconnect(peer: &Peer) -> Headers {
        let stub = [
            ("Host", &*peer.host),
            ("x-api-key", ""),
            ("X-Forwarded-For", ""),
            ("x-restapi", ""),
        ];
        Headers::new(
            stub.map(|(name, value)| (name.to_owned(), vec![value.to_owned()]))
                .into(),
        )
    }

    fn new(multi_value_headers: BTreeMap<String, Vec<String>>) -> Headers {
        let headers = last_values(&multi_value_headers);
        Headers {
            headers,
            multi_value_headers,
        }
    }
}

impl QueryString {
    /// The parameters of a URL's query. `None` without a query.
    fn of(uri: &Uri) -> Option<QueryString> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
        let mut multi = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in pairs {
            multi.entry(name).or_default().push(value);
        }
        let single = last_values(&multi);
        let query = QueryString {
            query_string_parameters: single,
            multi_value_query_string_parameters: multi,
        };
        (!query.query_string_parameters.is_empty()).then_some(query)
    }
}

/// One value for each name: AWS takes the last.
fn last_values(multi: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, String> {
    multi
        .iter()
        .filter_map(|(name, values)| Some((name.clone(), values.last()?.clone())))
        .collect()
}
