//! Messages of clients: routes, answers, and API Gateway's own frames.

use std::time::Duration;

use chatterbox_gateway::{Kind, Route};
use serde_json::{Value, json};

use crate::world::*;

/// A frame of API Gateway's own, to the last space.
fn assert_is_frame(text: &str, message: &str) {
    let frame: Value = serde_json::from_str(text).unwrap();
    let (id, request) = (
        frame["connectionId"].as_str().unwrap(),
        frame["requestId"].as_str().unwrap(),
    );
    assert_eq!(
        text,
        format!(r#"{{"message": "{message}", "connectionId":"{id}", "requestId":"{request}"}}"#)
    );
    assert_eq!((id.len(), request.len()), (16, 16));
}

#[tokio::test]
async fn a_message_takes_the_route_that_its_action_names() {
    let world = world(|config| {
        config.routes.insert("hello".into(), Route::two_way("f"));
    })
    .await;
    let mut client = world.client().await;
    for (message, key) in [
        (r#"{"action":"hello"}"#, "hello"),
        (r#"{"action":"other"}"#, "$default"),
        ("x", "$default"),
    ] {
        assert_eq!(client.ask(message).await["requestContext"]["routeKey"], key);
    }
}

#[tokio::test]
async fn a_message_without_a_route_is_forbidden_and_the_socket_stays_open() {
    let world = world(|config| {
        config.routes.clear();
        config.routes.insert("ping".into(), Route::mock(r#"{"type":"pong"}"#));
    })
    .await;
    let mut client = world.client().await;
    client.say("x").await;
    assert_is_frame(&client.hear().await, "Forbidden");
    client.say(r#"{"action":"ping"}"#).await;
    assert_eq!(client.hear().await, r#"{"type":"pong"}"#);
}

#[tokio::test]
async fn without_a_route_response_the_answer_is_dropped_whatever_it_is() {
    let world = world(|config| {
        config.routes.insert("quiet".into(), Route::lambda("f"));
        config.routes.insert(
            "silent".into(),
            Route {
                two_way: false,
                ..Route::mock("never heard")
            },
        );
        config.routes.insert("ping".into(), Route::mock("pong"));
    })
    .await;
    let (mut client, mut activity) = (world.client().await, world.gateway.activity());
    for message in [
        json!({ "action": "quiet", "body": "x" }),
        json!({ "action": "quiet", "do": "status", "status": 500 }),
        json!({ "action": "quiet", "do": "garbage" }),
        json!({ "action": "silent" }),
    ] {
        client.say(message).await;
        next_of(&mut activity, Kind::Message).await;
    }
    client.say(r#"{"action":"ping"}"#).await;
    assert_eq!(client.hear().await, "pong");
}

#[tokio::test]
async fn an_answer_without_a_body_says_nothing() {
    let world = world(|config| {
        config.routes.insert("ping".into(), Route::mock("pong"));
    })
    .await;
    let (mut client, mut activity) = (world.client().await, world.gateway.activity());
    client.say(json!({ "do": "print" })).await;
    assert_eq!(next_of(&mut activity, Kind::Message).await.status, Some(200));
    client.say(r#"{"action":"ping"}"#).await;
    assert_eq!(client.hear().await, "pong");
}

#[tokio::test]
async fn a_failure_is_an_error_frame_and_never_closes_the_socket() {
    let world = world(|config| {
        config.functions.get_mut("f").unwrap().timeout = Duration::from_millis(1500);
        config.routes.insert("quiet".into(), Route::lambda("f"));
    })
    .await;
    let mut client = world.client().await;
    for action in ["two-way", "quiet"] {
        for what in ["throw", "exit", "hang"] {
            client.say(json!({ "action": action, "do": what })).await;
            assert_is_frame(&client.hear().await, "Internal server error");
        }
    }
    for reply in [
        json!(null),
        json!({}),
        json!({ "statusCode": 500, "body": "not shown" }),
    ] {
        client.say(json!({ "do": "raw", "reply": reply })).await;
        assert_is_frame(&client.hear().await, "Internal server error");
    }
    client.id().await;
}

#[tokio::test]
async fn an_integration_that_times_out_is_a_frame_of_its_own() {
    let world = world(|config| config.limits.integration = Duration::from_millis(100)).await;
    let mut client = world.client().await;
    client.say(json!({ "do": "hang" })).await;
    assert_is_frame(&client.hear().await, "Endpoint request timed out");
}

#[tokio::test]
async fn answers_of_one_socket_may_overtake_each_other() {
    let world = world(|_| {}).await;
    let mut client = world.client().await;
    client
        .say(json!({ "do": "slow", "milliseconds": 3000, "body": "first" }))
        .await;
    client
        .say(json!({ "do": "slow", "milliseconds": 0, "body": "second" }))
        .await;
    assert_eq!(
        (client.hear().await, client.hear().await),
        ("second".into(), "first".into())
    );
}

#[tokio::test]
async fn one_sockets_messages_never_hold_up_another() {
    let world = world(|_| {}).await;
    let (mut slow, mut fast) = (world.client().await, world.client().await);
    for _ in 0..3 {
        slow.say(json!({ "do": "hang" })).await;
    }
    fast.id().await;
}

#[tokio::test]
async fn too_many_messages_are_throttled_with_a_frame() {
    let world = world(|config| {
        config.limits.requests_per_second = Some(0);
        config.limits.requests_burst = 1;
        config.routes.insert("ping".into(), Route::mock("pong"));
    })
    .await;
    let mut client = world.client().await;
    client.say(r#"{"action":"ping"}"#).await;
    assert_eq!(client.hear().await, "pong");
    client.say(r#"{"action":"ping"}"#).await;
    assert_is_frame(&client.hear().await, "Too Many Requests");
}

#[tokio::test]
async fn pings_are_answered_and_reach_no_function() {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;
    let world = world(|_| {}).await;
    let mut client = world.client().await;
    client.socket.send(Message::Ping("x".into())).await.unwrap();
    assert_eq!(
        within(client.socket.next()).await.unwrap().unwrap(),
        Message::Pong("x".into())
    );
    assert!(world.gateway.process_ids("f").is_empty());
}
