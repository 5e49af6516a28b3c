//! What notify is invoked with.

use e2e::{World, eventually};
use serde_json::{Value, json};

fn pipeline_message() -> Value {
    json!({"users": ["friendless"], "topics": ["updates"],
        "body": {"message": "Updated your plays for 2026-01-01 to 2026-01-31"}})
}

#[tokio::test]
async fn an_existing_pipelines_message_is_understood_in_every_envelope() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let text = pipeline_message().to_string();
    let sns = json!({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"MessageId": "sns-1",
        "Message": text, "Timestamp": "2026-11-23T10:00:00.000Z", "TopicArn": "arn:aws:sns:us-east-1:0:t"}}]});
    let bridge = json!({"version": "0", "id": "bridge-1", "detail-type": "StatsUpdated", "source": "pipeline",
        "account": "0", "time": "2026-11-23T11:00:00Z", "region": "us-east-1", "resources": [], "detail": pipeline_message()});
    world.notify(&sns).await;
    assert_eq!(socket.hear().await["id"], "sns-1");
    world.notify(&bridge).await;
    assert_eq!(socket.hear().await["id"], "bridge-1");
    world.notify(&pipeline_message()).await;
    let push = socket.hear().await;
    assert_eq!(
        (&push["version"], &push["body"]),
        (&json!(3), &pipeline_message()["body"])
    );
    world.stop().await;
}

#[tokio::test]
async fn one_bad_record_of_a_queues_batch_fails_alone() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let good = pipeline_message().to_string();
    let failed = world
        .notify_by_queue(&[&good, "not JSON", r#"{"topic":"updates"}"#])
        .await;
    assert_eq!(failed, ["1", "2"]);
    assert_eq!(socket.hear().await["id"], "0");
    socket.is_quiet().await;
    world.stop().await;
}

#[tokio::test]
async fn records_for_one_login_are_told_in_their_order() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let bodies: Vec<String> = (0..10)
        .map(|n| json!({"login": "friendless", "body": n}).to_string())
        .collect();
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    assert_eq!(world.notify_by_queue(&bodies).await, [""; 0]);
    for n in 0..10 {
        assert_eq!(socket.hear().await["body"], n);
    }
    world.stop().await;
}

#[tokio::test]
async fn a_bad_stream_record_is_skipped_and_the_others_told() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let record = |sequence: &str, event: &str| {
        json!({"eventID": format!("stream-{sequence}"), "eventName": "INSERT", "eventSource": "aws:dynamodb",
            "dynamodb": {"ApproximateCreationDateTime": 1_763_900_000.0, "SequenceNumber": sequence,
                "NewImage": {"id": {"S": "o"}, "event": {"S": event}}}})
    };
    let good = pipeline_message().to_string();
    let answer = world
        .notify(&json!({"Records": [record("1", "not JSON"), record("2", &good)]}))
        .await;
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert_eq!(socket.hear().await["id"], "stream-2");
    eventually(true, async || world.has_printed(&["notify:", "\"BadEvents\":1.0"])).await;
    world.stop().await;
}

#[tokio::test]
async fn a_bad_event_is_told_which_field_and_touches_nothing() {
    let world = World::start().await;
    for (event, field) in [
        (json!({"users": ["friendless", ""]}), "users[1]"),
        (json!({"login": "friendless", "body": "x".repeat(9_000)}), "body"),
        (json!({"login": "friendless", "topic": ["updates"]}), "topic"),
        (json!({}), "login"),
        (json!([1, 2, 3]), "event"),
    ] {
        let (answer, is_error) = world.invoke("notify", &event).await;
        assert!(is_error);
        assert_eq!(answer["errorType"], "BadEvent");
        assert!(
            answer["errorMessage"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{field}:")),
            "{answer}"
        );
    }
    assert_eq!(world.items("updates").await, []);
    world.stop().await;
}

#[tokio::test]
async fn a_store_that_is_down_fails_every_record_and_a_second_try_loses_nothing() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let body = pipeline_message().to_string();
    world.local.database().stop().await;
    assert_eq!(world.notify_by_queue(&[&body]).await, ["0"]);
    let (answer, is_error) = world.invoke("notify", &pipeline_message()).await;
    assert!(is_error, "{answer}");
    world.local.database().restart().await.unwrap();
    assert_eq!(world.notify_by_queue(&[&body]).await, [""; 0]);
    assert_eq!(socket.hear().await["version"], 1);
    world.stop().await;
}
