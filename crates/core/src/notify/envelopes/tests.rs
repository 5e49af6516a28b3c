use super::*;
use crate::{Invocation, Timestamp};
use serde_json::{Value, json};

const NOW: &str = "2026-11-23T12:00:00.500Z";

/// The id and time of each event in the payload, or what is wrong with it.
fn opened(payload: &Value) -> Vec<String> {
    opened_text(&payload.to_string())
}

/// The same of a text, which may hold what a [`Value`] cannot.
fn opened_text(payload: &str) -> Vec<String> {
    let received_at = Timestamp::parse(NOW).unwrap();
    let context = EventContext::of(&Invocation {
        request_id: "request".to_owned(),
        received_at,
        deadline: received_at,
    });
    let events = open(&RawValue::from_string(payload.to_owned()).unwrap(), &context);
    let say = |event: &Opened| match event {
        Ok(event) => format!("{} {}", event.update.id, event.update.at),
        Err(bad) => bad.to_string(),
    };
    events.iter().map(say).collect()
}

fn event() -> Value {
    json!({"login": "friendless", "body": {"message": "Updated your plays"}})
}

// Each envelope as its service makes it, around anything.

fn bridge(detail: &Value) -> Value {
    json!({"version": "0", "id": "bridge", "detail-type": "StatsUpdated", "source": "pipeline", "account": "1",
        "time": "2026-11-23T11:00:00Z", "region": "r", "resources": [], "detail": detail})
}

fn sns(message: &Value) -> Value {
    json!({"Type": "Notification", "MessageId": "sns", "TopicArn": "arn", "Message": message.to_string(),
        "Timestamp": "2026-11-23T10:00:00.000Z"})
}

fn sns_record(message: &Value) -> Value {
    json!({"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sns(message)})
}

fn sqs(body: &Value) -> Value {
    // 2026-11-23T09:00:00.123Z
    json!({"messageId": "sqs", "body": body.to_string(), "attributes": {"SentTimestamp": "1795424400123"},
        "eventSource": "aws:sqs"})
}

fn change(event: &Value) -> Value {
    // 2026-11-23T08:00:00Z, by a clock of whole seconds
    json!({"eventID": "change", "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": {
        "SequenceNumber": "1", "ApproximateCreationDateTime": 1_795_420_800, "NewImage": {"event": {"S": event.to_string()}}}})
}

fn failed(payload: &Value) -> Value {
    json!({"version": "1.0", "timestamp": "2026-11-23T07:00:00.000Z", "requestContext": {"requestId": "first",
        "functionArn": "arn", "condition": "RetriesExhausted", "approximateInvokeCount": 3}, "requestPayload": payload,
        "responseContext": {"statusCode": 200}, "responsePayload": {"errorType": "Failed"}})
}

#[test]
fn every_envelope_is_opened_in_every_order_and_the_innermost_id_and_time_count() {
    for (payload, expected) in [
        (event(), "request 2026-11-23T12:00:00.5Z"),
        (bridge(&event()), "bridge 2026-11-23T11:00:00.999Z"),
        (sns(&event()), "sns 2026-11-23T10:00:00Z"),
        (json!({"Records": [sqs(&event())]}), "sqs 2026-11-23T09:00:00.123Z"),
        (json!([change(&event())]), "change 2026-11-23T08:00:00.999Z"),
        (failed(&event()), "first 2026-11-23T07:00:00Z"),
        // EventBridge to SNS, and what else sites build of them.
        (
            json!({"Records": [sns_record(&bridge(&event()))]}),
            "bridge 2026-11-23T11:00:00.999Z",
        ),
        (
            json!({"Records": [sqs(&sns(&bridge(&event())))]}),
            "bridge 2026-11-23T11:00:00.999Z",
        ),
        (json!([sqs(&bridge(&event()))]), "bridge 2026-11-23T11:00:00.999Z"),
        (bridge(&sns(&event())), "sns 2026-11-23T10:00:00Z"),
        (json!([change(&sns(&event()))]), "sns 2026-11-23T10:00:00Z"),
        (
            bridge(&json!({"Records": [sqs(&event())]})),
            "sqs 2026-11-23T09:00:00.123Z",
        ),
        // What Lambda left of a failed invocation, sent again through a queue or EventBridge.
        (
            json!({"Records": [sqs(&failed(&event()))]}),
            "first 2026-11-23T07:00:00Z",
        ),
        (
            json!({"Records": [sqs(&failed(&bridge(&event())))]}),
            "bridge 2026-11-23T11:00:00.999Z",
        ),
        (
            failed(&json!({"Records": [sns_record(&event())]})),
            "sns 2026-11-23T10:00:00Z",
        ),
        (
            json!({"Records": [sqs(&failed(&failed(&event())))]}),
            "first 2026-11-23T07:00:00Z",
        ),
        (bridge(&failed(&event())), "first 2026-11-23T07:00:00Z"),
        // JSON in a string, as callers and templates write it by mistake or on purpose.
        (json!(format!("\u{feff}{}", event())), "request 2026-11-23T12:00:00.5Z"),
        (json!(event().to_string()), "request 2026-11-23T12:00:00.5Z"),
        (bridge(&json!(event().to_string())), "bridge 2026-11-23T11:00:00.999Z"),
        (
            json!([{"eventSource": "aws:sqs", "messageId": "sqs", "body": event()}]),
            "sqs 2026-11-23T12:00:00.5Z",
        ),
    ] {
        assert_eq!(opened(&payload), [expected], "{payload}");
    }
}

#[test]
fn without_id_or_time_in_an_envelope_those_of_the_next_outer_one_count() {
    let bare = json!({"detail-type": "StatsUpdated", "id": null, "time": null, "detail": event()});
    assert_eq!(opened(&bare), ["request 2026-11-23T12:00:00.5Z"]);
    assert_eq!(opened(&json!([sqs(&bare)])), ["sqs 2026-11-23T09:00:00.123Z"]);
    let attributes =
        json!({"eventSource": "aws:sqs", "messageId": "m", "attributes": null, "body": event().to_string()});
    assert_eq!(opened(&json!([attributes])), ["m 2026-11-23T12:00:00.5Z"]);
}

#[test]
fn the_events_own_id_and_time_count_before_those_of_any_envelope() {
    let own = json!({"login": "a", "id": "own", "at": "2026-01-31T09:00:00Z"});
    for payload in [
        own.clone(),
        bridge(&own),
        json!([sqs(&sns(&bridge(&own)))]),
        failed(&own),
    ] {
        assert_eq!(opened(&payload), ["own 2026-01-31T09:00:00Z"], "{payload}");
    }
}

#[test]
fn a_wrong_id_of_an_envelope_is_ignored_where_the_event_has_its_own() {
    let own = json!({"login": "a", "id": "own", "at": "2026-01-31T09:00:00Z"});
    for payload in [
        json!({"detail-type": "t", "id": 7, "detail": own}),
        json!({"requestPayload": own, "requestContext": {"requestId": 7}}),
        json!({"MessageId": 7, "Message": own.to_string()}),
    ] {
        assert_eq!(opened(&payload), ["own 2026-01-31T09:00:00Z"], "{payload}");
    }
}

#[test]
fn several_events_in_one_envelope_are_several_events() {
    let two = json!([event(), event()]);
    assert_eq!(
        opened(&failed(&two)),
        ["first#0 2026-11-23T07:00:00Z", "first#1 2026-11-23T07:00:00Z"]
    );
    let half = json!({"Records": [sns_record(&event()), sns_record(&json!({"login": 7}))]});
    let opened = opened(&json!({"Records": [sqs(&failed(&half))]}));
    assert_eq!(
        opened,
        [
            "sns 2026-11-23T10:00:00Z",
            "Records[0].body.requestPayload.Records[1].Sns.Message.login: must be a string"
        ]
    );
}

#[test]
fn a_time_of_any_envelope_that_is_ahead_of_our_clock_counts_as_now() {
    let far = "2099-01-01T00:00:00Z";
    let with = |mut envelope: Value, pointer: &str, time: Value| {
        *envelope.pointer_mut(pointer).unwrap() = time;
        envelope
    };
    let far_millis = json!("4070908800000");
    for payload in [
        json!({"login": "a", "at": far}),
        json!({"login": "a", "at": 4_070_908_800_000_i64}),
        with(bridge(&event()), "/time", json!(far)),
        with(sns(&event()), "/Timestamp", json!(far)),
        with(sns_record(&event()), "/Sns/Timestamp", json!(far)),
        with(sqs(&event()), "/attributes/SentTimestamp", far_millis),
        with(
            change(&event()),
            "/dynamodb/ApproximateCreationDateTime",
            json!(4_070_908_800_i64),
        ),
        with(failed(&event()), "/timestamp", json!(far)),
        json!([sqs(&with(bridge(&event()), "/time", json!(far)))]),
    ] {
        let all = opened(&payload);
        assert!(all[0].ends_with(" 2026-11-23T12:00:00.5Z"), "{payload}: {all:?}");
    }
}

#[test]
fn a_time_that_is_out_of_range_is_refused_with_its_field_unless_the_event_has_its_own() {
    let with = |mut envelope: Value, pointer: &str, time: Value| {
        *envelope.pointer_mut(pointer).unwrap() = time;
        envelope
    };
    let own = json!({"login": "a", "id": "own", "at": "2026-01-31T09:00:00Z"});
    let early = json!("1970-01-21T09:58:20Z");
    for (envelope, pointer, time, field) in [
        (bridge as fn(&Value) -> Value, "/time", early.clone(), "time:"),
        (sns, "/Timestamp", early.clone(), "Timestamp:"),
        (
            sqs,
            "/attributes/SentTimestamp",
            json!("1763900000"),
            "attributes.SentTimestamp:",
        ),
        (sqs, "/attributes/SentTimestamp", json!({}), "attributes.SentTimestamp:"),
        (sqs, "/attributes", json!("none"), "attributes:"),
        (
            change,
            "/dynamodb/ApproximateCreationDateTime",
            json!(1),
            "dynamodb.ApproximateCreationDateTime:",
        ),
        (failed, "/timestamp", json!("soon"), "timestamp:"),
    ] {
        let bad = opened(&with(envelope(&event()), pointer, time.clone()));
        assert!(bad[0].starts_with(field), "{field} {bad:?}");
        assert_eq!(
            opened(&with(envelope(&own), pointer, time)),
            ["own 2026-01-31T09:00:00Z"],
            "{field}"
        );
    }
}

#[test]
fn an_envelope_of_a_wrong_shape_is_refused_with_the_name_of_its_field() {
    for (payload, field) in [
        (json!({"eventSource": "aws:sqs"}), "body:"),
        (
            json!({"eventSource": "aws:sqs", "messageId": 7, "body": "{\"login\":\"a\"}"}),
            "messageId:",
        ),
        (json!({"EventSource": "aws:sns"}), "Sns:"),
        (
            json!({"EventSource": "aws:sns", "Sns": {"MessageId": "m"}}),
            "Sns.Message:",
        ),
        (json!({"eventSource": "aws:dynamodb"}), "dynamodb:"),
        (
            json!({"eventSource": "aws:dynamodb", "eventName": 7, "dynamodb": {}}),
            "eventName:",
        ),
        (json!({"eventSource": "aws:s3"}), "eventSource:"),
        (json!({"detail-type": "x", "id": "", "detail": {"login": "a"}}), "id:"),
        (json!({"detail-type": "x", "id": 7, "detail": {"login": "a"}}), "id:"),
        (json!({"detail-type": "x", "detail": {"login": 7}}), "detail.login:"),
        (json!({"detail-type": "x", "detail": 7}), "detail:"),
        (
            json!({"requestPayload": event(), "requestContext": 7}),
            "requestContext:",
        ),
        // No message of SNS, which has both.
        (json!({"MessageId": "m"}), "login:"),
        (json!({"Message": "{}"}), "login:"),
        (json!({"requestPayload": []}), "requestPayload:"),
        (json!({"requestPayload": null}), "login:"),
        (
            json!({"requestContext": {}, "DDBStreamBatchInfo": {"shardId": "s"}}),
            "requestPayload:",
        ),
        (json!({"detail-type": "x", "detail": null}), "detail:"),
        (json!("not JSON"), "event:"),
        (json!(7), "event:"),
        (json!(null), "event:"),
    ] {
        let bad = opened(&payload);
        assert!(bad[0].starts_with(field), "{payload}: {bad:?}");
    }
}

#[test]
fn envelopes_are_opened_to_a_bound_and_what_lies_deeper_is_refused() {
    let nested = |times: usize| (0..times).fold(event(), |inner, _| bridge(&inner));
    assert_eq!(opened(&nested(20)), ["bridge 2026-11-23T11:00:00.999Z"]);
    assert!(opened(&nested(60))[0].ends_with("lies in too many envelopes"));
    // As text within text, each level doubles the backslashes of the one before.
    let texts = (0..6).fold(event().to_string(), |text, _| Value::String(text).to_string());
    let texts: Value = serde_json::from_str(&texts).unwrap();
    assert_eq!(opened(&texts), ["request 2026-11-23T12:00:00.5Z"]);
    let lists = (0..200).fold(event(), |inner, _| json!([inner]));
    assert!(opened(&lists)[0].ends_with("lies in too many envelopes"));
}

#[test]
fn an_event_that_holds_an_envelopes_fields_is_still_the_event() {
    for extra in ["Message", "Records", "detail", "requestPayload", "eventSource"] {
        let event = json!({"login": "a", "MessageId": "m", "detail-type": "t", extra: {"login": "b"}});
        assert_eq!(opened(&event), ["request 2026-11-23T12:00:00.5Z"], "{extra}");
    }
}

#[test]
fn a_field_that_is_given_twice_is_refused_by_its_name_wherever_it_is() {
    let event = r#"{"login":"a"}"#;
    let twice = r#"{\"login\":\"a\",\"login\":\"b\"}"#;
    for (payload, rule) in [
        (
            r#"{"login":"first","login":"second"}"#.to_owned(),
            "login: must be given once",
        ),
        (
            r#"{"login":"a","\u006cogin":"a"}"#.to_owned(),
            "login: must be given once",
        ),
        (
            r#"{"login":"a","topic":"t","topic":null}"#.to_owned(),
            "topic: must be given once",
        ),
        (
            r#"{"login":"a","body":{},"body":{}}"#.to_owned(),
            "body: must be given once",
        ),
        (
            format!(r#"{{"detail-type":"t","detail":{event},"detail":{event}}}"#),
            "detail: must be given once",
        ),
        (
            r#"{"detail-type":"t","detail":{"login":"a","id":"1","id":"2"}}"#.to_owned(),
            "detail.id: must be given once",
        ),
        (
            format!(r#"{{"Records":[{{"eventSource":"aws:sqs","messageId":"m","body":"{twice}"}}]}}"#),
            "Records[0].body.login: must be given once",
        ),
        (
            format!(
                r#"{{"eventSource":"aws:sqs","attributes":{{"SentTimestamp":1,"SentTimestamp":2}},"body":{event}}}"#
            ),
            "attributes.SentTimestamp: must be given once",
        ),
        (
            format!(
                r#"{{"eventSource":"aws:dynamodb","eventName":"INSERT","dynamodb":{{"NewImage":{{"event":{{"S":"{twice}"}}}}}}}}"#
            ),
            "dynamodb.NewImage.event.login: must be given once",
        ),
        (
            format!(r#"{{"MessageId":"m","Message":"{twice}"}}"#),
            "Message.login: must be given once",
        ),
        (
            format!(r#"{{"requestPayload":{event},"requestPayload":7}}"#),
            "requestPayload: must be given once",
        ),
    ] {
        assert_eq!(opened_text(&payload), [rule], "{payload}");
    }
    // A field that nobody reads may be there as often as its writer likes, and so may all that is in a body.
    for payload in [
        r#"{"login":"a","more":1,"more":2}"#,
        r#"{"login":"a","more":{"login":1,"login":2}}"#,
        r#"{"login":"a","body":{"login":1,"login":2}}"#,
        r#"{"login":"a","\ud800":1E400}"#,
    ] {
        assert_eq!(opened_text(payload), ["request 2026-11-23T12:00:00.5Z"], "{payload}");
    }
}

#[test]
fn a_list_in_place_of_an_object_is_refused_and_not_taken_for_its_fields() {
    for (payload, rule) in [
        (
            r#"{"detail-type":"t","detail":[["arr"]]}"#,
            "detail[0][0]: must be a JSON object",
        ),
        (
            r#"{"eventSource":"aws:sqs","messageId":"m","attributes":["1763900000000"],"body":"{\"login\":\"a\"}"}"#,
            "attributes: must be a JSON object",
        ),
        (
            r#"{"EventSource":"aws:sns","Sns":["m","{}"]}"#,
            "Sns: must be a JSON object",
        ),
        (
            r#"{"eventSource":"aws:dynamodb","dynamodb":[{"event":{"S":"{}"}}]}"#,
            "dynamodb: must be a JSON object",
        ),
        (
            r#"{"requestPayload":{"login":"a"},"requestContext":["id"]}"#,
            "requestContext: must be a JSON object",
        ),
    ] {
        assert_eq!(opened_text(payload), [rule], "{payload}");
    }
    // The event of the list is an event of its own, and the rest of the list is none.
    let opened = opened_text(r#"["i",null,"dt",{"login":"arr"}]"#);
    assert_eq!(opened.len(), 4);
    assert_eq!(opened[0], "event[0]: must be a JSON object");
    assert_eq!(opened[3], "request#3 2026-11-23T12:00:00.5Z");
}

#[test]
fn a_byte_order_mark_before_the_events_text_is_no_part_of_it() {
    let marked = format!("\u{feff}{}", event());
    for payload in [
        json!(marked),
        json!([{"eventSource": "aws:sqs", "messageId": "m", "body": marked}]),
        json!({"eventSource": "aws:dynamodb", "eventName": "INSERT", "dynamodb": {"NewImage": {"event": {"S": marked}}}}),
    ] {
        assert!(opened(&payload)[0].ends_with("2026-11-23T12:00:00.5Z"), "{payload}");
    }
}
