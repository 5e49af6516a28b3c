//! Who is let in.

use crate::store::{HOUR, connection, login, store};
use aws_sdk_dynamodb::types::AttributeValue;
use chatterbox_core::{ChatterId, Refusal};
use std::time::Duration;

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
