//! Who may call: this machine, and no web page from elsewhere.

use chatterbox_gateway::{Access, Server};

use crate::raw::*;
use crate::world::*;

/// The status of the answer to a request with these headers.
async fn status(world: &World, request: &str, headers: &str) -> String {
    let head = format!("{request} HTTP/1.1\r\n{headers}\r\nContent-Length: 0\r\n\r\n");
    let (_, head) = Raw::request(world.address, &head).await;
    assert!(!head.contains("access-control-allow"), "{head}");
    head.split(' ').nth(1).unwrap().to_owned()
}

const SOCKET: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const INVOKE: &str = "POST /2015-03-31/functions/f/invocations";
const POST: &str = "POST /dev/@connections/TXzPWdnOjoECGjA%3D";

#[tokio::test]
async fn a_web_page_that_has_made_its_name_mean_this_machine_is_refused() {
    let world = world(|config| config.faults = Some(Default::default())).await;
    for (request, own) in [
        ("GET /dev", "426"),
        (INVOKE, "200"),
        (POST, "410"),
        ("GET /_gateway/faults", "200"),
        ("GET /elsewhere", "403"),
    ] {
        assert_eq!(status(&world, request, "Host: evil.example").await, "403", "{request}");
        assert_eq!(status(&world, request, "Host: localhost:8080").await, own, "{request}");
        assert_eq!(status(&world, request, "X: no host").await, "400", "{request}");
    }
    let (_, head) = Raw::handshake(&world, "/dev", "Host: localhost\r\n").await;
    assert!(head.starts_with("HTTP/1.1 400 "), "two hosts: {head}");
    assert_eq!(
        status(&world, "GET /dev", &format!("Host: evil.example\r\n{SOCKET}")).await,
        "403"
    );
    assert_eq!(world.gateway.connections(), 0);
}

#[tokio::test]
async fn the_refusal_says_why_and_with_which_flag_to_let_a_name_in() {
    let world = world(|_| {}).await;
    let request = world.http.get(format!("http://{}/dev", world.address));
    let response = within(request.header("host", "box.example").send()).await.unwrap();
    assert_eq!(response.headers()["x-amzn-errortype"], "AccessDeniedException");
    let body = response.text().await.unwrap();
    assert!(body.contains("Host: ") && body.contains("--allow-host"), "{body}");
    let allowed = Server {
        access: Access {
            hosts: vec!["box.example".into()],
            ..Access::default()
        },
        ..Server::default()
    };
    let world = world_served_by(allowed, |_| {}).await;
    assert_eq!(status(&world, INVOKE, "Host: box.example").await, "200");
    assert_eq!(status(&world, INVOKE, "Host: other.example").await, "403");
}

#[tokio::test]
async fn a_page_of_another_port_or_machine_can_neither_call_nor_ask_whether_it_may() {
    let world = world(|config| config.faults = Some(Default::default())).await;
    let host = world.address;
    for origin in ["https://evil.example", "http://localhost:3000", "null"] {
        for request in [
            INVOKE,
            POST,
            "DELETE /_gateway/sockets",
            "OPTIONS /2015-03-31/functions/f/invocations",
        ] {
            let headers = format!("Host: {host}\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST");
            assert_eq!(status(&world, request, &headers).await, "403", "{request} {origin}");
        }
    }
    let own = format!("Host: {host}\r\nOrigin: http://{host}");
    assert_eq!(status(&world, INVOKE, &own).await, "200");
    assert!(!world.gateway.process_ids("f").is_empty());
}

#[tokio::test]
async fn a_page_of_this_machine_may_open_a_socket_from_any_port_and_one_of_another_only_if_it_is_allowed() {
    let server = Server {
        access: Access {
            origins: vec!["https://www.example.com".into()],
            ..Access::default()
        },
        ..Server::default()
    };
    let world = world_served_by(server, |_| {}).await;
    for (origin, expected) in [
        ("http://localhost:3000", "101"),
        ("http://127.0.0.1:5173", "101"),
        ("https://www.example.com", "101"),
        ("https://evil.example", "403"),
        ("null", "403"),
    ] {
        let (_, head) = Raw::handshake(&world, "/dev", &format!("Origin: {origin}\r\n")).await;
        assert_eq!(head.split(' ').nth(1), Some(expected), "{origin}: {head}");
    }
    // What looks like a socket opens nothing else.
    let headers = format!("Host: localhost\r\nOrigin: https://evil.example\r\n{SOCKET}");
    assert_eq!(status(&world, INVOKE, &headers).await, "403");
}

/// A page could guess the port of a function's Runtime API, take its events, and answer them.
#[tokio::test]
async fn no_page_reaches_the_runtime_api_of_a_function() {
    let world = world(|_| {}).await;
    let environment = world.invoke(&serde_json::json!({"do": "environment"})).await;
    let environment: serde_json::Value = serde_json::from_str(environment["body"].as_str().unwrap()).unwrap();
    let address = environment["AWS_LAMBDA_RUNTIME_API"].as_str().unwrap();
    for headers in [
        "Host: evil.example".to_owned(),
        format!("Host: {address}\r\nOrigin: http://{address}"),
        format!("Host: {address}\r\nSec-Fetch-Site: cross-site"),
    ] {
        let request = format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n{headers}\r\n\r\n");
        let (_, head) = Raw::request(address.parse().unwrap(), &request).await;
        assert!(head.starts_with("HTTP/1.1 403 "), "{headers}: {head}");
    }
    assert_eq!(world.invoke(&serde_json::json!({})).await["statusCode"], 200);
}
