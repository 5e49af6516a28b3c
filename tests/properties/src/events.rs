//! Events of the pipeline, and the envelopes around them.

use chatterbox_core::{BadEvent, Batch, Body, EventTime, Invocation, Login, Notification, Timestamp, Topic, Update};
use serde_json::{json, value::RawValue};

/// A payload of notify.
pub(crate) fn event(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let events = match parse(&text) {
        None => return,
        Some(Err(bad)) => return assert_names_a_field(&bad),
        Some(Ok(batch)) => batch.records.into_iter().flat_map(|record| record.events),
    };
    let events: Vec<Result<Notification, BadEvent>> = events.collect();
    for event in &events {
        match event {
            Ok(event) => assert_valid(event),
            Err(bad) => assert_names_a_field(bad),
        }
    }
    // An envelope around it changes nothing but the id and the time that an event without its own is given.
    let queue = json!({"Records": [{"eventSource": "aws:sqs", "messageId": "m", "body": text}]}).to_string();
    let wrapped = parse(&queue).expect("JSON").expect("a record");
    let wrapped: Vec<_> = wrapped.records.into_iter().flat_map(|record| record.events).collect();
    if let [Ok(event)] = &events[..] {
        match &wrapped[..] {
            [Ok(inner)] => {
                assert_eq!((&inner.logins, inner.attempt), (&event.logins, event.attempt));
                assert_eq!(inner.update.topics, event.update.topics);
                assert_eq!(inner.update.body.as_str(), event.update.body.as_str());
            }
            [Err(bad)] => assert!(bad.to_string().ends_with("lies in too many envelopes"), "{bad}"),
            _ => panic!("one event is {} in an envelope", wrapped.len()),
        }
    }
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-23T12:00:34.950Z").expect("a time")
}

fn parse(text: &str) -> Option<Result<Batch, BadEvent>> {
    let json = RawValue::from_string(text.to_owned()).ok()?;
    let invocation = Invocation {
        request_id: "request".to_owned(),
        received_at: now(),
        deadline: now(),
    };
    Some(Batch::parse(&json, &invocation))
}

fn assert_valid(event: &Notification) {
    let Update { id, at, topics, body } = &event.update;
    assert!((1..=Notification::MAX_LOGINS).contains(&event.logins.len()));
    assert!(event.logins.iter().all(|login| Login::parse(login.as_str()).is_some()));
    assert!((1..=Topic::MAX_PER_LOGIN).contains(&topics.len()));
    assert!(topics.iter().all(|topic| Topic::parse(topic.as_str()).is_some()));
    assert!((1..=Update::MAX_ID_BYTES).contains(&id.len()));
    assert!((EventTime::EARLIEST..=now()).contains(at), "{at}");
    assert!(body.as_str().len() <= Body::MAX_BYTES && event.attempt >= 1);
    let again = RawValue::from_string(body.as_str().to_owned()).expect("JSON");
    assert!(Body::new(&again).is_some());
}

/// A field is a path of names that notify knows, with the numbers of list elements; the rule follows. So nothing that the
/// sender wrote is in it.
fn assert_names_a_field(bad: &BadEvent) {
    let text = bad.to_string();
    let (path, rule) = text.split_once(": ").expect("a field and a rule");
    for step in path.split('.') {
        let (name, numbers) = step.split_at(step.find('[').unwrap_or(step.len()));
        assert!(NAMES.contains(&name), "{text}");
        let is_number = |part: &str| {
            part.strip_suffix(']')
                .is_some_and(|digits| digits.parse::<usize>().is_ok())
        };
        assert!(numbers.split('[').skip(1).all(is_number), "{text}");
    }
    assert!(rule.len() < 200 && !rule.contains(char::is_control), "{text}");
}

const NAMES: [&str; 36] = [
    "ApproximateCreationDateTime",
    "EventSource",
    "Message",
    "MessageId",
    "NewImage",
    "OldImage",
    "Records",
    "S",
    "SentTimestamp",
    "SequenceNumber",
    "Sns",
    "Timestamp",
    "at",
    "attempt",
    "attributes",
    "body",
    "detail",
    "detail-type",
    "dynamodb",
    "event",
    "eventID",
    "eventName",
    "eventSource",
    "id",
    "login",
    "logins",
    "messageId",
    "requestContext",
    "requestId",
    "requestPayload",
    "time",
    "timestamp",
    "topic",
    "topics",
    "users",
    "",
];
