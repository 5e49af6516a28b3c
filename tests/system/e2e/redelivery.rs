//! Every source of notify delivers at least once: nothing is lost, and nothing is recorded twice under the same id.

use chatterbox_gateway::Faults;
use e2e::{Socket, World, eventually};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

const LOGIN: &str = "friendless";

async fn faulty() -> World {
    World::with(|options| {
        options.faults = Some(Faults::default());
        options.limits.async_retry_delays = vec![Duration::from_millis(20); 2];
    })
    .await
}

async fn socket(world: &World) -> Socket {
    let session = world.log_in(LOGIN).await;
    world.connect(&session).await
}

/// How many updates the login's log has counted.
async fn recorded(world: &World) -> u64 {
    let items = world.items("updates").await;
    let version = items.first().map_or("0", |item| item["version"].as_n().unwrap());
    version.parse().unwrap()
}

/// Invokes notify as SNS, EventBridge or a caller in a hurry do: asynchronously, so that Lambda tries again by itself.
async fn invoke_later(world: &World, event: &Value) {
    let url = format!("{}/notify/invocations", world.local.functions_url());
    let request = reqwest::Client::new()
        .post(url)
        .header("x-amz-invocation-type", "Event");
    assert_eq!(request.json(event).send().await.unwrap().status(), 202);
}

/// Kills notify at the moment when it has recorded, and is trying to post what it cannot. Then the way is free again.
async fn kill_between_record_and_post(world: &World) {
    eventually(1, async || recorded(world).await).await;
    assert!(world.local.gateway().kill_processes("notify") > 0);
    world.inject(json!({}));
}

#[tokio::test]
async fn a_message_that_sqs_delivers_twice_is_recorded_once() {
    let world = faulty().await;
    let mut socket = socket(&world).await;
    let body = json!({"login": LOGIN, "body": "once"}).to_string();
    for _ in 0..2 {
        assert!(world.notify_by_queue(&[&body]).await.is_empty());
        let push = socket.hear().await;
        assert_eq!((&push["version"], &push["id"]), (&json!(1), &json!("0")));
    }
    assert_eq!(recorded(&world).await, 1);
    world.stop().await;
}

#[tokio::test]
async fn a_message_whose_notify_is_killed_after_it_recorded_is_told_by_the_next_delivery() {
    let world = faulty().await;
    let mut socket = socket(&world).await;
    world.inject(json!({"postsThrottled": 1}));
    let event = json!({"login": LOGIN, "id": "x", "body": "told"});
    let ((answer, is_error), ()) = tokio::join!(world.invoke("notify", &event), kill_between_record_and_post(&world));
    assert!(is_error);
    assert_eq!(answer["errorType"], "Runtime.ExitError");
    assert_eq!(world.notify(&event).await["logins"][LOGIN], "repeat");
    let push = socket.hear().await;
    assert_eq!(
        (&push["version"], &push["prev"], &push["body"]),
        (&json!(1), &json!(0), &json!("told"))
    );
    assert_eq!(recorded(&world).await, 1);
    world.stop().await;
}

#[tokio::test]
async fn an_asynchronous_event_whose_notify_is_killed_is_told_by_lambdas_own_retry() {
    let world = faulty().await;
    let mut socket = socket(&world).await;
    world.inject(json!({"postsThrottled": 1}));
    // Without an id of its own: Lambda's request id is the same in each of its tries.
    invoke_later(&world, &json!({"login": LOGIN, "body": "told"})).await;
    kill_between_record_and_post(&world).await;
    let push = socket.hear().await;
    assert_eq!((&push["version"], &push["body"]), (&json!(1), &json!("told")));
    assert_eq!(recorded(&world).await, 1);
    world.stop().await;
}

#[tokio::test]
async fn an_asynchronous_event_that_never_got_as_far_as_recording_is_tried_again_too() {
    let world = faulty().await;
    let mut socket = socket(&world).await;
    world.inject(json!({"invocationsKilled": 1, "killWithinMs": 0}));
    invoke_later(&world, &json!({"login": LOGIN, "body": "told"})).await;
    eventually(true, async || {
        world.local.gateway().injected().contains_key("process killed")
    })
    .await;
    world.inject(json!({}));
    assert_eq!(socket.hear().await["body"], "told");
    assert_eq!(recorded(&world).await, 1);
    world.stop().await;
}

#[tokio::test]
async fn messages_are_recorded_once_each_however_often_notify_is_killed_over_them() {
    let world = faulty().await;
    let mut socket = socket(&world).await;
    let (mut killed, mut sent) = (0, 0);
    world.inject(json!({"seed": 1, "invocationsKilled": 0.6, "killWithinMs": 10}));
    // By kills and not by messages: on a fast machine most invocations are over before they are killed.
    while killed < 10 {
        sent += 1;
        assert!(sent < 2_000, "nothing is ever killed");
        let event = json!({"login": LOGIN, "id": format!("{sent}"), "body": sent});
        while world.invoke("notify", &event).await.1 {
            killed += 1;
            assert!(killed < 400, "notify never gets through");
        }
    }
    world.inject(json!({}));
    assert_eq!(recorded(&world).await, sent as u64);
    let mut versions = BTreeMap::new();
    while versions.len() < sent {
        let push = socket.hear().await;
        let id = push["id"].as_str().unwrap().to_owned();
        let version = push["version"].clone();
        let before = versions.insert(id.clone(), version.clone());
        assert!(before.is_none_or(|before| before == version), "{id} was recorded twice");
    }
    world.stop().await;
}

#[tokio::test]
async fn what_there_was_no_time_to_tell_is_told_by_the_next_delivery() {
    let world = World::with(|options| {
        options.faults = Some(Faults::default());
        // Two seconds of it are kept for what is to be done at the end.
        options.notify_timeout = Duration::from_secs(4);
    })
    .await;
    let mut socket = socket(&world).await;
    world.inject(json!({"postsStalled": 1, "postDelayMs": 20_000}));
    let body = json!({"login": LOGIN, "body": "told"}).to_string();
    assert_eq!(world.notify_by_queue(&[&body]).await, ["0"]);
    assert_eq!(recorded(&world).await, 1);
    // What was posted did arrive. Only notify does not know it, and so tells it again.
    socket.hear().await;
    world.inject(json!({}));
    assert!(world.notify_by_queue(&[&body]).await.is_empty());
    let push = socket.hear().await;
    assert_eq!(
        (&push["version"], &push["id"], &push["body"]),
        (&json!(1), &json!("0"), &json!("told"))
    );
    assert_eq!(recorded(&world).await, 1);
    world.stop().await;
}

#[tokio::test]
async fn a_delivery_that_comes_again_after_something_newer_changes_nothing() {
    let world = faulty().await;
    let mut socket = socket(&world).await;
    let event = |id: &str, second: u32| {
        let at = format!("2026-11-23T09:00:{second:02}Z");
        json!({"login": LOGIN, "id": id, "at": at, "body": id})
    };
    let (older, newer) = (event("older", 1), event("newer", 2));
    for (event, outcome) in [(&older, json!(1)), (&newer, json!(2)), (&older, json!("stale"))] {
        assert_eq!(world.notify(event).await["logins"][LOGIN], outcome);
    }
    assert_eq!(
        (&socket.hear().await["id"], &socket.hear().await["id"]),
        (&json!("older"), &json!("newer"))
    );
    socket.is_quiet().await;
    assert_eq!(recorded(&world).await, 2);
    world.stop().await;
}
