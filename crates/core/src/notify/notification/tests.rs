use super::*;
use crate::{Invocation, Timestamp};
use proptest::prelude::*;
use serde_json::{json, value::RawValue};

fn context() -> EventContext {
    let received_at = Timestamp::parse("2026-11-23T12:00:00Z").unwrap();
    EventContext::of(&Invocation {
        request_id: "envelope".to_owned(),
        received_at,
        deadline: received_at,
    })
}

fn parse_text(text: &str, context: &EventContext) -> Result<Notification, String> {
    let json = RawValue::from_string(text.to_owned()).map_err(|error| error.to_string())?;
    let fields = Fields::of(&json, "").map_err(|error| error.to_string())?;
    Notification::read(&fields, context).map_err(|error| error.to_string())
}

fn parse(event: &serde_json::Value) -> Result<Notification, String> {
    parse_text(&event.to_string(), &context())
}

fn names(notification: &Notification) -> (Vec<&str>, Vec<&str>) {
    let logins = notification.logins.iter().map(Login::as_str).collect();
    (logins, notification.update.topics.iter().map(Topic::as_str).collect())
}

#[test]
fn logins_and_topics_are_read_under_each_of_their_names() {
    for (event, logins, topics) in [
        (json!({"login": "a"}), vec!["a"], vec!["updates"]),
        (json!({"login": "a", "topic": "plays"}), vec!["a"], vec!["plays"]),
        (
            json!({"logins": ["a", "b", "a"], "topics": []}),
            vec!["a", "b"],
            vec!["updates"],
        ),
        (
            json!({"users": ["friendless"], "topics": ["updates", "plays"]}),
            vec!["friendless"],
            vec!["updates", "plays"],
        ),
        (
            json!({"login": "a", "logins": [], "users": [ ], "topic": "plays", "topics": []}),
            vec!["a"],
            vec!["plays"],
        ),
        (
            json!({"login": "a", "source": "nightly", "priority": 3}),
            vec!["a"],
            vec!["updates"],
        ),
    ] {
        assert_eq!(names(&parse(&event).unwrap()), (logins, topics), "{event}");
    }
}

#[test]
fn an_event_without_id_and_time_has_those_of_its_envelope() {
    let bare = parse(&json!({"login": "a"})).unwrap().update;
    assert_eq!(
        (bare.id.as_str(), bare.at, bare.body.as_str()),
        ("envelope", context().now, "{}")
    );
    let full = json!({"login": "a", "id": "x", "at": "2026-01-31T09:00:00Z", "body": {"message": "hi"}});
    let full = parse(&full).unwrap().update;
    assert_eq!(
        (full.id.as_str(), full.at.to_string().as_str()),
        ("x", "2026-01-31T09:00:00Z")
    );
    assert_eq!(full.body.as_str(), r#"{"message":"hi"}"#);
    let millis = parse(&json!({"login": "a", "at": 1_763_900_000_000_i64})).unwrap();
    assert_eq!(millis.update.at.millis(), 1_763_900_000_000);
}

#[test]
fn a_body_arrives_as_it_was_sent() {
    let text = r#"{"login":"a","body":{"z":1.50,"a":12345678901234567890123,"n":null}}"#;
    let notification = parse_text(text, &context()).unwrap();
    assert_eq!(
        notification.update.body.as_str(),
        r#"{"z":1.50,"a":12345678901234567890123,"n":null}"#
    );
}

#[test]
fn a_bad_event_is_refused_with_the_name_of_its_field() {
    let many: Vec<String> = (0..1_001).map(|n| n.to_string()).collect();
    for (event, field) in [
        (json!("login"), "event:"),
        (json!([]), "event:"),
        (json!({}), "login:"),
        (json!({"login": "a", "users": ["b"]}), "login:"),
        (json!({"login": 7}), "login:"),
        (json!({"login": null}), "login:"),
        (json!({"login": ""}), "login[0]:"),
        (json!({"users": "friendless"}), "users:"),
        (json!({"users": []}), "users:"),
        (json!({"users": ["a", "b\u{0}"]}), "users[1]:"),
        (json!({"logins": many}), "logins:"),
        (json!({"login": "a", "topic": "a,b"}), "topic[0]:"),
        (json!({"login": "a", "topic": "a", "topics": ["b"]}), "topic:"),
        (json!({"login": "a", "topics": many[..17]}), "topics:"),
        (json!({"login": "a", "body": "x".repeat(8_191)}), "body:"),
        (json!({"login": "a", "id": ""}), "id:"),
        (json!({"login": "a", "id": "x".repeat(257)}), "id:"),
        (json!({"login": "a", "at": "yesterday"}), "at:"),
        (json!({"login": "a", "at": -1}), "at:"),
        (json!({"login": "a", "at": 1_763_900_000}), "at:"),
        (json!({"login": "a", "at": 1}), "at:"),
        (json!({"login": "a", "at": {}}), "at:"),
        (json!({"login": "a", "topic": 7}), "topic:"),
        (json!({"login": "a", "topics": [null]}), "topics:"),
        (json!({"login": "a", "topics": "updates"}), "topics:"),
        (json!({"login": "a", "id": 7}), "id:"),
        (json!({"login": "a", "attempt": -1}), "attempt:"),
        (json!({"login": "a", "attempt": 1.5}), "attempt:"),
        (json!({"login": "a", "attempt": 0}), "attempt:"),
    ] {
        let error = parse(&event).expect_err(field);
        assert!(error.starts_with(field), "{error}");
    }
}

#[test]
fn an_event_may_be_as_large_as_its_bounds() {
    let many: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
    for event in [
        json!({"logins": many}),
        json!({"login": "a", "topics": many[..16]}),
        json!({"login": "a", "body": "x".repeat(8_190)}),
        json!({"login": "a", "id": "x".repeat(256)}),
        json!({"login": "a", "attempt": u32::MAX}),
    ] {
        parse(&event).unwrap();
    }
}

#[test]
fn null_is_the_same_as_no_field() {
    let bare = parse(&json!({"login": "a"})).unwrap();
    for field in ["logins", "users", "topic", "topics", "body", "id", "at", "attempt"] {
        let with_null = parse(&json!({"login": "a", field: null})).unwrap();
        assert_eq!(format!("{with_null:?}"), format!("{bare:?}"), "{field}");
    }
    assert!(parse(&json!({"login": null, "users": ["a"]})).is_ok());
    assert!(parse(&json!({"login": null})).unwrap_err().starts_with("login:"));
}

#[test]
fn a_time_ahead_of_our_clock_counts_as_now_and_is_reported() {
    for (at, ahead_seconds) in [
        ("2026-11-23T12:00:30Z", None),
        ("2026-11-23T12:50:00Z", Some(3_000)),
        ("2026-11-24T12:00:00Z", Some(86_400)),
    ] {
        let event = parse(&json!({"login": "a", "at": at})).unwrap();
        let seconds = event.clock_ahead.map(|ahead| ahead.as_secs());
        assert_eq!((event.update.at, seconds), (context().now, ahead_seconds), "{at}");
    }
}

/// Each field of the event differs from what it is when nothing is given, so none can be forgotten unseen.
#[test]
fn a_deferred_event_is_the_same_with_one_attempt_more() {
    let event = json!({"users": ["a", "b", "c"], "topics": ["t", "u"], "body": {"n": 1}, "at": 1_763_900_000_123_i64,
        "id": "own", "attempt": 3, "trace": true});
    let first = parse(&event).unwrap();
    let mut later = context();
    later.id = Ok("other".to_owned());
    let again = parse_text(&first.again_for(&[&first.logins[1], &first.logins[2]]), &later).unwrap();
    let expected = Notification {
        logins: first.logins[1..].to_vec(),
        attempt: 4,
        ..first
    };
    assert_eq!(format!("{again:?}"), format!("{expected:?}"));
}

#[test]
fn a_deferred_event_keeps_the_id_and_the_time_that_its_envelope_gave() {
    let first = parse(&json!({"login": "a"})).unwrap();
    let mut later = context();
    later.id = Ok("other".to_owned());
    let again = parse_text(&first.again_for(&[&first.logins[0]]), &later).unwrap();
    assert_eq!(
        (again.update.id.as_str(), again.update.at),
        ("envelope", first.update.at)
    );
}

proptest! {
    #[test]
    fn no_event_makes_it_panic(text in ".{0,200}", login in ".{0,150}", topic in ".{0,80}", at in any::<i64>()) {
        let _ = parse_text(&text, &context());
        let _ = parse(&json!({"login": login, "topic": topic, "at": at}));
    }
}
