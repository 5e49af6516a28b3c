//! `GET /{stage}`: who gets a socket, and what everybody else is told.

use std::time::Duration;

use chatterbox_gateway::{Route, Throttle};
use serde_json::json;

use crate::raw::*;
use crate::world::*;

#[tokio::test]
async fn any_2xx_opens_the_socket() {
    let world = world_with_connect(|_| {}).await;
    for status in ["200", "201", "204", "299"] {
        let (mut client, response) = world
            .client_with(world.request(&format!("?do=status&status={status}")))
            .await;
        assert_eq!(response.status(), 101);
        client.ask("{}").await;
    }
}

#[tokio::test]
async fn any_other_status_is_passed_on_without_body_and_headers() {
    let world = world_with_connect(|_| {}).await;
    for status in [301, 400, 401, 403, 404, 418, 500, 501] {
        let request = world.request(&format!("?do=status&status={status}&body=secret"));
        assert_eq!(world.refusal(request).await, (status, String::new()));
    }
    assert_eq!(world.gateway.connections(), 0);
}

#[tokio::test]
async fn only_the_subprotocol_of_the_functions_headers_reaches_the_client() {
    let world = world_with_connect(|_| {}).await;
    let mut request = world.request("?do=subprotocol&name=b");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", "a, b".parse().unwrap());
    let (_, response) = world.client_with(request).await;
    assert_eq!(response.headers()["sec-websocket-protocol"], "b");

    let (_, response) = world.client_with(world.request("?do=status&status=200&body=x")).await;
    let mut names: Vec<&str> = response.headers().keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["connection", "date", "sec-websocket-accept", "upgrade"]);
}

#[tokio::test]
async fn the_gateway_chooses_no_subprotocol_and_no_extension_itself() {
    let world = world(|_| {}).await;
    let url = format!("http://{}/dev", world.address);
    let request = world
        .http
        .get(url)
        .header("connection", "Upgrade")
        .header("upgrade", "websocket");
    let request = request
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let request = request
        .header("sec-websocket-protocol", "a")
        .header("sec-websocket-extensions", "permessage-deflate");
    let response = within(request.send()).await.unwrap();
    assert_eq!(response.status(), 101);
    assert_eq!(
        response.headers()["sec-websocket-accept"],
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
    assert!(!response.headers().contains_key("sec-websocket-protocol"));
    assert!(!response.headers().contains_key("sec-websocket-extensions"));
}

#[tokio::test]
async fn a_failure_in_connect_is_a_502() {
    let world = world_with_connect(|_| {}).await;
    for what in ["throw", "exit", "garbage", "raw"] {
        let (status, body) = world.refusal(world.request(&format!("?do={what}&reply=null"))).await;
        assert_eq!(
            (status, &*body),
            (502, r#"{"message":"Internal server error"}"#),
            "{what}"
        );
    }
    assert_eq!(world.gateway.connections(), 0);
}

#[tokio::test]
async fn a_function_that_is_killed_at_its_own_timeout_in_connect_is_a_502() {
    let world = world_with_connect(|config| {
        config.functions.get_mut("f").unwrap().timeout = Duration::from_millis(200);
    })
    .await;
    assert_eq!(world.refusal(world.request("?do=hang")).await.0, 502);
}

#[tokio::test]
async fn an_integration_that_times_out_in_connect_is_a_504() {
    let world = world_with_connect(|config| config.limits.integration = Duration::from_millis(100)).await;
    let refusal = world.refusal(world.request("?do=hang")).await;
    assert_eq!(refusal, (504, r#"{"message":"Endpoint request timed out"}"#.into()));
}

/// AWS's own guide opens `wss://…/test/`, with a slash.
#[tokio::test]
async fn a_socket_opens_with_and_without_a_slash_after_the_stage() {
    let world = world_with_connect(|_| {}).await;
    for path in ["/dev", "/dev/", "/dev?a=b", "/dev/?a=b"] {
        Raw::open(&world, path, "").await;
    }
}

#[tokio::test]
async fn an_unknown_stage_is_forbidden() {
    let world = world(|_| {}).await;
    for path in [
        "/",
        "/other",
        "/other/",
        "/Dev",
        "/devs",
        "/dev%2f",
        "//dev",
        "/other/dev",
        "/@connections",
    ] {
        let (_, head) = Raw::handshake(&world, path, "").await;
        assert!(head.starts_with("HTTP/1.1 403 "), "{path}: {head}");
        let response = within(world.http.get(format!("http://{}{path}", world.address)).send())
            .await
            .unwrap();
        assert_eq!(response.text().await.unwrap(), r#"{"message":"Forbidden"}"#, "{path}");
    }
}

#[tokio::test]
async fn an_unknown_path_under_the_right_stage_is_a_404_that_names_it() {
    let world = world(|_| {}).await;
    for (method, path, route) in [
        ("GET", "/dev/x", "x"),
        ("GET", "/dev/x/", "x/"),
        ("GET", "/dev/x?secret=1", "x"),
        ("GET", "/dev//", "/"),
        ("GET", "/dev/a%20b", "a b"),
        ("GET", "/dev/a%22b", "a\"b"),
        ("GET", "/dev/@connections", "@connections"),
        ("GET", "/dev/@connections/", "@connections/"),
        (
            "POST",
            "/dev/dev/@connections/TXzPWdnOjoECGjA%3D",
            "dev/@connections/TXzPWdnOjoECGjA=",
        ),
        (
            "PUT",
            "/dev/@connections/TXzPWdnOjoECGjA%3D",
            "@connections/TXzPWdnOjoECGjA=",
        ),
        ("DELETE", "/dev/y", "y"),
    ] {
        let url = format!("http://{}{path}", world.address);
        let response = within(world.http.request(method.parse().unwrap(), url).send())
            .await
            .unwrap();
        assert_eq!(response.status(), 404, "{method} {path}");
        assert_eq!(response.headers()["x-amzn-errortype"], "NotFoundException");
        assert_eq!(response.headers()["x-amzn-requestid"].len(), 36);
        let body: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        let message = format!("No method found matching route {route} for http method {method}.");
        assert_eq!(body, json!({ "message": message }));
    }
    let (_, head) = Raw::handshake(&world, "/dev/x", "").await;
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
}

#[tokio::test]
async fn a_request_that_is_no_handshake_is_a_426_or_a_400() {
    let world = world(|_| {}).await;
    let url = format!("http://{}/dev", world.address);
    let plain = within(world.http.get(&url).send()).await.unwrap();
    assert_eq!(
        (plain.status().as_u16(), &plain.headers()["upgrade"]),
        (426, &"websocket".parse().unwrap())
    );
    let request = world
        .http
        .get(&url)
        .header("connection", "upgrade")
        .header("upgrade", "websocket");
    let without_key = within(request.header("sec-websocket-version", "13").send())
        .await
        .unwrap();
    assert_eq!(without_key.status(), 400);
    assert_eq!(within(world.http.post(&url).send()).await.unwrap().status(), 403);
}

/// RFC 6455, section 4.2.1.
#[tokio::test]
async fn a_handshake_that_the_rfc_does_not_allow_is_refused_and_opens_nothing() {
    let world = world(|_| {}).await;
    let good = "GET /dev HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    let version = "Sec-WebSocket-Version: 13\r\n";
    for (right, wrong, status) in [
        ("GET", "GET", 101),
        ("Upgrade: websocket", "UPGRADE: h2c, WebSocket", 101),
        ("GET", "HEAD", 400),
        ("HTTP/1.1", "HTTP/1.0", 400),
        ("Host: localhost\r\n", "", 400),
        ("Host: localhost\r\n", "Host: localhost\r\nHost: localhost\r\n", 400),
        (key, "", 400),
        (key, "x", 400),
        (key, "dGhlIHNhbXBsZSBub25jZQ", 400),
        (key, "dGhlIHNhbXBsZSBub25jZTE=", 400),
        (key, "dGhlIHNhbXBsZSBub25j", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 400),
        (version, &version.repeat(2), 400),
        (version, "", 426),
        (version, "Sec-WebSocket-Version: 8\r\n", 426),
        (version, "Sec-WebSocket-Version: 8, 13\r\n", 426),
        ("Upgrade: websocket\r\n", "", 426),
        ("Connection: Upgrade", "Connection: keep-alive", 426),
    ] {
        let (_, head) = Raw::request(world.address, &good.replacen(right, wrong, 1)).await;
        assert_eq!(head.split(' ').nth(1), Some(&*status.to_string()), "{wrong}: {head}");
        if status == 426 {
            assert!(head.contains("sec-websocket-version: 13"), "{head}");
        }
    }
    until(|| world.gateway.connections() == 0).await;
}

#[tokio::test]
async fn a_url_of_more_than_4096_characters_is_refused() {
    let world = world(|_| {}).await;
    let query = |length: usize| format!("?a={}", "x".repeat(length - "/dev?a=".len()));
    world.client_with(world.request(&query(4096))).await;
    assert_eq!(world.refusal(world.request(&query(4097))).await.0, 414);
}

#[tokio::test]
async fn a_throttled_connect_is_answered_429_runs_no_function_and_leaves_open_sockets_alone() {
    let throttle = Throttle { rate: 0, burst: 1 };
    let world = world_with_connect(|config| {
        config
            .routes
            .insert("$connect".into(), Route::lambda("f").throttled(throttle));
    })
    .await;
    let mut activity = world.gateway.activity();
    let mut open = world.client().await;
    for _ in 0..3 {
        let refusal = world.refusal(world.request("")).await;
        assert_eq!(refusal, (429, r#"{"message":"Too Many Requests"}"#.into()));
    }
    open.id().await;
    let invocations = all_of(&mut activity, "invocation");
    assert_eq!(
        invocations.len(),
        2,
        "one for the handshake, one for the message: {invocations:?}"
    );
}

#[tokio::test]
async fn a_throttled_disconnect_is_told_to_nobody() {
    let throttle = Throttle { rate: 0, burst: 1 };
    let world = world(|config| {
        change(config, |function| function.max_processes = 1);
        config
            .routes
            .insert("$disconnect".into(), Route::lambda("f").throttled(throttle));
    })
    .await;
    let mut activity = world.gateway.activity();
    for _ in 0..3 {
        drop(world.client().await);
        next_of(&mut activity, "disconnect").await;
    }
    let mut last = world.client().await;
    let mut activity = world.gateway.activity();
    last.id().await;
    drop(last);
    next_of(&mut activity, "disconnect").await;
    until(|| world.gateway.connections() == 0).await;
    let served = world.invoke_for_body(&json!({ "do": "process" })).await["served"].clone();
    assert_eq!(served, 3, "one disconnect, one message, and this");
}

#[tokio::test]
async fn too_many_handshakes_are_throttled() {
    let world = world(|config| config.limits.connects_per_second = Some(1)).await;
    world.client().await;
    let refusal = world.refusal(world.request("")).await;
    assert_eq!(refusal, (429, r#"{"message":"Too Many Requests"}"#.into()));
}

#[tokio::test]
async fn without_a_connect_route_every_client_is_accepted_and_no_process_runs() {
    let world = world(|_| {}).await;
    world.client().await;
    assert!(world.gateway.process_ids("f").is_empty());
}

#[tokio::test]
async fn a_client_that_leaves_while_connect_runs_is_disconnected_all_the_same() {
    let world = world_with_connect(|config| {
        config.functions.insert("printer".into(), printer());
        config
            .routes
            .insert("$disconnect".into(), chatterbox_gateway::Route::lambda("printer"));
    })
    .await;
    world.invoke(&json!({})).await;
    let (mut activity, mut lines) = (world.gateway.activity(), world.gateway.lines());
    let request = world.request("?do=slow&milliseconds=300");
    let leaves = tokio::time::timeout(Duration::from_millis(100), tokio_tungstenite::connect_async(request)).await;
    assert!(leaves.is_err());
    assert_eq!(next_of(&mut activity, "handshake").await["status"], 101);
    let event = next_event(&mut lines, "DISCONNECT").await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1006);
    assert_eq!(world.gateway.connections(), 0);
}
