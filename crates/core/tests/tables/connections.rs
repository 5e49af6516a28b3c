//! The connections table.

use crate::store::{HOUR, connection, login, store};
use aws_sdk_dynamodb::types::AttributeValue;
use chatterbox_core::{Connection, ConnectionId, Timestamp, Verdict};

#[tokio::test]
async fn a_connection_that_has_expired_is_not_read() {
    let store = store().await;
    let id = store.chatters.issue(&login("friendless"), HOUR).await.unwrap();
    let three_hours_ago = Timestamp::from_millis(Timestamp::now().millis() - 3 * 3_600_000).unwrap();
    let old = Connection {
        connected_at: three_hours_ago,
        ..connection("friendless", "A=", id.hash())
    };
    assert_eq!(store.admission.admit(&old).await, Ok(Verdict::Admitted));
    assert_eq!(store.connections.of(&old.login).await.unwrap(), []);
    assert_eq!(store.connections.find(&old.login, &old.id).await, Ok(None));
}

#[tokio::test]
async fn forgetting_a_connection_leaves_the_others() {
    let store = store().await;
    let id = store.chatters.issue(&login("friendless"), HOUR).await.unwrap();
    for name in ["A=", "B="] {
        let admitted = store.admission.admit(&connection("friendless", name, id.hash())).await;
        assert_eq!(admitted, Ok(Verdict::Admitted));
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
async fn an_operator_reads_the_connections_of_all_logins_up_to_a_number() {
    let store = store().await;
    for name in ["friendless", "penguin"] {
        let id = store.chatters.issue(&login(name), HOUR).await.unwrap();
        for n in 0..3 {
            let admitted = store
                .admission
                .admit(&connection(name, &format!("{name}{n}="), id.hash()))
                .await;
            assert_eq!(admitted, Ok(Verdict::Admitted));
        }
    }
    let mut all = store.connections.first(100).await.unwrap();
    all.sort_by(|one, other| one.id.cmp(&other.id));
    let ids: Vec<&str> = all.iter().map(|connection| connection.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "friendless0=",
            "friendless1=",
            "friendless2=",
            "penguin0=",
            "penguin1=",
            "penguin2="
        ]
    );
    assert_eq!(store.connections.first(4).await.unwrap().len(), 4);
}
