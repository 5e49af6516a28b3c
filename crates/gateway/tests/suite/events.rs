//! The events, field for field.

use std::collections::BTreeMap;

use chatterbox_gateway::{Config, Route};
use serde_json::{Value, json};

use crate::raw::*;
use crate::world::*;

/// A world whose function prints the events of all routes.
async fn printing(change: impl FnOnce(&mut Config)) -> World {
    world(|config| {
        config.functions.insert("f".into(), printer());
        for key in ["$connect", "$disconnect"] {
            config.routes.insert(key.into(), Route::lambda("f"));
        }
        config.routes.insert("hello".into(), Route::lambda("f"));
        change(config);
    })
    .await
}

/// Checks the shape of the values that differ from one event to the next, and replaces them.
fn normalized(mut event: Value) -> Value {
    let context = event["requestContext"].as_object_mut().unwrap();
    for name in ["connectionId", "requestId", "extendedRequestId", "messageId"] {
        if let Some(id) = context.get_mut(name) {
            let text = id.as_str().unwrap();
            assert_eq!((text.len(), text.chars().last()), (16, Some('=')), "{name}");
            *id = json!(name);
        }
    }
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
    for name in ["connectedAt", "requestTimeEpoch"] {
        let time = context[name].as_u64().unwrap();
        assert!((now - 60_000..=now).contains(&time), "{name} is {time}");
        context[name] = json!(name);
    }
    let time = context["requestTime"].as_str().unwrap();
    assert!(
        time.len() == 26 && time.ends_with(" +0000") && time.contains("/20"),
        "requestTime is {time}"
    );
    context["requestTime"] = json!("requestTime");
    event
}

fn context(more: Value) -> Value {
    let mut context = json!({
        "connectionId": "connectionId", "requestId": "requestId", "extendedRequestId": "extendedRequestId",
        "connectedAt": "connectedAt", "requestTimeEpoch": "requestTimeEpoch", "requestTime": "requestTime",
        "messageDirection": "IN", "stage": "dev", "apiId": "local00000", "domainName": "127.0.0.1",
        "identity": { "sourceIp": "127.0.0.1" },
    });
    context
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    context
}

#[tokio::test]
async fn the_connect_event_has_what_aws_sends_and_nothing_else() {
    let world = printing(|_| {}).await;
    let mut lines = world.gateway.lines();
    let mut request = world.request("?a=1&b=x%20y%2Bz+w&a=2&empty=&bare");
    request
        .headers_mut()
        .insert("origin", "http://localhost:3000".parse().unwrap());
    request.headers_mut().insert("user-agent", "tests/1".parse().unwrap());
    request
        .headers_mut()
        .insert("x-forwarded-for", "192.0.2.1".parse().unwrap());
    request.headers_mut().append("cookie", "a=1".parse().unwrap());
    request.headers_mut().append("cookie", "b=2".parse().unwrap());
    let key = request.headers()["sec-websocket-key"].to_str().unwrap().to_owned();
    world.client_with(request).await;
    let mut event = next_event(&mut lines, "CONNECT").await;

    for headers in ["headers", "multiValueHeaders"] {
        let trace = &mut event[headers]["X-Amzn-Trace-Id"];
        let text = trace.as_str().or_else(|| trace[0].as_str()).unwrap();
        assert!(
            text.starts_with("Root=1-") && text.len() == "Root=1-".len() + 8 + 1 + 24,
            "{text}"
        );
        *trace = json!("trace");
    }
    let single = json!({
        "Host": world.address.to_string(), "Origin": "http://localhost:3000", "user-agent": "tests/1", "cookie": "b=2",
        "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13", "X-Amzn-Trace-Id": "trace",
        "X-Forwarded-For": "192.0.2.1, 127.0.0.1", "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https",
    });
    let mut multi: BTreeMap<String, Value> = BTreeMap::new();
    for (name, value) in single.as_object().unwrap() {
        let is_whole = name == "X-Amzn-Trace-Id";
        multi.insert(name.clone(), if is_whole { value.clone() } else { json!([value]) });
    }
    multi.insert("cookie".into(), json!(["a=1", "b=2"]));
    let more = json!({
        "routeKey": "$connect", "eventType": "CONNECT",
        "identity": { "sourceIp": "127.0.0.1", "userAgent": "tests/1" },
    });
    let expected = json!({
        "headers": single, "multiValueHeaders": multi,
        "queryStringParameters": { "a": "2", "b": "x y+z w", "empty": "", "bare": "" },
        "multiValueQueryStringParameters": { "a": ["1", "2"], "b": ["x y+z w"], "empty": [""], "bare": [""] },
        "requestContext": context(more), "isBase64Encoded": false,
    });
    assert_eq!(normalized(event), expected);
}

/// The header names in the next `$connect` event, without those that every event has.
async fn header_names(lines: &mut tokio::sync::broadcast::Receiver<chatterbox_gateway::Line>) -> Vec<String> {
    let event = next_event(lines, "CONNECT").await;
    let names = |field: &str| -> Vec<String> { event[field].as_object().unwrap().keys().cloned().collect() };
    assert_eq!(names("headers"), names("multiValueHeaders"));
    let mut names = names("headers");
    let own = ["Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version"];
    let added = [
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
    ];
    for name in own.into_iter().chain(added) {
        let count = names.len();
        names.retain(|other| other != name);
        assert_eq!(names.len(), count - 1, "{name}");
    }
    names
}

#[tokio::test]
async fn header_names_are_spelled_as_the_client_spelled_them() {
    let world = printing(|_| {}).await;
    let mut lines = world.gateway.lines();
    for (headers, expected) in [
        (
            "X-API-Key: 1\r\nx-lower: 2\r\nX-Mixed-cASE: 3\r\nORIGIN: http://localhost:3000\r\n",
            &["ORIGIN", "X-API-Key", "X-Mixed-cASE", "x-lower"][..],
        ),
        ("x-one: 1\r\nX-One: 2\r\n", &["X-One"]),
        // API Gateway spells the headers that it sets itself, also if the client has sent them.
        (
            "x-amzn-trace-id: Root=1-2-3\r\nX-FORWARDED-for: 192.0.2.1\r\nx-forwarded-PROTO: http\r\n",
            &[],
        ),
        ("", &[]),
    ] {
        Raw::open(&world, "/dev", headers).await;
        assert_eq!(header_names(&mut lines).await, expected);
    }
}

#[tokio::test]
async fn header_names_are_those_of_this_request_also_when_others_came_before_it_on_its_connection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = printing(|_| {}).await;
    let mut lines = world.gateway.lines();
    let body = "X-FIRST: in a body\r\n".repeat(5000);
    let before = format!(
        "POST /dev/@connections/nonsense HTTP/1.1\r\nHost: localhost\r\nX-FIRST: 1\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for is_pipelined in [true, false] {
        let mut stream = within(tokio::net::TcpStream::connect(world.address)).await.unwrap();
        let handshake = format!(
            "GET /dev HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nx-First: 2\r\n\r\n",
            world.address
        );
        let mut answers = String::new();
        let hear = async |stream: &mut tokio::net::TcpStream, answers: &mut String, what: &str| {
            while !answers.contains(what) {
                answers.push(within(stream.read_u8()).await.unwrap().into());
            }
        };
        if is_pipelined {
            within(stream.write_all(format!("{before}{handshake}").as_bytes()))
                .await
                .unwrap();
        } else {
            within(stream.write_all(before.as_bytes())).await.unwrap();
            hear(&mut stream, &mut answers, "Invalid connectionId: nonsense").await;
            within(stream.write_all(handshake.as_bytes())).await.unwrap();
        }
        hear(&mut stream, &mut answers, "HTTP/1.1 101 ").await;
        assert_eq!(header_names(&mut lines).await, ["x-First"], "pipelined: {is_pipelined}");
    }
}

#[tokio::test]
async fn the_domain_name_is_what_the_client_calls_the_gateway_without_the_port() {
    let world = printing(|_| {}).await;
    let mut lines = world.gateway.lines();
    for (host, domain_name) in [
        ("localhost:8080", "localhost"),
        ("localhost", "localhost"),
        ("socks.localhost", "socks.localhost"),
        ("[::1]:8080", "[::1]"),
        ("[::1]", "[::1]"),
    ] {
        let mut request = world.request("");
        request.headers_mut().insert("host", host.parse().unwrap());
        world.client_with(request).await;
        let event = next_event(&mut lines, "CONNECT").await;
        assert_eq!(event["requestContext"]["domainName"], domain_name);
        assert_eq!(event["headers"]["Host"], host, "the header is the client's own");
    }
}

#[tokio::test]
async fn without_a_query_the_connect_event_has_no_query_fields() {
    let world = printing(|_| {}).await;
    let mut lines = world.gateway.lines();
    for query in ["", "?"] {
        world.client_with(world.request(query)).await;
        let event = next_event(&mut lines, "CONNECT").await;
        let mut fields: Vec<&String> = event.as_object().unwrap().keys().collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            ["headers", "isBase64Encoded", "multiValueHeaders", "requestContext"]
        );
    }
}

#[tokio::test]
async fn a_message_event_has_what_aws_sends_and_nothing_else() {
    let world = printing(|_| {}).await;
    let mut lines = world.gateway.lines();
    let mut client = world.client().await;
    for (body, key) in [(r#"{"action":"hello","ü":"😀"}"#, "hello"), ("not JSON", "$default")] {
        client.say(body).await;
        let event = next_event(&mut lines, "MESSAGE").await;
        let more = json!({ "routeKey": key, "eventType": "MESSAGE", "messageId": "messageId" });
        let expected = json!({ "requestContext": context(more), "body": body, "isBase64Encoded": false });
        assert_eq!(normalized(event), expected);
    }
}

#[tokio::test]
async fn the_disconnect_event_has_stub_headers_a_code_and_a_reason() {
    let world = printing(|_| {}).await;
    let mut lines = world.gateway.lines();
    let mut request = world.request("?a=secret");
    request.headers_mut().insert("user-agent", "tests/1".parse().unwrap());
    let (mut client, _) = world.client_with(request).await;
    within(client.socket.close(None)).await.unwrap();
    let event = next_event(&mut lines, "DISCONNECT").await;
    let host = world.address.to_string();
    let more = json!({
        "routeKey": "$disconnect", "eventType": "DISCONNECT",
        "disconnectStatusCode": 1005, "disconnectReason": "Client-side close frame status not set",
        "identity": { "sourceIp": "127.0.0.1", "userAgent": "tests/1" },
    });
    let expected = json!({
        "headers": { "Host": host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": "" },
        "multiValueHeaders": { "Host": [host], "x-api-key": [""], "X-Forwarded-For": [""], "x-restapi": [""] },
        "requestContext": context(more), "isBase64Encoded": false,
    });
    assert_eq!(normalized(event), expected);
}

#[tokio::test]
async fn connection_id_and_connected_at_stay_the_same_for_the_life_of_a_socket() {
    let world = printing(|_| {}).await;
    let mut lines = world.gateway.lines();
    let mut client = world.client().await;
    client.say("hello").await;
    let mut events = vec![
        next_event(&mut lines, "CONNECT").await,
        next_event(&mut lines, "MESSAGE").await,
    ];
    drop(client);
    events.push(next_event(&mut lines, "DISCONNECT").await);
    let of = |name: &str| {
        events
            .iter()
            .map(|event| event["requestContext"][name].clone())
            .collect::<Vec<_>>()
    };
    for name in ["connectionId", "connectedAt"] {
        assert!(of(name).iter().all(|value| *value == of(name)[0]), "{name}");
    }
    assert_ne!(of("requestId")[0], of("requestId")[1]);
}
