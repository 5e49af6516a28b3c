//! What happens when notify runs out of time.

use e2e::{Queue, World};
use serde_json::{Value, json};
use std::time::Duration;

/// A system in which notify has so little time that it must stop at once, before or while it works.
async fn hurried(queue: Option<&Queue>, time: Duration) -> World {
    let settings = queue.map(|queue| {
        [
            ("DEFER_QUEUE_URL", queue.url()),
            ("AWS_ENDPOINT_URL_SQS", queue.endpoint.clone()),
        ]
    });
    World::with(|options| {
        options.notify_timeout = time;
        let settings = settings.into_iter().flatten();
        options
            .environment
            .extend(settings.map(|(name, value)| (name.to_owned(), value)));
    })
    .await
}

#[tokio::test]
async fn what_there_is_no_time_for_goes_to_the_queue_and_is_told_later() {
    let queue = Queue::start().await;
    let world = hurried(Some(&queue), Duration::from_secs(2)).await;
    let logins: Vec<String> = (0..600).map(|n| format!("login {n}")).collect();
    let report = world
        .notify(&json!({"logins": logins, "topics": ["a", "b"], "body": {"n": 1}, "id": "x"}))
        .await;
    assert_eq!((&report["deferred"], &report["sent"]), (&json!(600), &json!(0)));
    assert_eq!(report["logins"]["login 7"], "deferred");
    assert_eq!(world.items("updates").await, []);
    let later = queue.receive();
    world.stop().await;

    let records = later["Records"].as_array().unwrap();
    let events: Vec<Value> = records
        .iter()
        .map(|record| serde_json::from_str(record["body"].as_str().unwrap()).unwrap())
        .collect();
    let named: usize = events
        .iter()
        .map(|event| event["logins"].as_array().unwrap().len())
        .sum();
    assert_eq!((records.len(), named), (2, 600));
    assert!(
        events
            .iter()
            .all(|event| event["id"] == "x" && event["attempt"] == 2 && event["body"] == json!({"n": 1}))
    );

    let world = World::start().await;
    let session = world.log_in("login 7").await;
    let mut socket = world
        .connect(&e2e::Session {
            login: "login%207".to_owned(),
            ..session
        })
        .await;
    assert_eq!(world.notify(&later).await, json!({"batchItemFailures": []}));
    assert_eq!(socket.hear().await["id"], "x");
    assert_eq!(world.items("updates").await.len(), 600);
    world.stop().await;
}

#[tokio::test]
async fn without_a_queue_the_source_is_told_to_come_again() {
    let world = hurried(None, Duration::from_secs(2)).await;
    let (answer, is_error) = world.invoke("notify", &json!({"login": "friendless"})).await;
    assert!(is_error);
    assert_eq!(answer["errorMessage"], "1 of 1 logins failed: out of time");
    assert_eq!(
        world.notify_by_queue(&[r#"{"login":"friendless"}"#, "{}"]).await,
        ["0", "1"]
    );
    world.stop().await;
}

#[tokio::test]
async fn after_five_attempts_the_record_fails() {
    let queue = Queue::start().await;
    let world = hurried(Some(&queue), Duration::from_secs(2)).await;
    let event = |attempt: u32| json!({"login": "friendless", "id": "x", "attempt": attempt}).to_string();
    assert_eq!(world.notify_by_queue(&[&event(4), &event(5)]).await, ["1"]);
    let later = queue.receive();
    assert_eq!(later["Records"].as_array().unwrap().len(), 1);
    assert!(later["Records"][0]["body"].as_str().unwrap().contains(r#""attempt":5"#));
    world.stop().await;
}
