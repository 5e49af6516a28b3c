//! What reaches the functions by the tables' streams: chatter IDs that were deleted, and events in the outbox. The tables are
//! changed as a client in any language does it: by DynamoDB's own requests over HTTP.

use chatterbox_core::{ChatterId, Tables, schema};
use chatterbox_gateway::Faults;
use e2e::{Session, World, eventually};
use serde_json::{Value, json};

/// One request to DynamoDB, with nothing but what its protocol asks for.
async fn dynamodb(world: &World, operation: &str, request: Value) {
    let response = reqwest::Client::new()
        .post(world.local.dynamodb_url())
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-date", "20261126T000000Z")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("authorization", "AWS4-HMAC-SHA256 Credential=local/20261126/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
        .body(request.to_string())
        .send()
        .await
        .unwrap();
    let status = response.status();
    assert!(status.is_success(), "{status} {}", response.text().await.unwrap());
}

/// The key of a session's item in `chatters`.
fn key(session: &Session) -> Value {
    let hash = ChatterId::parse(&session.chatter_id).unwrap().hash();
    json!({"login": {"S": session.login}, "chatter_hash": {"S": hash.as_str()}})
}

async fn delete(world: &World, session: &Session) {
    dynamodb(
        world,
        "DeleteItem",
        json!({"TableName": "chatters", "Key": key(session)}),
    )
    .await;
}

/// Makes a session's chatter ID expire long ago.
async fn expire(world: &World, session: &Session) {
    set_expiry(world, session, "1").await;
}

async fn set_expiry(world: &World, session: &Session, expires_at: &str) {
    let update = json!({"TableName": "chatters", "Key": key(session), "UpdateExpression": "SET expires_at = :at",
        "ExpressionAttributeValues": {":at": {"N": expires_at}}});
    dynamodb(world, "UpdateItem", update).await;
}

async fn put(world: &World, id: &str, event: Value) {
    let item = json!({"id": {"S": id}, "event": {"S": event.to_string()}});
    dynamodb(world, "PutItem", json!({"TableName": "outbox", "Item": item})).await;
}

#[tokio::test]
async fn deleting_the_item_of_a_chatter_id_closes_its_sockets_and_no_others() {
    let world = World::start().await;
    let (phone, laptop) = (world.log_in("friendless").await, world.log_in("friendless").await);
    let sockets = [world.connect(&phone).await, world.connect(&phone).await];
    let mut kept = world.connect(&laptop).await;
    delete(&world, &phone).await;
    for mut socket in sockets {
        let closing = json!({"type": "closing", "reason": "revoked", "retry": false});
        assert_eq!(socket.hear().await, closing);
        assert_eq!(socket.end().await.map(|(code, _)| code), Some(1000));
    }
    assert_eq!(world.try_connect(&phone.query(), &[]).await.unwrap_err(), 401);
    eventually(true, async || {
        world.has_printed(&["revoke:", "\"chatters\":1", "\"sockets\":2", "revoked"])
    })
    .await;
    kept.is_quiet().await;
    assert_eq!(world.rows_of("friendless").await.len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn sockets_that_take_no_post_are_closed_all_the_same_and_revokes_log_says_so() {
    let world = World::with(|options| options.faults = Some(Faults::default())).await;
    let session = world.log_in("friendless").await;
    let socket = world.connect(&session).await;
    world.inject(json!({"postsThrottled": 1.0}));
    delete(&world, &session).await;
    assert_eq!(socket.end().await.map(|(code, _)| code), Some(1000));
    eventually(true, async || {
        world.has_printed(&["revoke:", "was not told why its socket is closed"])
    })
    .await;
    assert!(!world.has_printed(&["revoke:", "deferred"]));
    world.stop().await;
}

#[tokio::test]
async fn several_chatter_ids_that_are_deleted_by_one_request_are_revoked() {
    let world = World::start().await;
    let sessions = [world.log_in("friendless").await, world.log_in("penguin").await];
    let sockets = [world.connect(&sessions[0]).await, world.connect(&sessions[1]).await];
    let delete = |session: &Session| json!({"DeleteRequest": {"Key": key(session)}});
    let deletes = json!({"RequestItems": {"chatters": [delete(&sessions[0]), delete(&sessions[1])]}});
    dynamodb(&world, "BatchWriteItem", deletes).await;
    for mut socket in sockets {
        assert_eq!(socket.hear().await["reason"], "revoked");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_chatter_id_whose_expired_item_dynamodb_deletes_keeps_its_sockets() {
    let world = World::start().await;
    let (short, other) = (world.log_in("friendless").await, world.log_in("friendless").await);
    let (mut expired, mut deleted) = (world.connect(&short).await, world.connect(&other).await);
    expire(&world, &short).await;
    assert_eq!(world.local.database().delete_expired().await, Ok(1));
    assert_eq!(world.items("chatters").await.len(), 1);
    // It is later in the same stream: when it has taken effect, the expired one had its turn.
    delete(&world, &other).await;
    assert_eq!(deleted.hear().await["reason"], "revoked");
    eventually(true, async || {
        world.has_printed(&["revoke:", "\"sockets\":1", "revoked"])
    })
    .await;
    expired.is_quiet().await;
    world.stop().await;
}

#[tokio::test]
async fn where_syncs_are_checked_a_page_whose_chatter_id_is_not_good_any_more_connects_anew_and_is_refused() {
    let world = World::with_settings(&[("CHECK_CHATTER_ON_SYNC", "true")]).await;
    // Expired, and in milliseconds.
    for expires_at in ["1", "1795736956178"] {
        let session = world.log_in("friendless").await;
        let mut socket = world.connect(&session).await;
        socket.sync("friendless", &Value::Null).await;
        set_expiry(&world, &session, expires_at).await;
        let question = json!({"action": "sync", "login": "friendless", "cursor": null, "n": 2});
        socket.say(question.to_string()).await;
        let answer = socket.hear_a("error").await;
        assert_eq!(answer["code"], "unknown-connection", "{expires_at}");
        assert_eq!(world.try_connect(&session.query(), &[]).await.unwrap_err(), 401);
    }
    world.stop().await;
}

#[tokio::test]
async fn an_event_that_is_put_into_the_outbox_is_pushed() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let event = |body: &str| json!({"login": "friendless", "body": body});
    put(&world, "o", event("first")).await;
    assert_eq!(socket.hear_a("stats-updated").await["body"], "first");
    // Another event over it is news; the same one and a deletion are not.
    put(&world, "o", event("second")).await;
    assert_eq!(socket.hear().await["body"], "second");
    put(&world, "o", event("second")).await;
    let delete = json!({"TableName": "outbox", "Key": {"id": {"S": "o"}}});
    dynamodb(&world, "DeleteItem", delete).await;
    put(&world, "another", event("third")).await;
    assert_eq!(socket.hear().await["body"], "third");
    world.stop().await;
}

#[tokio::test]
async fn many_events_in_the_outbox_arrive_in_their_order() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    for n in 0..35 {
        put(&world, &n.to_string(), json!({"login": "friendless", "body": n})).await;
    }
    for n in 0..35 {
        assert_eq!(socket.hear_a("stats-updated").await["body"], n);
    }
    world.stop().await;
}

#[tokio::test]
async fn a_record_that_fails_is_tried_again_and_one_that_cannot_be_read_is_not() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    put(&world, "bad", json!({"login": 5})).await;
    eventually(true, async || world.has_printed(&["notify:", "\"BadEvents\":1.0"])).await;
    dynamodb(&world, "DeleteTable", json!({"TableName": "updates"})).await;
    put(&world, "good", json!({"login": "friendless", "body": "at last"})).await;
    // The first try has failed.
    eventually(true, async || world.has_printed(&["notify:", "\"Updates\":1.0"])).await;
    let [chatters, connections, updates] = ["chatters", "connections", "updates"].map(str::to_owned);
    let tables = Tables {
        chatters,
        connections,
        updates,
    };
    schema::create_tables(&world.local.aws().dynamodb(), &tables)
        .await
        .unwrap();
    assert_eq!(socket.hear_a("stats-updated").await["body"], "at last");
    world.stop().await;
}

#[tokio::test]
async fn a_function_that_is_killed_gets_its_records_again() {
    let world = World::with(|options| options.faults = Some(Faults::default())).await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    world.inject(json!({"seed": 1, "invocationsKilled": 1.0, "killWithinMs": 1}));
    delete(&world, &session).await;
    eventually(true, async || world.has_printed(&["revoke", "killed"])).await;
    world.inject(json!({}));
    assert_eq!(socket.hear_a("closing").await["reason"], "revoked");
    world.stop().await;
}
