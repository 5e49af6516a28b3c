//! Deferral: logins that notify has no time for, or for which a table or API Gateway throttles, are sent to the queue
//! and served later.

use chatter::local::Options;
use chatterbox_gateway::Faults;
use e2e::{Queue, World, set};
use serde_json::{Value, json};
use std::time::Duration;

/// A system in which notify has so little time that it stops before or during its first work.
async fn hurried(queue: Option<&Queue>, time: Duration) -> World {
    World::with(|options| {
        options.notify_timeout = time;
        if let Some(queue) = queue {
            use_queue(options, queue);
        }
    })
    .await
}

/// A system with a queue, the usual time, and fault injection.
async fn faulty(queue: &Queue) -> World {
    World::with(|options| {
        options.faults = Some(Faults::default());
        use_queue(options, queue);
    })
    .await
}

fn use_queue(options: &mut Options, queue: &Queue) {
    set(
        options,
        &[
            ("DEFER_QUEUE_URL", &queue.url()),
            ("AWS_ENDPOINT_URL_SQS", &queue.endpoint),
        ],
    );
}

#[tokio::test]
async fn logins_that_notify_has_no_time_for_go_to_the_queue_and_are_served_later() {
    let queue = Queue::start().await;
    let world = hurried(Some(&queue), Duration::from_secs(2)).await;
    let logins: Vec<String> = (0..600).map(|n| format!("login {n}")).collect();
    let report = world
        .notify(&json!({"logins": logins, "topics": ["a", "b"], "body": {"n": 1}, "id": "x"}))
        .await;
    assert_eq!((&report["deferred"], &report["sent"]), (&json!(600), &json!(0)));
    assert_eq!(report["logins"]["login 7"], "deferred");
    assert_eq!(world.items("updates").await, []);
    assert_eq!(queue.delays(), [0, 0]);
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
async fn without_a_queue_an_event_that_there_is_no_time_for_fails_so_that_its_source_retries() {
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
async fn an_event_fails_at_its_fifth_attempt_and_is_not_deferred_again() {
    let queue = Queue::start().await;
    let world = hurried(Some(&queue), Duration::from_secs(2)).await;
    let event = |attempt: u32| json!({"login": "friendless", "id": "x", "attempt": attempt}).to_string();
    assert_eq!(world.notify_by_queue(&[&event(4), &event(5)]).await, ["1"]);
    let later = queue.receive();
    assert_eq!(later["Records"].as_array().unwrap().len(), 1);
    assert!(later["Records"][0]["body"].as_str().unwrap().contains(r#""attempt":5"#));
    world.stop().await;
}

#[tokio::test]
async fn a_login_whose_posts_are_throttled_gets_its_push_from_a_later_invocation() {
    let queue = Queue::start().await;
    let world = faulty(&queue).await;
    let mut socket = world.connect(&world.log_in("friendless").await).await;
    world.inject(json!({"postsThrottled": 1}));
    let report = world
        .notify(&json!({"login": "friendless", "id": "x", "body": "told"}))
        .await;
    assert_eq!(report["logins"]["friendless"], 1);
    let counts = [&report["sent"], &report["failed"], &report["deferred"]];
    assert_eq!(counts, [&json!(0), &json!(1), &json!(1)]);
    assert!(queue.delays().iter().all(|delay| *delay <= 10));
    world.inject(json!({}));
    assert_eq!(world.notify(&queue.receive()).await, json!({"batchItemFailures": []}));
    let push = socket.hear().await;
    assert_eq!((&push["version"], &push["body"]), (&json!(1), &json!("told")));
    assert_eq!(queue.receive(), json!({"Records": []}));
    world.stop().await;
}

#[tokio::test]
async fn posts_that_are_throttled_at_the_last_attempt_do_not_fail_the_record() {
    let queue = Queue::start().await;
    let world = faulty(&queue).await;
    world.connect(&world.log_in("friendless").await).await;
    world.inject(json!({"postsThrottled": 1}));
    let event = json!({"login": "friendless", "id": "x", "attempt": 5}).to_string();
    assert!(world.notify_by_queue(&[&event]).await.is_empty());
    assert_eq!(queue.receive(), json!({"Records": []}));
    world.stop().await;
}

#[tokio::test]
async fn a_login_that_dynamodb_throttles_is_deferred_and_its_record_does_not_fail() {
    let queue = Queue::start().await;
    let world = faulty(&queue).await;
    let mut socket = world.connect(&world.log_in("friendless").await).await;
    let throttle = world.local.database().throttle().unwrap();
    throttle.set(1.0);
    let event =
        |attempt: u32| json!({"login": "friendless", "id": "x", "attempt": attempt, "body": "told"}).to_string();
    assert!(world.notify_by_queue(&[&event(1)]).await.is_empty());
    assert_eq!(world.notify_by_queue(&[&event(5)]).await, ["0"]);
    throttle.set(0.0);
    let later = queue.receive();
    assert_eq!(later["Records"].as_array().unwrap().len(), 1);
    assert_eq!(world.notify(&later).await, json!({"batchItemFailures": []}));
    assert_eq!(socket.hear().await["body"], "told");
    world.stop().await;
}
