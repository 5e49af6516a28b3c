//! What is recorded, and what a sync reads of it.

use crate::store::{login, new, store};
use aws_sdk_dynamodb::types::AttributeValue;
use chatterbox_core::{Cursor, Recorded, Timestamp, Topic, Topics, sync};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn versions_count_all_topics_of_a_login() {
    let store = store().await;
    let (first, epoch, before) = new(store.record("a", &json!({"topic": "plays", "id": "1"})).await);
    assert_eq!((first, before), (1, vec![]));
    let (second, same, before) = new(store
        .record("a", &json!({"topics": ["badges", "plays"], "id": "2"}))
        .await);
    assert_eq!((second, &same, before), (2, &epoch, vec![("plays".to_owned(), 1)]));
    let (third, _, before) = new(store
        .record("a", &json!({"topic": "plays", "id": "3", "body": [1]}))
        .await);
    assert_eq!(
        (third, before),
        (3, vec![("badges".to_owned(), 2), ("plays".to_owned(), 2)])
    );
    let (other, others_epoch, _) = new(store.record("b", &json!({"topic": "plays", "id": "1"})).await);
    assert_eq!(other, 1);
    assert_ne!(others_epoch, epoch);
    let log = store.log("a").await;
    let mut entries: Vec<_> = log
        .entries
        .iter()
        .map(|entry| {
            (
                entry.topic.as_str(),
                entry.version,
                entry.id.as_str(),
                entry.body.as_str(),
            )
        })
        .collect();
    entries.sort_unstable();
    assert_eq!((log.version, log.epoch), (3, epoch));
    assert_eq!(entries, [("badges", 2, "2", "{}"), ("plays", 3, "3", "[1]")]);
}

#[tokio::test]
async fn the_same_id_is_recorded_once() {
    let store = store().await;
    let event = json!({"topics": ["plays", "badges"], "id": "1", "body": "first"});
    new(store.record("a", &event).await);
    new(store.record("a", &json!({"topic": "plays", "id": "2"})).await);
    let again = json!({"topics": ["plays", "badges"], "id": "1", "body": "changed"});
    let Recorded::Repeat { version, stored, .. } = store.record("a", &again).await else {
        panic!("not a repeat")
    };
    // What stands is what was stored then, for the topic that still holds it.
    assert_eq!((version, stored.body.as_str()), (1, r#""first""#));
    assert_eq!(
        stored.topics.iter().map(|topic| topic.as_str()).collect::<Vec<_>>(),
        ["badges"]
    );
    assert_eq!(store.log("a").await.version, 2);
}

#[tokio::test]
async fn an_update_older_than_the_newest_of_its_topic_changes_nothing() {
    let store = store().await;
    new(store
        .record("a", &json!({"topic": "plays", "id": "2", "at": 1_795_000_002_000_i64}))
        .await);
    assert!(matches!(
        store
            .record("a", &json!({"topic": "plays", "id": "1", "at": 1_795_000_001_999_i64}))
            .await,
        Recorded::Stale
    ));
    let log = store.log("a").await;
    assert_eq!((log.version, log.entries.len()), (1, 1));
    // At the same moment, or on another topic, it is news.
    assert_eq!(
        new(store
            .record("a", &json!({"topic": "plays", "id": "3", "at": 1_795_000_002_000_i64}))
            .await)
        .0,
        2
    );
    assert_eq!(
        new(store
            .record("a", &json!({"topic": "badges", "id": "1", "at": 1_795_000_000_001_i64}))
            .await)
        .0,
        3
    );
}

#[tokio::test]
async fn an_update_that_is_stale_for_one_topic_is_recorded_for_the_other() {
    let store = store().await;
    new(store
        .record("a", &json!({"topic": "plays", "id": "2", "at": 1_795_000_002_000_i64}))
        .await);
    let late = json!({"topics": ["badges", "plays"], "id": "1", "at": 1_795_000_001_000_i64});
    let Recorded::New { version, topics, .. } = store.record("a", &late).await else {
        panic!("not recorded")
    };
    assert_eq!((version, topics.len(), topics[0].as_str()), (2, 1, "badges"));
    let Recorded::Repeat { version, stored, .. } = store.record("a", &late).await else {
        panic!("not a repeat")
    };
    assert_eq!((version, stored.topics.len()), (2, 1));
    let log = store.log("a").await;
    let mut ids: Vec<_> = log
        .entries
        .iter()
        .map(|entry| (entry.topic.as_str(), entry.id.as_str()))
        .collect();
    ids.sort_unstable();
    assert_eq!((log.version, ids), (2, vec![("badges", "1"), ("plays", "2")]));
}

#[tokio::test]
async fn a_login_has_room_for_sixteen_topics() {
    let store = store().await;
    let topics = |range: std::ops::Range<usize>| range.map(|n| format!("t{n}")).collect::<Vec<_>>();
    new(store.record("a", &json!({"topics": topics(0..10), "id": "1"})).await);
    // Known ones do not count twice.
    assert_eq!(
        new(store.record("a", &json!({"topics": topics(5..16), "id": "3"})).await).0,
        2
    );
    assert!(matches!(
        store.record("a", &json!({"topics": ["t16", "t17"], "id": "4"})).await,
        Recorded::NoRoom
    ));
    assert_eq!(
        new(store.record("a", &json!({"topics": topics(0..16), "id": "5"})).await).0,
        3
    );
    assert_eq!(store.log("a").await.entries.len(), 16);
}

#[tokio::test]
async fn an_update_is_recorded_under_the_topics_that_there_is_room_for() {
    let store = store().await;
    let known: Vec<_> = (0..15).map(|n| format!("t{n}")).collect();
    new(store
        .record("a", &json!({"topics": known, "id": "1", "at": 1_795_000_001_000_i64}))
        .await);
    // Room for one more: for the first of the new ones.
    let event = json!({"topics": ["t0", "new", "newer", "newest"], "id": "2", "at": 1_795_000_002_000_i64});
    let Recorded::New {
        version,
        topics,
        no_room,
        ..
    } = store.record("a", &event).await
    else {
        panic!("not recorded")
    };
    let names = |topics: &[Topic]| topics.iter().map(|topic| topic.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(
        (version, names(&topics), names(&no_room)),
        (
            2,
            vec!["t0".into(), "new".into()],
            vec!["newer".into(), "newest".into()]
        )
    );
    // Redelivered, it is a repeat of what was recorded.
    let Recorded::Repeat { stored, .. } = store.record("a", &event).await else {
        panic!("not a repeat")
    };
    assert_eq!(names(&stored.topics), ["t0", "new"]);
    // What is stale for the topics that exist leaves nothing but those that have no room.
    let late = json!({"topics": ["t0", "newer"], "id": "3", "at": 1_795_000_001_500_i64});
    assert!(matches!(store.record("a", &late).await, Recorded::NoRoom));
    assert_eq!(store.log("a").await.version, 2);
}

#[tokio::test]
async fn a_log_that_has_expired_is_none() {
    let store = store().await;
    assert!(store.updates.read(&login("a")).await.unwrap().is_none());
    new(store.record("a", &json!({"id": "1"})).await);
    let key = AttributeValue::S("a".to_owned());
    let past = AttributeValue::N("1".to_owned());
    let expire = store.client.update_item().table_name("updates").key("login", key);
    expire
        .update_expression("SET expires_at = :past")
        .expression_attribute_values(":past", past)
        .send()
        .await
        .unwrap();
    assert!(store.updates.read(&login("a")).await.unwrap().is_none());
    // DynamoDB has not deleted it yet: the next update goes on where it was, and it lives again.
    assert_eq!(new(store.record("a", &json!({"id": "2"})).await).0, 2);
    assert_eq!(store.log("a").await.version, 2);
}

#[tokio::test]
async fn recorded_is_the_time_by_our_clock_and_not_by_the_pipelines() {
    let store = store().await;
    let before = Timestamp::now();
    store
        .record("a", &json!({"topic": "plays", "at": "2026-01-01T00:00:00Z"}))
        .await;
    let entry = store.log("a").await.entries.remove(0);
    assert!(entry.recorded >= before && entry.at < before, "{entry:?}");
    // As an item is that was written before `recorded` was kept.
    let remove = store.client.update_item().table_name("updates");
    remove
        .key("login", AttributeValue::S("a".to_owned()))
        .update_expression("REMOVE #u.recorded")
        .expression_attribute_names("#u", "u:plays")
        .send()
        .await
        .unwrap();
    let old = store.log("a").await.entries.remove(0);
    assert_eq!(old.recorded, old.at);
}

#[tokio::test]
async fn an_update_recorded_with_a_time_in_the_future_silences_no_topic() {
    let store = store().await;
    store
        .record("a", &json!({"topics": ["plays", "badges"], "id": "1"}))
        .await;
    let set = |at: Timestamp| {
        let update = store.client.update_item().table_name("updates");
        update
            .key("login", AttributeValue::S("a".to_owned()))
            .update_expression("SET #u.#at = :at")
            .expression_attribute_names("#u", "u:plays")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":at", AttributeValue::N(at.millis().to_string()))
            .send()
    };
    set(Timestamp::parse("2099-01-01T00:00:00Z").unwrap()).await.unwrap();
    // The other topic has something newer, so that the write is refused and judged by what stands there.
    let event = json!({"topics": ["plays", "badges"], "id": "2", "at": "2026-01-01T00:00:00Z"});
    let Recorded::New { version, topics, .. } = store.record("a", &event).await else {
        panic!("not recorded")
    };
    assert_eq!((version, topics.len(), topics[0].as_str()), (2, 1, "plays"));
    set(Timestamp::parse("2099-01-01T00:00:00Z").unwrap()).await.unwrap();
    assert_eq!(new(store.record("a", &json!({"topic": "plays", "id": "3"})).await).0, 3);
    // Clocks of two machines that differ by less than a minute are no reason to put the older over the newer.
    set(Timestamp::now() + Duration::from_secs(30)).await.unwrap();
    assert!(matches!(
        store.record("a", &json!({"topic": "plays", "id": "4"})).await,
        Recorded::Stale
    ));
}

#[tokio::test]
async fn names_of_any_kind_are_stored_and_read() {
    let store = store().await;
    for name in ["plays of 2026", "#a", ":b", "v:c", "Ünï.cödé[0]", "\"quoted\""] {
        new(store.record("o'brien \"x\"", &json!({"topic": name, "id": name})).await);
    }
    let log = store.log("o'brien \"x\"").await;
    assert_eq!(log.entries.len(), 6);
    let cursor = Cursor {
        epoch: log.epoch.clone(),
        version: 5,
    };
    let reply: serde_json::Value = serde_json::from_str(&sync::reply(
        Some(&log),
        &Topics::All,
        Some(&cursor),
        1,
        Timestamp::now(),
    ))
    .unwrap();
    assert_eq!(reply["updates"][0]["topic"], "\"quoted\"");
}

#[tokio::test]
async fn updates_recorded_at_the_same_time_each_get_a_version_of_their_own() {
    let store = store().await;
    let records = (0..20).map(|n| {
        let store = &store;
        async move {
            new(store
                .record(
                    "a",
                    &json!({"topic": format!("t{}", n % 4), "id": format!("{n}"), "at": 1_795_000_000_001_i64}),
                )
                .await)
            .0
        }
    });
    let mut versions = futures_util::future::join_all(records).await;
    versions.sort_unstable();
    assert_eq!(versions, (1..=20).collect::<Vec<_>>());
}
