use super::*;
use crate::{
    lock::lock,
    test_support::{dynamodb, notification},
};
use serde_json::json;
use std::sync::{Arc, Mutex};

fn topic(name: &str) -> Topic {
    Topic::parse(name).unwrap()
}

#[test]
fn an_update_lacks_room_if_a_topic_of_it_was_left_out_for_that() {
    let new = |no_room: &[&str]| Recorded::New {
        epoch: "E".to_owned(),
        version: 1,
        topics: vec![topic("a")],
        before: BTreeMap::new(),
        no_room: no_room.iter().map(|name| topic(name)).collect(),
    };
    let repeat = Recorded::Repeat {
        epoch: "E".to_owned(),
        version: 1,
        stored: notification(&json!({"login": "a"})).update,
    };
    for (recorded, lacks_room) in [
        (new(&[]), false),
        (new(&["b"]), true),
        (Recorded::NoRoom, true),
        (repeat, false),
        (Recorded::Stale, false),
    ] {
        assert_eq!(recorded.lacks_room(), lacks_room, "{recorded:?}");
    }
}

#[test]
fn an_entry_gives_way_to_what_is_not_older_and_to_anything_if_it_is_of_the_future() {
    const NOW: i64 = 1_763_900_000_000;
    let time = |after_now: i64| Timestamp::from_millis(NOW + after_now).unwrap();
    for (entry_at, at, gives_way) in [
        (-1, 0, true),
        (0, 0, true),
        (0, -1, false),
        // As far ahead as a clock may be.
        (60_000, -1, false),
        (60_000, 60_000, true),
        (60_001, -1, true),
    ] {
        let entry = Entry {
            topic: topic("a"),
            version: 1,
            id: "id".to_owned(),
            at: time(entry_at),
            recorded: time(0),
            body: Body::default(),
        };
        assert_eq!(entry.gives_way_to(time(at), time(0)), gives_way, "{entry_at} {at}");
    }
}

#[tokio::test]
async fn a_write_that_is_refused_again_although_there_is_room_is_not_tried_for_ever() {
    let writes = Arc::new(Mutex::new(0));
    let count = Arc::clone(&writes);
    let client = dynamodb(move |_, _| {
        *lock(&count) += 1;
        let item = json!({"epoch": {"S": "E"}, "version": {"N": "7"}});
        let error = json!({"__type": "ConditionalCheckFailedException", "Item": item});
        (400, error.to_string())
    });
    let event = notification(&json!({"login": "a", "topics": ["a", "b"]}));
    let recorded = Updates::new(client, "updates")
        .record(&event.logins[0], &event.update)
        .await;
    assert!(matches!(recorded, Ok(Recorded::NoRoom)), "{recorded:?}");
    assert_eq!(*lock(&writes), 1);
}

#[test]
fn updates_are_kept_for_ninety_days() {
    assert_eq!(Updates::LIFE.as_secs(), 7_776_000);
}
