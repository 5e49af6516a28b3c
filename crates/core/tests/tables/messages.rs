//! Syncs, and the chatter ID behind the socket.

use crate::store::{HOUR, Store, connection, login, store};
use aws_sdk_dynamodb::types::AttributeValue;
use chatterbox_core::{ChatterId, ConnectionId, Handled, MessageHandler, Verdict};
use serde_json::Value;

const SOCKET: &str = "A=";

/// The type of the answer to a sync on this socket, or the code of the error.
async fn sync(store: &Store, is_checked: bool) -> String {
    let handler = MessageHandler {
        connections: store.connections.clone(),
        updates: store.updates.clone(),
        chatters: is_checked.then(|| store.chatters.clone()),
    };
    let message = r#"{"action":"sync","login":"friendless","cursor":null,"n":1}"#;
    let Handled::Synced(reply) = handler.handle(&ConnectionId::new(SOCKET), message).await else {
        panic!("the sync was not answered");
    };
    let reply: Value = serde_json::from_str(&reply).unwrap();
    let word = reply.get("code").or(reply.get("type")).unwrap();
    word.as_str().unwrap().to_owned()
}

/// A user whose socket is open.
async fn connected() -> (Store, ChatterId) {
    let store = store().await;
    let id = store.chatters.issue(&login("friendless"), HOUR).await.unwrap();
    let admitted = store
        .admission
        .admit(&connection("friendless", SOCKET, id.hash()))
        .await;
    assert_eq!(admitted, Ok(Verdict::Admitted));
    (store, id)
}

#[tokio::test]
async fn a_sync_with_a_good_chatter_id_is_answered_checked_or_not() {
    let (store, _) = connected().await;
    for is_checked in [false, true] {
        assert_eq!(sync(&store, is_checked).await, "sync");
    }
}

#[tokio::test]
async fn after_its_chatter_id_was_deleted_a_sync_is_refused_only_if_that_is_checked() {
    let (store, id) = connected().await;
    store.chatters.forget(&login("friendless"), &id.hash()).await.unwrap();
    assert_eq!(sync(&store, false).await, "sync");
    assert_eq!(sync(&store, true).await, "unknown-connection");
}

#[tokio::test]
async fn after_its_chatter_id_has_expired_a_sync_is_refused_only_if_that_is_checked() {
    let (store, id) = connected().await;
    let expire = store.client.update_item().table_name("chatters");
    let text = |text: &str| AttributeValue::S(text.to_owned());
    expire
        .key("login", text("friendless"))
        .key("chatter_hash", text(id.hash().as_str()))
        .update_expression("SET expires_at = :past")
        .expression_attribute_values(":past", AttributeValue::N("1".to_owned()))
        .send()
        .await
        .unwrap();
    assert_eq!(sync(&store, false).await, "sync");
    assert_eq!(sync(&store, true).await, "unknown-connection");
}
