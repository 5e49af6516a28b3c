//! The tables, with a real DynamoDB engine in this process: conditions, transactions and expiry are its own.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use chatterbox_core::{
    Admission, Batch, ChatterHash, ChatterId, Chatters, Connection, ConnectionId, Connections, Cursor, Envelope, Log,
    Login, Recorded, Refusal, Tables, Timestamp, Topics, Update, Updates,
    aws::{Aws, Endpoints},
    schema, sync,
};
use serde_json::{json, value::RawValue};
use std::time::Duration;

struct Store {
    client: Client,
    chatters: Chatters,
    connections: Connections,
    updates: Updates,
    admission: Admission,
}

const HOUR: Duration = Duration::from_secs(3600);

/// Fresh tables on a fresh engine, on a port of their own.
async fn store() -> Store {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(
        listener,
        dynoxide::Database::memory().unwrap(),
    ));
    let endpoints = Endpoints {
        dynamodb: Some(endpoint),
        ..Endpoints::default()
    };
    let client = Aws::local(endpoints).dynamodb();
    let [chatters, connections, updates] = ["chatters", "connections", "updates"].map(str::to_owned);
    let tables = Tables {
        chatters,
        connections,
        updates,
    };
    schema::create_tables(&client, &tables).await.unwrap();
    Store {
        chatters: Chatters::new(client.clone(), "chatters"),
        connections: Connections::new(client.clone(), "connections"),
        updates: Updates::new(client.clone(), "updates"),
        admission: Admission::new(client.clone(), "chatters", "connections"),
        client,
    }
}

fn login(name: &str) -> Login {
    Login::parse(name).unwrap()
}

fn connection(name: &str, id: &str, chatter_hash: ChatterHash) -> Connection {
    let (id, connected_at) = (ConnectionId::new(id), Timestamp::now());
    Connection {
        login: login(name),
        id,
        connected_at,
        topics: Topics::parse("a,b").unwrap(),
        chatter_hash,
    }
}

/// An update as notify would read it from its event.
fn update(event: &serde_json::Value) -> Update {
    let received_at = Timestamp::now();
    let envelope = Envelope {
        request_id: "request".to_owned(),
        received_at,
        deadline: received_at,
    };
    let mut event = event.clone();
    event["login"] = json!("whoever");
    let batch = Batch::parse(&RawValue::from_string(event.to_string()).unwrap(), &envelope).unwrap();
    batch.records[0].content.clone().unwrap().unwrap().update
}

impl Store {
    async fn record(&self, name: &str, event: &serde_json::Value) -> Recorded {
        self.updates.record(&login(name), &update(event)).await.unwrap()
    }

    async fn log(&self, name: &str) -> Log {
        self.updates.read(&login(name)).await.unwrap().unwrap()
    }
}

/// Version and epoch of what must have been recorded.
#[track_caller]
fn new(recorded: Recorded) -> (u64, String, Vec<(String, u64)>) {
    let Recorded::New {
        epoch, version, before, ..
    } = recorded
    else {
        panic!("{recorded:?}")
    };
    (
        version,
        epoch,
        before
            .into_iter()
            .map(|(topic, version)| (topic.as_str().to_owned(), version))
            .collect(),
    )
}

#[tokio::test]
async fn the_right_chatter_id_is_let_in_and_its_connection_stored() {
    let store = store().await;
    let id = store.chatters.issue(&login("friendless"), HOUR).await.unwrap();
    let connection = connection("friendless", "A=", id.hash());
    assert_eq!(store.admission.admit(&connection).await, Ok(Ok(())));
    assert_eq!(
        store.connections.of(&login("friendless")).await.unwrap(),
        std::slice::from_ref(&connection)
    );
    assert_eq!(
        store.connections.find(&login("friendless"), &connection.id).await,
        Ok(Some(connection.clone()))
    );
    assert_eq!(
        store.connections.login_of(&connection.id).await,
        Ok(Some(login("friendless")))
    );
    assert_eq!(store.connections.find(&login("other"), &connection.id).await, Ok(None));
}

#[tokio::test]
async fn every_wrong_chatter_id_is_refused_and_nothing_stored() {
    let store = store().await;
    let (friendless, other) = (login("friendless"), login("other"));
    let id = store.chatters.issue(&friendless, HOUR).await.unwrap();
    let others = store.chatters.issue(&other, HOUR).await.unwrap();
    let expired = store.chatters.issue(&friendless, Duration::ZERO).await.unwrap();
    for (name, hash, refusal) in [
        ("nobody", id.hash(), Refusal::Unknown),
        ("Friendless", id.hash(), Refusal::Unknown),
        ("friendless", ChatterId::random().hash(), Refusal::Unknown),
        ("friendless", others.hash(), Refusal::Unknown),
        ("friendless", expired.hash(), Refusal::Expired),
    ] {
        assert_eq!(
            store.admission.admit(&connection(name, "A=", hash)).await,
            Ok(Err(refusal)),
            "{name}"
        );
        assert_eq!(store.connections.of(&login(name)).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_forgotten_chatter_id_opens_nothing() {
    let store = store().await;
    let friendless = login("friendless");
    let [kept, gone] = [
        store.chatters.issue(&friendless, HOUR).await.unwrap(),
        store.chatters.issue(&friendless, HOUR).await.unwrap(),
    ];
    store.chatters.forget(&friendless, &gone.hash()).await.unwrap();
    assert_eq!(store.chatters.of(&friendless).await.unwrap(), [kept.hash()]);
    assert_eq!(
        store
            .admission
            .admit(&connection("friendless", "A=", gone.hash()))
            .await,
        Ok(Err(Refusal::Unknown))
    );
    assert_eq!(
        store
            .admission
            .admit(&connection("friendless", "A=", kept.hash()))
            .await,
        Ok(Ok(()))
    );
}

#[tokio::test]
async fn the_table_holds_a_hash_and_no_chatter_id() {
    let store = store().await;
    let id = store.chatters.issue(&login("friendless"), HOUR).await.unwrap();
    let items = store
        .client
        .scan()
        .table_name("chatters")
        .send()
        .await
        .unwrap()
        .items
        .unwrap();
    let mut names: Vec<&str> = items[0].keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["chatter_hash", "expires_at", "issued_at", "login"]);
    assert_eq!(
        items[0]["chatter_hash"],
        AttributeValue::S(id.hash().as_str().to_owned())
    );
    assert!(!format!("{items:?}").contains(&id.reveal()));
}

#[tokio::test]
async fn a_connection_that_has_expired_is_not_believed() {
    let store = store().await;
    let id = store.chatters.issue(&login("friendless"), HOUR).await.unwrap();
    let three_hours_ago = Timestamp::from_millis(Timestamp::now().millis() - 3 * 3_600_000).unwrap();
    let old = Connection {
        connected_at: three_hours_ago,
        ..connection("friendless", "A=", id.hash())
    };
    assert_eq!(store.admission.admit(&old).await, Ok(Ok(())));
    assert_eq!(store.connections.of(&old.login).await.unwrap(), []);
    assert_eq!(store.connections.find(&old.login, &old.id).await, Ok(None));
}

#[tokio::test]
async fn forgetting_a_connection_leaves_the_others() {
    let store = store().await;
    let id = store.chatters.issue(&login("friendless"), HOUR).await.unwrap();
    for name in ["A=", "B="] {
        store
            .admission
            .admit(&connection("friendless", name, id.hash()))
            .await
            .unwrap()
            .unwrap();
    }
    let gone = ConnectionId::new("A=");
    assert_eq!(store.connections.forget(&login("friendless"), &gone).await, Ok(true));
    assert_eq!(store.connections.forget(&login("friendless"), &gone).await, Ok(false));
    assert_eq!(store.connections.login_of(&gone).await, Ok(None));
    let left = store.connections.of(&login("friendless")).await.unwrap();
    assert_eq!(
        left.iter().map(|connection| connection.id.as_str()).collect::<Vec<_>>(),
        ["B="]
    );
}

#[tokio::test]
async fn all_pages_of_a_logins_connections_are_read() {
    let store = store().await;
    let friendless = login("friendless");
    // A page is 1 MB: these rows are large on purpose.
    let long = "x".repeat(200_000);
    for n in 0..12 {
        let row = [
            ("login", AttributeValue::S("friendless".to_owned())),
            ("connection_id", AttributeValue::S(format!("{n}="))),
            ("connected_at", AttributeValue::N(Timestamp::now().millis().to_string())),
            (
                "expires_at",
                AttributeValue::N((Timestamp::now().seconds() + 60).to_string()),
            ),
            ("chatter_hash", AttributeValue::S("00".to_owned())),
            ("note", AttributeValue::S(long.clone())),
        ];
        let row = row.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        store
            .client
            .put_item()
            .table_name("connections")
            .set_item(Some(row))
            .send()
            .await
            .unwrap();
    }
    assert_eq!(store.connections.of(&friendless).await.unwrap().len(), 12);
}

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
async fn what_is_older_than_the_newest_of_a_topic_changes_nothing() {
    let store = store().await;
    new(store
        .record("a", &json!({"topic": "plays", "id": "2", "at": 2_000}))
        .await);
    assert!(matches!(
        store
            .record("a", &json!({"topic": "plays", "id": "1", "at": 1_999}))
            .await,
        Recorded::Stale
    ));
    let log = store.log("a").await;
    assert_eq!((log.version, log.entries.len()), (1, 1));
    // At the same moment, or on another topic, it is news.
    assert_eq!(
        new(store
            .record("a", &json!({"topic": "plays", "id": "3", "at": 2_000}))
            .await)
        .0,
        2
    );
    assert_eq!(
        new(store.record("a", &json!({"topic": "badges", "id": "1", "at": 1})).await).0,
        3
    );
}

#[tokio::test]
async fn what_is_stale_for_one_topic_is_news_for_the_other() {
    let store = store().await;
    new(store
        .record("a", &json!({"topic": "plays", "id": "2", "at": 2_000}))
        .await);
    let late = json!({"topics": ["badges", "plays"], "id": "1", "at": 1_000});
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
    // Seven more are too many, six are not; known ones among them do not count twice.
    assert!(matches!(
        store.record("a", &json!({"topics": topics(10..17), "id": "2"})).await,
        Recorded::TooManyTopics
    ));
    assert_eq!(
        new(store.record("a", &json!({"topics": topics(5..16), "id": "3"})).await).0,
        2
    );
    assert!(matches!(
        store.record("a", &json!({"topics": ["t0", "t16"], "id": "4"})).await,
        Recorded::TooManyTopics
    ));
    assert_eq!(
        new(store.record("a", &json!({"topics": topics(0..16), "id": "5"})).await).0,
        3
    );
    assert_eq!(store.log("a").await.entries.len(), 16);
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
    let reply: serde_json::Value =
        serde_json::from_str(&sync::reply(Some(&log), &Topics::All, Some(&cursor), 1)).unwrap();
    assert_eq!(reply["updates"][0]["topic"], "\"quoted\"");
}

#[tokio::test]
async fn updates_that_meet_each_get_a_version_of_their_own() {
    let store = store().await;
    let records = (0..20).map(|n| {
        let store = &store;
        async move {
            new(store
                .record(
                    "a",
                    &json!({"topic": format!("t{}", n % 4), "id": format!("{n}"), "at": 1}),
                )
                .await)
            .0
        }
    });
    let mut versions = futures_util::future::join_all(records).await;
    versions.sort_unstable();
    assert_eq!(versions, (1..=20).collect::<Vec<_>>());
}
