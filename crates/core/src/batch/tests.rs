use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn envelope() -> Envelope {
    let received_at = Timestamp::parse("2026-11-23T12:00:00Z").unwrap();
    Envelope {
        request_id: "request".to_owned(),
        received_at,
        deadline: received_at,
    }
}

fn parse(event: &Value) -> Result<Batch, String> {
    let json = RawValue::from_string(event.to_string()).unwrap();
    Batch::parse(&json, &envelope()).map_err(|error| error.to_string())
}

/// Of each record: its id, and the update's id and time or what is wrong.
fn summary(batch: &Batch) -> Vec<(&str, String)> {
    let say = |record: &Record| match &record.content {
        Ok(Some(notification)) => format!("{} {}", notification.update.id, notification.update.at),
        Ok(None) => "nothing".to_owned(),
        Err(error) => error.to_string(),
    };
    batch
        .records
        .iter()
        .map(|record| (record.id.as_str(), say(record)))
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

fn stream(name: &str, sequence: &str, image: &Value) -> Value {
    json!({"eventID": format!("e{sequence}"), "eventName": name, "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "dynamodb": {"ApproximateCreationDateTime": 1_763_900_000.5, "SequenceNumber": sequence, "NewImage": image,
            "Keys": {"id": {"S": "o"}}, "SizeBytes": 9, "StreamViewType": "NEW_IMAGE"}})
}

#[test]
fn a_callers_own_event_is_marked_by_the_request() {
    check(&event(), Source::Direct, &[("", "request 2026-11-23T12:00:00Z")]);
    check(&json!({"login": 1}), Source::Direct, &[("", "login: must be a string")]);
    check(
        &json!({"Records": null, "login": "a"}),
        Source::Direct,
        &[("", "request 2026-11-23T12:00:00Z")],
    );
}

#[test]
fn an_eventbridge_event_is_opened() {
    let bridged = json!({"version": "0", "id": "bridge", "detail-type": "StatsUpdated", "source": "pipeline",
        "time": "2026-11-23T11:00:00Z", "resources": [], "detail": event()});
    check(&bridged, Source::Direct, &[("", "bridge 2026-11-23T11:00:00.999Z")]);
    let bad = json!({"id": "bridge", "detail-type": "StatsUpdated", "detail": {}});
    check(
        &bad,
        Source::Direct,
        &[(
            "",
            "detail.login: must be given once, as one of login, logins and users",
        )],
    );
}

#[test]
fn sqs_records_are_opened_one_by_one() {
    let of_sns = json!({"Type": "Notification", "MessageId": "sns", "Message": event().to_string(),
        "Timestamp": "2026-11-23T10:00:00.000Z"});
    let own = json!({"login": "a", "id": "own", "at": 1_000});
    let records = json!({"Records": [sqs("m1", &event().to_string()), sqs("m2", "hello"),
        sqs("m3", &own.to_string()), sqs("m4", &of_sns.to_string())]});
    check(
        &records,
        Source::Sqs,
        &[
            ("m1", "m1 2025-11-23T12:13:20.123Z"),
            ("m2", "body.event: must be a JSON object"),
            ("m3", "own 1970-01-01T00:00:01Z"),
            ("m4", "sns 2026-11-23T10:00:00Z"),
        ],
    );
}

#[test]
fn sns_records_are_opened() {
    let record = json!({"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"MessageId": "m",
        "Message": event().to_string(), "Timestamp": "2026-11-23T11:30:00.000Z", "TopicArn": "arn"}});
    check(
        &json!({"Records": [record]}),
        Source::Sns,
        &[("m", "m 2026-11-23T11:30:00Z")],
    );
}

#[test]
fn of_a_stream_only_inserts_are_read() {
    let image = json!({"id": {"S": "o"}, "event": {"S": event().to_string()}});
    let records = json!({"Records": [
        stream("INSERT", "1", &image),
        stream("REMOVE", "2", &Value::Null),
        stream("MODIFY", "3", &image),
        stream("INSERT", "4", &json!({"event": {"N": "7"}})),
    ]});
    check(
        &records,
        Source::Stream,
        &[
            ("1", "e1 2025-11-23T12:13:20.5Z"),
            ("2", "nothing"),
            ("3", "nothing"),
            (
                "4",
                "dynamodb.NewImage.event: must be a string attribute of the outbox item",
            ),
        ],
    );
}

#[test]
fn a_clock_of_whole_seconds_does_not_make_an_event_older_than_it_is() {
    let received_at = Timestamp::parse("2026-11-23T12:00:34.950Z").unwrap();
    let postmark = Postmark {
        id: String::new(),
        at: received_at,
        received_at,
    };
    for (told, taken) in [
        ("2026-11-23T12:00:34Z", "2026-11-23T12:00:34.95Z"),
        ("2026-11-23T12:00:33Z", "2026-11-23T12:00:33.999Z"),
        ("2026-11-23T12:00:34.875Z", "2026-11-23T12:00:34.875Z"),
        // A clock that is ahead of ours.
        ("2026-11-23T12:00:36Z", "2026-11-23T12:00:36Z"),
    ] {
        assert_eq!(
            postmark.end_of_second(Timestamp::parse(told).unwrap()).to_string(),
            taken
        );
    }
}

#[test]
fn an_envelope_that_cannot_be_opened_is_a_bad_event() {
    for (event, field) in [
        (json!({"Records": []}), "Records"),
        (json!({"Records": [{}]}), "Records[0].eventSource"),
        (
            json!({"Records": [{"eventSource": "aws:kinesis"}]}),
            "Records[0].eventSource",
        ),
        (json!({"Records": [{"eventSource": "aws:sqs"}]}), "Records[0].messageId"),
    ] {
        assert!(parse(&event).unwrap_err().starts_with(field), "{event}");
    }
}

proptest! {
    #[test]
    fn no_event_makes_it_panic(body in ".{0,100}", source in "aws:(sqs|sns|dynamodb|s3)", text in ".{0,60}") {
        let _ = parse(&json!({"Records": [{"eventSource": source, "messageId": text, "body": body}]}));
        let _ = parse(&json!({"Records": text}));
        let _ = parse(&json!(body));
    }
}
