//! Messages of clients: routes, answers, and API Gateway's own frames.

use std::time::Duration;

use chatterbox_gateway::{Route, Throttle};
use serde_json::{Value, json};

use crate::raw::*;
use crate::world::*;

/// Asserts that a text is an error frame as API Gateway writes it, to the last space.
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
        json!({ "action": "quiet", "do": "status", "status": 301 }),
        json!({ "action": "silent" }),
    ] {
        client.say(message).await;
        next_of(&mut activity, "message").await;
    }
    client.say(r#"{"action":"ping"}"#).await;
    assert_eq!(client.hear().await, "pong");
}

/// AWS drops the answer of a one-way route, but still checks it: architect/architect#1093, middyjs/middy#1219.
#[tokio::test]
async fn a_malformed_reply_is_an_error_frame_also_where_the_answer_is_dropped() {
    let world = world(|config| {
        config.routes.insert("quiet".into(), Route::lambda("f"));
    })
    .await;
    let (mut client, mut activity) = (world.client().await, world.gateway.activity());
    for (reply, note) in [
        (json!(null), "malformed reply: it is not a JSON object"),
        (json!("ok"), "malformed reply: it is not a JSON object"),
        (json!([200]), "malformed reply: it is not a JSON object"),
        (json!({}), "malformed reply: statusCode is not a number from 100 to 599"),
        (
            json!({ "status": 200 }),
            "malformed reply: it has a member that API Gateway does not know",
        ),
        (
            json!({ "statusCode": 200, "ConnectionId": "x" }),
            "malformed reply: it has a member that API Gateway does not know",
        ),
        (
            json!({ "statusCode": 200, "body": {} }),
            "malformed reply: body is not a string",
        ),
    ] {
        client
            .say(json!({ "action": "quiet", "do": "raw", "reply": reply }))
            .await;
        assert_is_frame(&client.hear().await, "Internal server error");
        let message = next_of(&mut activity, "message").await;
        assert_eq!(
            (&message["status"], &message["note"]),
            (&json!(502), &json!(note)),
            "{reply}"
        );
    }
    client.say(json!({ "action": "quiet", "do": "garbage" })).await;
    assert_is_frame(&client.hear().await, "Internal server error");
    next_of(&mut activity, "message").await;
    // These get no frame at all: the next one is the answer to the last message.
    for reply in [
        json!({ "statusCode": 200 }),
        json!({ "statusCode": "204", "body": null, "headers": { "a": 1 }, "isBase64Encoded": false }),
        json!({ "statusCode": 500, "body": "dropped" }),
    ] {
        client
            .say(json!({ "action": "quiet", "do": "raw", "reply": reply }))
            .await;
        assert_eq!(next_of(&mut activity, "message").await["note"], Value::Null, "{reply}");
    }
    client.id().await;
}

#[tokio::test]
async fn an_answer_without_a_body_sends_no_frame() {
    let world = world(|config| {
        config.routes.insert("ping".into(), Route::mock("pong"));
    })
    .await;
    let (mut client, mut activity) = (world.client().await, world.gateway.activity());
    client.say(json!({ "do": "print" })).await;
    assert_eq!(next_of(&mut activity, "message").await["status"], 200);
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
async fn messages_of_one_socket_never_hold_up_another_socket() {
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

/// A route's limit of so many requests, which does not fill again while a test runs.
fn only(burst: u32) -> Throttle {
    Throttle { rate: 0, burst }
}

#[tokio::test]
async fn a_route_that_is_throttled_answers_with_a_frame_runs_no_function_and_leaves_the_others_alone() {
    let world = world(|config| {
        let default = Route::two_way("f").throttled(only(2));
        config.routes.insert("$default".into(), default);
        config.routes.insert("ping".into(), Route::mock("pong"));
    })
    .await;
    let mut activity = world.gateway.activity();
    let (mut client, mut other) = (world.client().await, world.client().await);
    for _ in 0..2 {
        client.id().await;
    }
    for _ in 0..3 {
        client.say("hello").await;
        assert_is_frame(&client.hear().await, "Too Many Requests");
        other.say(r#"{"action":"ping"}"#).await;
        assert_eq!(other.hear().await, "pong");
    }
    let entries: Vec<Value> = std::iter::from_fn(|| activity.try_recv().ok())
        .map(|entry| serde_json::to_value(entry).unwrap())
        .collect();
    let count = |kind: &str| entries.iter().filter(|entry| entry["kind"] == kind).count();
    assert_eq!((count("invocation"), count("message")), (2, 8));
    let throttled = entries.iter().filter(|entry| entry["note"] == "throttled");
    assert!(
        throttled
            .clone()
            .all(|entry| entry["route"] == "$default" && entry["status"] == 429)
    );
    assert_eq!(throttled.count(), 3);
}

#[tokio::test]
async fn a_flood_on_one_socket_has_at_most_eight_messages_before_the_one_of_another_socket() {
    let world = world(|config| change(config, |function| function.max_processes = 1)).await;
    let (mut flood, mut bystander) = (world.client().await, world.client().await);
    let (flooder, _) = (flood.id().await, bystander.id().await);
    let mut activity = world.gateway.activity();
    // While the only process is busy with the first, all the others and then the bystander's have come.
    flood.say(json!({ "do": "slow", "milliseconds": 1_000 })).await;
    for _ in 0..300 {
        flood.say(json!({ "do": "process" })).await;
    }
    bystander.id().await;
    let before = all_of(&mut activity, "message");
    let of_the_flood = before.iter().filter(|entry| entry["connectionId"] == flooder).count();
    assert!((1..=8).contains(&of_the_flood), "{of_the_flood}");
    for _ in 0..301 {
        flood.hear().await;
    }
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

#[tokio::test]
async fn an_answer_over_128_kb_is_an_error_frame_and_the_socket_stays_open() {
    let limit = 128 * 1024;
    let world = world(|config| {
        config.routes.insert("whole".into(), Route::mock("x".repeat(limit)));
        config.routes.insert("long".into(), Route::mock("x".repeat(limit + 1)));
    })
    .await;
    let mut client = world.client().await;
    client.say(json!({ "do": "body", "bytes": limit })).await;
    assert_eq!(client.hear().await.len(), limit);
    client.say(json!({ "do": "body", "bytes": limit + 1 })).await;
    assert_is_frame(&client.hear().await, "Internal server error");
    client.say(json!({ "do": "body", "bytes": 5_000_000 })).await;
    assert_is_frame(&client.hear().await, "Internal server error");
    client.say(json!({ "action": "whole" })).await;
    assert_eq!(client.hear().await.len(), limit);
    let mut activity = world.gateway.activity();
    client.say(json!({ "action": "long" })).await;
    assert_is_frame(&client.hear().await, "Internal server error");
    let message = next_of(&mut activity, "message").await;
    assert_eq!(message["note"], "answer over the message limit");
}

#[tokio::test]
async fn a_message_over_32_kb_goes_out_in_frames_of_at_most_32_kb() {
    let frame = 32 * 1024;
    let world = world(|config| {
        config.routes.insert("long".into(), Route::mock("x".repeat(2 * frame)));
    })
    .await;
    let mut activity = world.gateway.activity();
    let mut client = Raw::open(&world, "/dev", "").await;
    let id = next_of(&mut activity, "handshake").await["connectionId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(world.post(&id, "x".repeat(frame)).await.status(), 200);
    assert_eq!(client.see().await, Seen::Frame(0x81, vec![b'x'; frame]));
    // The first frame ends in the middle of a character of two bytes.
    let text = format!("{}ü{}", "x".repeat(frame - 1), "y".repeat(frame));
    assert_eq!(world.post(&id, text.clone()).await.status(), 200);
    let (first, rest) = text.as_bytes().split_at(frame);
    let (second, third) = rest.split_at(frame);
    for (opcode, payload) in [(0x01, first), (0x00, second), (0x80, third)] {
        assert_eq!(client.see().await, Seen::Frame(opcode, payload.to_vec()));
    }
    client.send(0x81, br#"{"action":"long"}"#).await;
    for opcode in [0x01, 0x80] {
        assert_eq!(client.see().await, Seen::Frame(opcode, vec![b'x'; frame]));
    }
}

#[tokio::test]
async fn a_socket_that_is_deleted_within_a_message_gets_all_its_frames_first() {
    let world = world(|config| config.limits.outgoing_bytes = 4 * 1024 * 1024).await;
    let mut activity = world.gateway.activity();
    let mut client = Raw::open(&world, "/dev", "").await;
    let id = next_of(&mut activity, "handshake").await["connectionId"]
        .as_str()
        .unwrap()
        .to_owned();
    for _ in 0..20 {
        assert_eq!(world.post(&id, "x".repeat(128 * 1024)).await.status(), 200);
    }
    within(world.http.delete(world.connections(&id)).send()).await.unwrap();
    for _ in 0..20 {
        for opcode in [0x01, 0x00, 0x00, 0x80] {
            assert_eq!(client.see().await, Seen::Frame(opcode, vec![b'x'; 32 * 1024]));
        }
    }
    assert_eq!(client.see_close().await.0, 1000);
}
