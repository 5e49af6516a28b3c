//! `@connections`: post, get, delete.

use std::time::{Duration, Instant};

use chatterbox_gateway::{Config, Route};
use serde_json::{Value, json};

use crate::world::*;

const UNKNOWN: &str = "TXzPWdnOjoECGjA=";

async fn assert_error(response: reqwest::Response, status: u16, error_type: &str, message: Option<&str>) {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()["x-amzn-errortype"], error_type);
    let body = response.text().await.unwrap();
    match message {
        None => assert_eq!(body, ""),
        Some(message) => {
            let body: Value = serde_json::from_str(&body).unwrap();
            assert!(body["message"].as_str().unwrap().starts_with(message), "{body}");
        }
    }
}

#[tokio::test]
async fn a_post_arrives_as_a_text_frame_in_order() {
    let world = world(|_| {}).await;
    let (mut client, id) = world.client_and_id().await;
    for number in 0..50 {
        let response = world.post(&id, format!("news {number} ü")).await;
        assert_eq!(
            (response.status().as_u16(), response.text().await.unwrap().as_str()),
            (200, "")
        );
    }
    for number in 0..50 {
        assert_eq!(client.hear().await, format!("news {number} ü"));
    }
}

#[tokio::test]
async fn the_at_sign_and_the_id_may_be_percent_encoded_or_not() {
    let world = world(|_| {}).await;
    let (mut client, id) = world.client_and_id().await;
    for at in ["@", "%40"] {
        for id in [id.clone(), id.replace('=', "%3D"), id.replace('=', "%3d")] {
            let url = format!("http://{}/dev/{at}connections/{id}", world.address);
            assert_eq!(
                within(world.http.post(&url).body("x").send()).await.unwrap().status(),
                200,
                "{url}"
            );
            assert_eq!(client.hear().await, "x");
        }
    }
}

#[tokio::test]
async fn get_says_when_a_socket_was_opened_and_last_used_and_by_whom() {
    let world = world(|_| {}).await;
    let mut request = world.request("");
    request.headers_mut().insert("user-agent", "tests/1".parse().unwrap());
    let (mut client, _) = world.client_with(request).await;
    let event = client.ask("x").await;
    let id = event["requestContext"]["connectionId"].as_str().unwrap();
    let response = within(world.http.get(world.connections(id)).send()).await.unwrap();
    assert_eq!(response.status(), 200);
    let about: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    let mut fields: Vec<&String> = about.as_object().unwrap().keys().collect();
    fields.sort_unstable();
    assert_eq!(fields, ["connectedAt", "identity", "lastActiveAt"]);
    assert_eq!(
        about["identity"],
        json!({ "sourceIp": "127.0.0.1", "userAgent": "tests/1" })
    );
    let (connected, active) = (
        about["connectedAt"].as_str().unwrap(),
        about["lastActiveAt"].as_str().unwrap(),
    );
    assert!(
        connected < active && connected.len() == 24 && active.ends_with('Z'),
        "{about}"
    );
}

#[tokio::test]
async fn delete_closes_a_socket_with_1000_after_what_was_posted_before() {
    let world = world(|config| {
        config.functions.insert("printer".into(), printer());
        config.routes.insert("$disconnect".into(), Route::lambda("printer"));
    })
    .await;
    let mut lines = world.gateway.lines();
    let (mut client, id) = world.client_and_id().await;
    assert_eq!(world.post(&id, "last words").await.status(), 200);
    let response = within(world.http.delete(world.connections(&id)).send()).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.text().await.unwrap().as_str()),
        (204, "")
    );
    assert_error(world.post(&id, "x").await, 410, "GoneException", None).await;
    assert_eq!(client.hear().await, "last words");
    assert_eq!(client.ended().await, (1000, "Connection Closed Normally".into()));
    let event = next_event(&mut lines, "DISCONNECT").await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1000);
    assert_eq!(
        event["requestContext"]["disconnectReason"],
        "Connection Closed Normally"
    );
}

#[tokio::test]
async fn an_id_that_no_socket_has_is_gone() {
    let world = world(|_| {}).await;
    let url = world.connections(UNKNOWN);
    for request in [
        world.http.post(&url).body("x"),
        world.http.get(&url),
        world.http.delete(&url),
    ] {
        assert_error(within(request.send()).await.unwrap(), 410, "GoneException", None).await;
    }
}

#[tokio::test]
async fn a_socket_that_has_ended_is_gone() {
    let world = world(|_| {}).await;
    let (client, id) = world.client_and_id().await;
    drop(client);
    until(|| world.gateway.connections() == 0).await;
    assert_error(world.post(&id, "x").await, 410, "GoneException", None).await;
}

#[tokio::test]
async fn a_post_before_connect_has_returned_is_gone() {
    let world = world_with_connect(|config| {
        config.functions.insert("f".into(), printer());
    })
    .await;
    let mut lines = world.gateway.lines();
    let request = world.request("?do=slow&milliseconds=700");
    let (client, id) = tokio::join!(world.client_with(request), async {
        let event = next_event(&mut lines, "CONNECT").await;
        let id = event["requestContext"]["connectionId"].as_str().unwrap().to_owned();
        assert_error(world.post(&id, "too early").await, 410, "GoneException", None).await;
        id
    });
    assert_eq!(world.post(&id, "now").await.status(), 200);
    let (mut client, _) = client;
    assert_eq!(client.hear().await, "now");
}

#[tokio::test]
async fn a_malformed_id_is_a_bad_request() {
    let world = world(|_| {}).await;
    for id in ["nonsense", "TXzPWdnOjoECGjA", "TXzPWdnOjoECGj+=", "%20"] {
        let message = format!("Invalid connectionId: {}", if id == "%20" { " " } else { id });
        assert_error(world.post(id, "x").await, 400, "BadRequestException", Some(&message)).await;
    }
}

#[tokio::test]
async fn a_missing_or_wrong_stage_is_forbidden() {
    let world = world(|_| {}).await;
    let (_client, id) = world.client_and_id().await;
    for path in ["@connections", "other/@connections", "other/dev/@connections"] {
        let url = format!("http://{}/{path}/{id}", world.address);
        let response = within(world.http.post(url).body("x").send()).await.unwrap();
        assert_error(response, 403, "ForbiddenException", Some("Forbidden")).await;
    }
}

#[tokio::test]
async fn a_post_of_128_kb_arrives_and_a_larger_one_is_refused() {
    let world = world(|_| {}).await;
    let (mut client, id) = world.client_and_id().await;
    let largest = "x".repeat(128 * 1024);
    assert_eq!(world.post(&id, largest.clone()).await.status(), 200);
    assert_eq!(client.hear().await, largest);
    let response = world.post(&id, largest + "x").await;
    assert_error(response, 413, "PayloadTooLargeException", Some("Message too long")).await;
}

#[tokio::test]
async fn a_post_that_is_not_utf8_is_refused() {
    let world = world(|_| {}).await;
    let (_client, id) = world.client_and_id().await;
    assert_error(
        world.post(&id, vec![0xff]).await,
        400,
        "BadRequestException",
        Some("The message is not UTF-8"),
    )
    .await;
}

#[tokio::test]
async fn too_many_posts_are_throttled() {
    let world = world(|config| {
        config.limits.requests_per_second = Some(0);
        config.limits.requests_burst = 1;
    })
    .await;
    let (_client, id) = world.client_and_id().await;
    let response = world.post(&id, "x").await;
    assert_error(response, 429, "LimitExceededException", Some("Too Many Requests")).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_gets_429_and_delays_nobody() {
    let world = world(|config: &mut Config| config.limits.outgoing_bytes = 256 * 1024).await;
    let ((mut deaf, deaf_id), (mut other, other_id)) = (world.client_and_id().await, world.client_and_id().await);
    let chunk = "x".repeat(100 * 1024);
    let mut taken = 0;
    // First the socket buffers of both sides have to fill, which hold a few MB.
    let refused = loop {
        let response = world.post(&deaf_id, format!("{taken} {chunk}")).await;
        if response.status() != 200 {
            break response;
        }
        taken += 1;
        assert!(taken < 1000, "nothing is ever full");
    };
    assert_error(
        refused,
        429,
        "LimitExceededException",
        Some("The client's buffer is full"),
    )
    .await;
    let start = Instant::now();
    assert_eq!(world.post(&other_id, "news").await.status(), 200);
    assert_eq!(other.hear().await, "news");
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "held up for {:?}",
        start.elapsed()
    );
    // All accepted messages arrive once the client reads, and then there is room again.
    for number in 0..taken {
        assert!(deaf.hear().await.starts_with(&format!("{number} ")));
    }
    assert_eq!(world.post(&deaf_id, "again").await.status(), 200);
    assert_eq!(deaf.hear().await, "again");
}

#[tokio::test]
async fn a_client_that_does_not_read_can_still_be_closed() {
    let world = world(|config: &mut Config| config.limits.outgoing_bytes = 128 * 1024).await;
    let (_deaf, id) = world.client_and_id().await;
    let mut activity = world.gateway.activity();
    let chunk = "x".repeat(100 * 1024);
    while world.post(&id, chunk.clone()).await.status() == 200 {}
    within(world.http.delete(world.connections(&id)).send()).await.unwrap();
    assert_eq!(next_of(&mut activity, "disconnect").await["status"], 1000);
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let world = world(|config| config.limits.message_bytes = 10_000).await;
    let (_client, id) = world.client_and_id().await;
    let (known, unknown) = (world.connections(&id), world.connections(UNKNOWN));
    let (malformed, elsewhere) = (world.connections("nonsense"), known.replace("/dev/", "/other/"));
    let mut ids = std::collections::BTreeSet::new();
    for (request, status) in [
        (world.http.post(&known).body("x"), 200),
        (world.http.get(&known), 200),
        (world.http.post(&known).body("x".repeat(10_001)), 413),
        (world.http.post(&known).body(vec![0xff]), 400),
        (world.http.post(&malformed), 400),
        (world.http.post(&unknown).body("x"), 410),
        (world.http.get(&unknown), 410),
        (world.http.post(&elsewhere).body("x"), 403),
        (world.http.delete(&known), 204),
    ] {
        let response = within(request.send()).await.unwrap();
        assert_eq!(response.status(), status);
        let id = response.headers()["x-amzn-requestid"].to_str().unwrap().to_owned();
        assert_eq!(id.len(), 36, "{status}");
        assert!(ids.insert(id), "{status}: an id for the second time");
    }
}
