use super::*;
use crate::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

fn invocation() -> Invocation {
    let received_at = Timestamp::parse("2026-11-23T12:00:00Z").unwrap();
    Invocation {
        request_id: "request".to_owned(),
        received_at,
        deadline: received_at,
    }
}

fn parse(event: &Value) -> Result<Batch, String> {
    let json = RawValue::from_string(event.to_string()).unwrap();
    Batch::parse(&json, &invocation()).map_err(|error| error.to_string())
}

/// Of each record: its id, and of its events the update's id and time or what is wrong.
fn summary(batch: &Batch) -> Vec<(&str, String)> {
    let say = |event: &Result<Notification, BadEvent>| match event {
        Ok(notification) => format!("{} {}", notification.update.id, notification.update.at),
        Err(error) => error.to_string(),
    };
    let records = batch.records.iter();
    records
        .map(|record| {
            (
                record.id.as_str(),
                record.events.iter().map(say).collect::<Vec<_>>().join(", "),
            )
        })
        .collect()
}

#[track_caller]
fn check(event: &Value, source: Source, expected: &[(&str, &str)]) {
    let batch = parse(event).unwrap();
    let expected: Vec<(&str, String)> = expected.iter().map(|(id, text)| (*id, (*text).to_owned())).collect();
    assert_eq!((batch.source, summary(&batch)), (source, expected));
}

fn event() -> Value {
    json!({"users": ["friendless"], "topics": ["updates"], "body": {"message": "Updated your plays"}})
}

fn sqs(id: &str, body: &str) -> Value {
    json!({"messageId": id, "receiptHandle": "r", "body": body, "attributes": {"SentTimestamp": "1763900000123"},
        "messageAttributes": {}, "md5OfBody": "…", "eventSource": "aws:sqs", "awsRegion": "us-east-1"})
}

fn stream(name: &str, sequence: &str, old: &Value, new: &Value) -> Value {
    json!({"eventID": format!("e{sequence}"), "eventName": name, "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "dynamodb": {"ApproximateCreationDateTime": 1_763_900_000.5, "SequenceNumber": sequence, "OldImage": old,
            "NewImage": new, "Keys": {"id": {"S": "o"}}, "SizeBytes": 9, "StreamViewType": "NEW_AND_OLD_IMAGES"}})
}

#[test]
fn an_event_of_a_direct_caller_has_the_id_and_time_of_the_request() {
    check(&event(), Source::Direct, &[("", "request 2026-11-23T12:00:00Z")]);
    check(&json!({"login": 1}), Source::Direct, &[("", "login: must be a string")]);
    for records in [Value::Null, json!([]), json!("the pipeline's own business")] {
        check(
            &json!({"Records": records, "login": "a"}),
            Source::Direct,
            &[("", "request 2026-11-23T12:00:00Z")],
        );
    }
}

#[test]
fn a_queues_records_are_read_one_by_one() {
    let own = json!({"login": "a", "id": "own", "at": 1_763_900_000_000_i64});
    let records = [
        sqs("m1", &event().to_string()),
        sqs("m2", "hello"),
        sqs("m3", &own.to_string()),
        sqs("m4", "{\"login\":null}"),
    ];
    let expected = [
        ("m1", "m1 2025-11-23T12:13:20.123Z"),
        ("m2", "Records[1].body: must be a JSON object"),
        ("m3", "own 2025-11-23T12:13:20Z"),
        (
            "m4",
            "Records[3].body.login: must be given once, as one of login, logins and users",
        ),
    ];
    check(&json!({"Records": records}), Source::Sqs, &expected);
}

#[test]
fn pipes_hand_over_a_bare_list_of_the_same_records() {
    check(
        &json!([sqs("m1", &event().to_string()), sqs("m2", "hello")]),
        Source::Sqs,
        &[
            ("m1", "m1 2025-11-23T12:13:20.123Z"),
            ("m2", "event[1].body: must be a JSON object"),
        ],
    );
    let image = json!({"event": {"S": event().to_string()}});
    check(
        &json!([stream("INSERT", "1", &Value::Null, &image)]),
        Source::Stream,
        &[("1", "e1 2025-11-23T12:13:20.5Z")],
    );
    // As a template makes them: the event itself, or its text.
    check(
        &json!([event(), event().to_string(), {"login": "a", "id": "own"}]),
        Source::Direct,
        &[
            ("", "request#0 2026-11-23T12:00:00Z"),
            ("", "request#1 2026-11-23T12:00:00Z"),
            ("", "own 2026-11-23T12:00:00Z"),
        ],
    );
    check(
        &json!([event()]),
        Source::Direct,
        &[("", "request 2026-11-23T12:00:00Z")],
    );
}

#[test]
fn sns_records_are_opened() {
    let record = json!({"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"MessageId": "m",
        "Message": event().to_string(), "Timestamp": "2026-11-23T11:30:00.000Z", "TopicArn": "arn"}});
    check(
        &json!({"Records": [record]}),
        Source::Sns,
        &[("", "m 2026-11-23T11:30:00Z")],
    );
}

#[test]
fn of_a_stream_new_items_and_changed_events_are_read() {
    let image = json!({"id": {"S": "o"}, "event": {"S": event().to_string()}});
    let touched = json!({"id": {"S": "o"}, "event": {"S": event().to_string()}, "expires_at": {"N": "1"}});
    let other = json!({"id": {"S": "o"}, "event": {"S": "{\"login\":\"b\"}"}});
    let records = json!({"Records": [
        stream("INSERT", "1", &Value::Null, &image),
        stream("REMOVE", "2", &image, &Value::Null),
        stream("MODIFY", "3", &image, &touched),
        stream("MODIFY", "4", &image, &other),
        stream("MODIFY", "5", &json!({"id": {"S": "o"}}), &image),
        stream("INSERT", "6", &Value::Null, &json!({"event": {"N": "7"}})),
        stream("INSERT", "7", &Value::Null, &json!({"event": {"S": "hello"}})),
        stream("MODIFY", "8", &image, &json!({"id": {"S": "o"}})),
    ]});
    let expected = [
        ("1", "e1 2025-11-23T12:13:20.5Z"),
        ("2", ""),
        ("3", ""),
        ("4", "e4 2025-11-23T12:13:20.5Z"),
        ("5", "e5 2025-11-23T12:13:20.5Z"),
        (
            "6",
            "Records[5].dynamodb.NewImage.event: must be a string attribute of the outbox item",
        ),
        ("7", "Records[6].dynamodb.NewImage.event: must be a JSON object"),
        ("8", ""),
    ];
    check(&records, Source::Stream, &expected);
}

#[test]
fn a_list_whose_records_cannot_be_told_apart_is_a_bad_event() {
    for (event, field) in [
        (json!({"Records": []}), "Records:"),
        (json!({"Records": {}}), "Records:"),
        (json!({"Records": "all"}), "Records:"),
        (json!([]), "event:"),
        (json!({"Records": [{"eventSource": 7}]}), "Records[0].eventSource"),
        (json!({"Records": [{"eventSource": "aws:sqs"}]}), "Records[0].messageId"),
        (
            json!({"Records": [sqs("1", "{}"), {"eventSource": "aws:sqs", "messageId": null}]}),
            "Records[1].messageId",
        ),
        (
            json!({"Records": [{"eventSource": "aws:dynamodb"}]}),
            "Records[0].dynamodb",
        ),
        (
            json!([{"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": 7}}]),
            "event[0].dynamodb.SequenceNumber",
        ),
    ] {
        let error = parse(&event).expect_err(field);
        assert!(error.starts_with(field), "{error}");
    }
}

#[test]
fn a_record_of_an_unknown_service_is_named() {
    for event in [
        json!({"Records": [{"eventSource": "aws:kinesis"}]}),
        json!({"Records": [{}]}),
    ] {
        let batch = parse(&event).unwrap();
        assert!(summary(&batch)[0].1.starts_with("Records[0]."), "{batch:?}");
    }
}

proptest! {
    #[test]
    fn no_event_makes_it_panic(body in ".{0,100}", source in "aws:(sqs|sns|dynamodb|s3)", text in ".{0,60}") {
        let _ = parse(&json!({"Records": [{"eventSource": source, "messageId": text, "body": body}]}));
        let _ = parse(&json!([{"eventSource": source, "eventID": text, "dynamodb": {"SequenceNumber": body}}]));
        let _ = parse(&json!({"Records": text}));
        let _ = parse(&json!(body));
    }
}
