use super::*;
use crate::{Body, Timestamp, Topic};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const NOW: Timestamp = Timestamp::MAX;

fn entry(topic: &str, version: Version, body: &str) -> Entry {
    Entry {
        topic: Topic::parse(topic).unwrap(),
        version,
        id: format!("id-{version}"),
        at: Timestamp::from_millis(i64::try_from(version).unwrap() * 1_000).unwrap(),
        recorded: Timestamp::from_millis(i64::try_from(version).unwrap() * 1_000 + 7).unwrap(),
        body: Body::stored(body).unwrap(),
    }
}

fn log(version: Version, entries: &[(&str, Version)]) -> UpdateLog {
    let entries = entries
        .iter()
        .map(|(topic, version)| entry(topic, *version, "{}"))
        .collect();
    UpdateLog {
        epoch: "E".to_owned(),
        version,
        entries,
    }
}

fn at(epoch: &str, version: Version) -> Option<Cursor> {
    Some(Cursor {
        epoch: epoch.to_owned(),
        version,
    })
}

/// The reply without what the entries say beside topic and version.
fn summary(reply: &str) -> Value {
    let mut reply: Value = serde_json::from_str(reply).unwrap();
    let updates = reply["updates"].as_array().unwrap().iter();
    reply["updates"] = updates
        .map(|update| json!([update["topic"], update["version"]]))
        .collect();
    reply
}

#[test]
fn a_page_gets_what_is_newer_than_its_cursor() {
    let log = log(5, &[("plays", 3), ("updates", 5), ("badges", 1)]);
    let only_plays = Topics::parse("plays").unwrap();
    for (topics, cursor, version, missed, reset, updates) in [
        (
            &Topics::All,
            None,
            5,
            json!(null),
            false,
            json!([["badges", 1], ["plays", 3], ["updates", 5]]),
        ),
        (
            &Topics::All,
            at("E", 0),
            5,
            json!(5),
            false,
            json!([["badges", 1], ["plays", 3], ["updates", 5]]),
        ),
        (&Topics::All, at("E", 3), 5, json!(2), false, json!([["updates", 5]])),
        (&Topics::All, at("E", 5), 5, json!(0), false, json!([])),
        (&only_plays, at("E", 2), 5, json!(3), false, json!([["plays", 3]])),
        (&only_plays, at("E", 3), 5, json!(2), false, json!([])),
        // Another log, or the same one restored from a backup: all of it.
        (
            &Topics::All,
            at("old", 2),
            5,
            json!(null),
            true,
            json!([["badges", 1], ["plays", 3], ["updates", 5]]),
        ),
        (
            &Topics::All,
            at("E", 6),
            5,
            json!(null),
            true,
            json!([["badges", 1], ["plays", 3], ["updates", 5]]),
        ),
    ] {
        let reply = summary(&reply(Some(&log), topics, cursor.as_ref(), 7, NOW));
        let expected = json!({"type": "sync", "n": 7, "now": "9999-12-31T23:59:59.999Z", "cursor": {"epoch": "E", "version": version}, "missed": missed,
            "reset": reset, "more": false, "updates": updates});
        assert_eq!(reply, expected, "{cursor:?}");
    }
}

#[test]
fn the_reply_for_a_login_without_updates_has_no_cursor() {
    let expected = json!({"type": "sync", "n": 7, "now": "9999-12-31T23:59:59.999Z", "cursor": null, "missed": null, "reset": false, "more": false, "updates": []});
    for cursor in [None, at("E", 3)] {
        assert_eq!(summary(&reply(None, &Topics::All, cursor.as_ref(), 7, NOW)), expected);
    }
}

#[test]
fn every_reply_says_the_servers_now_and_when_each_update_was_recorded() {
    let now = Timestamp::parse("2026-11-23T12:00:00.5Z").unwrap();
    let read = |reply: String| serde_json::from_str::<Value>(&reply).unwrap();
    let log = log(2, &[("a", 2)]);
    let reply_with_updates = read(reply(Some(&log), &Topics::All, None, 1, now));
    assert_eq!(reply_with_updates["now"], "2026-11-23T12:00:00.5Z");
    assert_eq!(reply_with_updates["updates"][0]["recorded"], "1970-01-01T00:00:02.007Z");
    assert_eq!(
        read(reply(None, &Topics::All, None, 1, now))["now"],
        "2026-11-23T12:00:00.5Z"
    );
}

#[test]
fn an_update_on_several_topics_comes_once_and_names_them_all() {
    let log = log(2, &[("b", 2), ("a", 2), ("c", 1)]);
    let named = |topics: &str| {
        let reply: Value =
            serde_json::from_str(&reply(Some(&log), &Topics::parse(topics).unwrap(), None, 1, NOW)).unwrap();
        let updates = reply["updates"].as_array().unwrap().iter();
        updates
            .map(|update| (update["topic"].clone(), update["topics"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(named(""), [(json!("c"), json!(["c"])), (json!("a"), json!(["a", "b"]))]);
    assert_eq!(named("b,c"), [(json!("c"), json!(["c"])), (json!("b"), json!(["b"]))]);
}

#[test]
fn so_many_updates_fit_as_leave_room_for_what_is_around_them() {
    let topics = ["a", "b", "c", "d", "e"].map(|topic| Topic::parse(topic).unwrap());
    let at = Timestamp::from_millis(0).unwrap();
    // Updates of these sizes in bytes, each with its comma.
    let fitting = |sizes: &[usize]| {
        let update = |body| Missed {
            topic: &topics[0],
            topics: vec![&topics[0]],
            version: 1,
            id: "id",
            at,
            recorded: at,
            body,
        };
        let empty = Body::stored("\"\"").unwrap();
        let least = serde_json::to_string(&update(&empty)).unwrap().len() + 1;
        let bodies: Vec<Body> = sizes
            .iter()
            .map(|size| Body::stored(&json!("x".repeat(size - least)).to_string()).unwrap())
            .collect();
        how_many_fit(&bodies.iter().map(update).collect::<Vec<_>>())
    };
    let room = MAX_BYTES - 512;
    for (sizes, expected) in [
        (vec![room], 1),
        (vec![room - 2_000, 1_000, 1_000], 3),
        (vec![room - 2_000, 1_000, 1_000, 200], 3),
        (vec![room - 2_000, 1_000, 1_001, 200], 2),
        (vec![room - 1_999, 1_000, 1_000, 200], 2),
        (vec![1_000, room, 200], 1),
        // One goes in any case.
        (vec![room + 1, 200], 1),
    ] {
        assert_eq!(fitting(&sizes), expected, "{sizes:?}");
    }
}

proptest! {
    /// Whatever the log, a page that asks until there is no more has the newest of each of its topics, counted once.
    #[test]
    fn paging_brings_everything_in_messages_that_fit(
        sizes in prop::collection::btree_map(0usize..16, (1u64..30, 0usize..Body::MAX_BYTES), 0..16),
        start in 0u64..30,
    ) {
        let entries: Vec<Entry> = sizes.iter()
            .map(|(topic, (version, size))| entry(&format!("t{topic}"), *version, &json!("x".repeat(size.saturating_sub(2))).to_string()))
            .collect();
        let log = UpdateLog { epoch: "E".to_owned(), version: 30, entries };
        let (mut cursor, mut seen, mut missed) = (at("E", start), BTreeMap::new(), 0);
        for n in 0..20 {
            let text = reply(Some(&log), &Topics::All, cursor.as_ref(), n, NOW);
            prop_assert!(text.len() <= MAX_BYTES);
            let reply: Value = serde_json::from_str(&text).unwrap();
            for update in reply["updates"].as_array().unwrap() {
                prop_assert!(seen.insert(update["version"].as_u64().unwrap(), update["id"].clone()).is_none());
            }
            missed += reply["missed"].as_u64().unwrap();
            cursor = Some(serde_json::from_value(reply["cursor"].clone()).unwrap());
            if reply["more"] == false {
                break;
            }
        }
        prop_assert_eq!(cursor, at("E", 30));
        prop_assert_eq!(missed, 30 - start);
        let newer: BTreeMap<_, _> = log.entries.iter().filter(|entry| entry.version > start).map(|entry| (entry.version, json!(entry.id))).collect();
        prop_assert_eq!(seen, newer);
    }
}
