//! Redelivery: every source of notify delivers at least once, so no update may be lost, or recorded twice under one id.

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

/// The version of the login's log: the number of updates recorded in it.
async fn recorded(world: &World) -> u64 {
    let items = world.items("updates").await;
    let version = items.first().map_or("0", |item| item["version"].as_n().unwrap());
    version.parse().unwrap()
}

/// Invokes notify asynchronously, as SNS and EventBridge do: Lambda itself retries.
async fn invoke_asynchronously(world: &World, event: &Value) {
    let url = format!("{}/notify/invocations", world.local.functions_url());
    let request = reqwest::Client::new()
        .post(url)
        .header("x-amz-invocation-type", "Event");
    assert_eq!(request.json(event).send().await.unwrap().status(), 202);
}

/// Kills notify once it has recorded the update, while its posts are throttled. Afterwards posts succeed again.
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
async fn an_update_whose_notify_is_killed_after_recording_is_pushed_by_the_next_delivery() {
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
async fn an_asynchronous_event_whose_notify_is_killed_after_recording_is_pushed_by_lambdas_own_retry() {
    let world = faulty().await;
    let mut socket = socket(&world).await;
    world.inject(json!({"postsThrottled": 1}));
    // The event has no id of its own. Lambda's request id, which takes its place, is the same in every try.
    invoke_asynchronously(&world, &json!({"login": LOGIN, "body": "told"})).await;
    kill_between_record_and_post(&world).await;
    let push = socket.hear().await;
    assert_eq!((&push["version"], &push["body"]), (&json!(1), &json!("told")));
    assert_eq!(recorded(&world).await, 1);
    world.stop().await;
}

#[tokio::test]
async fn an_asynchronous_event_whose_notify_is_killed_before_recording_is_recorded_by_lambdas_own_retry() {
    let world = faulty().await;
    let mut socket = socket(&world).await;
    world.inject(json!({"invocationsKilled": 1, "killWithinMs": 0}));
    invoke_asynchronously(&world, &json!({"login": LOGIN, "body": "told"})).await;
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
    // Counts kills and not messages: on a fast machine most invocations end before they are killed.
    while killed < 10 {
        sent += 1;
        assert!(sent < 2_000, "almost no invocation was killed");
        let event = json!({"login": LOGIN, "id": format!("{sent}"), "body": sent});
        while world.invoke("notify", &event).await.1 {
            killed += 1;
            assert!(
                killed < 400,
                "notify was killed 400 times and did not complete all events"
            );
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
async fn an_update_that_notify_had_no_time_to_push_is_pushed_by_the_next_delivery() {
    let world = World::with(|options| {
        options.faults = Some(Faults::default());
        // Notify stops two seconds before its time-out, which leaves two seconds.
        options.notify_timeout = Duration::from_secs(4);
    })
    .await;
    let mut socket = socket(&world).await;
    world.inject(json!({"postsStalled": 1, "postDelayMs": 20_000}));
    let body = json!({"login": LOGIN, "body": "told"}).to_string();
    assert_eq!(world.notify_by_queue(&[&body]).await, ["0"]);
    assert_eq!(recorded(&world).await, 1);
    // The stalled post did arrive, but notify got no answer, and so it posts again.
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
async fn a_redelivery_after_a_newer_update_is_stale_and_changes_nothing() {
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
