//! Notify's events: the envelopes of SQS, SNS, EventBridge, DynamoDB streams and failed invocations, and bad events.

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
    // The answer has only the record's id. The log names the field, and never its value.
    for words in [
        ["\"record\":\"1\"", "Records[1].body: must be a JSON object"],
        ["\"record\":\"2\"", "Records[2].body.login"],
    ] {
        eventually(true, async || {
            world.has_printed(&["WARN", "could not be read", words[0], words[1]])
        })
        .await;
    }
    assert!(!world.has_printed(&["not JSON"]));
    world.stop().await;
}

#[tokio::test]
async fn null_counts_as_no_field_and_a_bare_list_of_records_is_answered_record_by_record() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let nulls = json!({"login": "friendless", "users": null, "topic": null, "topics": null, "body": null, "id": null, "at": null});
    world.notify(&nulls).await;
    let push = socket.hear().await;
    assert_eq!((&push["topic"], &push["body"]), (&json!("updates"), &json!({})));
    let record = |id: &str, body: &Value| json!({"messageId": id, "body": body.to_string(), "eventSource": "aws:sqs"});
    let answer = world
        .notify(&json!([record("m-1", &nulls), record("m-2", &json!({"login": 7}))]))
        .await;
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m-2"}]}));
    assert_eq!(socket.hear().await["id"], "m-1");
    world.stop().await;
}

#[tokio::test]
async fn the_record_of_a_failed_invocation_is_recorded_once_when_it_is_replayed() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let (answer, _) = world.invoke("notify", &pipeline_message()).await;
    assert_eq!(answer["logins"]["friendless"], 1);
    let first = socket.hear().await;
    let failed = json!({"version": "1.0", "timestamp": "2026-11-23T10:00:00.000Z", "requestPayload": pipeline_message(),
        "requestContext": {"requestId": first["id"], "condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"}, "responsePayload": {"errorType": "Failed"}});
    assert_eq!(world.notify_by_queue(&[&failed.to_string()]).await, [""; 0]);
    let again = socket.hear().await;
    assert_eq!((&again["version"], &again["id"]), (&json!(1), &first["id"]));
    world.stop().await;
}

#[tokio::test]
async fn an_outbox_item_that_is_overwritten_with_another_event_is_a_new_event() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let image =
        |body: u32| json!({"id": {"S": "o"}, "event": {"S": json!({"login": "friendless", "body": body}).to_string()}});
    let record = |sequence: &str, name: &str, old: Value, new: Value| {
        json!({"eventID": format!("stream-{sequence}"), "eventName": name, "eventSource": "aws:dynamodb",
            "dynamodb": {"SequenceNumber": sequence, "OldImage": old, "NewImage": new}})
    };
    let mut touched = image(2);
    touched["expires_at"] = json!({"N": "1"});
    let records = json!({"Records": [record("1", "INSERT", Value::Null, image(1)), record("2", "MODIFY", image(1), image(2)),
        record("3", "MODIFY", image(2), touched), record("4", "REMOVE", image(2), Value::Null)]});
    assert_eq!(world.notify(&records).await, json!({"batchItemFailures": []}));
    for body in [1, 2] {
        assert_eq!(socket.hear().await["body"], body);
    }
    socket.is_quiet().await;
    eventually(true, async || world.has_printed(&["notify:", "\"IgnoredRecords\":2.0"])).await;
    world.stop().await;
}

#[tokio::test]
async fn a_time_ahead_of_our_clock_does_not_block_its_topic_and_is_counted() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let ahead_by =
        |minutes: u64| (chatterbox_core::Timestamp::now() + std::time::Duration::from_secs(minutes * 60)).to_string();
    let event = json!({"login": "friendless"});
    for (n, ahead) in [
        json!({"login": "friendless", "at": ahead_by(50)}),
        json!({"login": "friendless", "at": ahead_by(24 * 60)}),
        json!({"id": "b", "detail-type": "t", "time": "2099-01-01T00:00:00Z", "detail": event}),
        json!({"Records": [{"EventSource": "aws:sns", "Sns": {"MessageId": "s", "Timestamp": ahead_by(5), "Message": event.to_string()}}]}),
    ]
    .iter()
    .enumerate()
    {
        let version = 2 * u64::try_from(n).unwrap() + 1;
        world.notify(ahead).await;
        assert_eq!(socket.hear().await["version"], version, "{ahead}");
        // The next ordinary update is newer than the one whose time was ahead.
        world.notify(&event).await;
        assert_eq!(socket.hear().await["version"], version + 1, "{ahead}");
    }
    eventually(true, async || {
        world.has_printed(&["notify:", "\"ClockAhead\":1.0", "\"Stale\":0.0"])
    })
    .await;
    eventually(true, async || {
        world.has_printed(&["WARN", "ahead of this machine's clock"])
    })
    .await;
    world.stop().await;
}

#[tokio::test]
async fn an_update_that_is_older_than_its_topics_newest_is_counted_as_stale() {
    let world = World::start().await;
    for at in ["2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"] {
        world.notify(&json!({"login": "friendless", "at": at})).await;
    }
    eventually(true, async || {
        world.has_printed(&["notify:", "\"Updates\":1.0", "\"Stale\":1.0"])
    })
    .await;
    world.stop().await;
}

#[tokio::test]
async fn records_for_one_login_are_pushed_in_their_order() {
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
async fn a_bad_stream_record_is_skipped_and_the_others_are_pushed() {
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
async fn a_bad_event_is_answered_with_the_name_of_its_field_and_records_nothing() {
    let world = World::start().await;
    for (event, field) in [
        (json!({"users": ["friendless", ""]}), "users[1]"),
        (json!({"login": "friendless", "body": "x".repeat(9_000)}), "body"),
        (json!({"login": "friendless", "topic": ["updates"]}), "topic"),
        (json!({}), "login"),
        (json!([1, 2, 3]), "event[0]"),
        (json!({"Records": "all"}), "Records"),
        (json!({"login": "friendless", "at": 1_763_900_000}), "at"),
        (
            json!({"detail-type": "t", "time": "1970-01-21T09:58:20Z", "detail": {"login": "friendless"}}),
            "time",
        ),
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
async fn while_dynamodb_is_down_every_record_fails_and_a_second_delivery_succeeds() {
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
