//! Messages of a client, and the answers to them.

use e2e::{World, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn a_page_that_was_away_gets_what_it_missed() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let nothing = socket.sync("friendless", &Value::Null).await;
    assert_eq!((&nothing["cursor"], &nothing["updates"]), (&Value::Null, &json!([])));
    world
        .notify(&json!({"login": "friendless", "topic": "plays", "body": 1}))
        .await;
    let push = socket.hear().await;
    let cursor = json!({"epoch": push["epoch"], "version": push["version"]});
    socket.close().await;
    for (topic, body) in [("plays", 2), ("badges", 3), ("plays", 4)] {
        world
            .notify(&json!({"login": "friendless", "topic": topic, "body": body}))
            .await;
    }
    let mut back = world.connect(&session).await;
    let reply = back.sync("friendless", &cursor).await;
    assert_eq!(
        (&reply["missed"], &reply["reset"], &reply["more"]),
        (&json!(3), &json!(false), &json!(false))
    );
    let heard: Vec<_> = reply["updates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| (&u["topic"], &u["body"]))
        .collect();
    assert_eq!(heard, [(&json!("badges"), &json!(3)), (&json!("plays"), &json!(4))]);
    let caught_up = back.sync("friendless", &reply["cursor"]).await;
    assert_eq!((&caught_up["missed"], &caught_up["updates"]), (&json!(0), &json!([])));
    world.stop().await;
}

#[tokio::test]
async fn updates_that_do_not_fit_into_one_reply_come_in_the_next() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    for n in 0..10 {
        world
            .notify(&json!({"login": "friendless", "topic": format!("t{n}"), "body": "x".repeat(8_000)}))
            .await;
    }
    let mut socket = world.connect(&session).await;
    let (mut cursor, mut topics, mut replies) = (Value::Null, Vec::new(), 0);
    loop {
        let reply = socket.sync("friendless", &cursor).await;
        topics.extend(
            reply["updates"]
                .as_array()
                .unwrap()
                .iter()
                .map(|u| u["topic"].as_str().unwrap().to_owned()),
        );
        cursor = reply["cursor"].clone();
        replies += 1;
        if reply["more"] == false {
            break;
        }
    }
    assert_eq!(topics, (0..10).map(|n| format!("t{n}")).collect::<Vec<_>>());
    assert!(replies > 1);
    world.stop().await;
}

#[tokio::test]
async fn a_sync_for_another_login_is_answered_unknown_connection_without_data() {
    let world = World::start().await;
    let (mallory, friendless) = (world.log_in("mallory").await, world.log_in("friendless").await);
    let _victim = world.connect(&friendless).await;
    world
        .notify(&json!({"login": "friendless", "body": {"private": "yes"}}))
        .await;
    let mut socket = world.connect(&mallory).await;
    for login in ["friendless", "nobody"] {
        socket
            .say(json!({"action": "sync", "login": login, "cursor": null, "n": 1}).to_string())
            .await;
        let answer = socket.hear().await;
        assert_eq!(
            (&answer["type"], &answer["code"]),
            (&json!("error"), &json!("unknown-connection"))
        );
        assert!(!answer.to_string().contains("private"));
    }
    assert_eq!(socket.sync("mallory", &Value::Null).await["updates"], json!([]));
    world.stop().await;
}

#[tokio::test]
async fn a_sync_on_a_connection_without_a_row_is_answered_unknown_connection() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let row = world.rows_of("friendless").await.remove(0);
    let key = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let delete = world.local.aws().dynamodb().delete_item().table_name("connections");
    delete
        .key("login", key("friendless"))
        .key("connection_id", key(&row))
        .send()
        .await
        .unwrap();
    socket
        .say(json!({"action": "sync", "login": "friendless", "n": 1}).to_string())
        .await;
    assert_eq!(socket.hear().await["code"], "unknown-connection");
    world.stop().await;
}

#[tokio::test]
async fn a_message_that_is_not_understood_is_answered_with_an_error_frame() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (text, code) in [
        (r#"{"action":"dance"}"#, "unknown-action"),
        (r#"{"action":"notify"}"#, "unknown-action"),
        ("hello", "bad-message"),
        (deep.as_str(), "bad-message"),
        (r#"{"action":"sync"}"#, "bad-message"),
        (r#"{"action":"sync","login":"friendless","n":1,"n":2}"#, "bad-message"),
        (
            r#"{"action":"sync","login":"friendless","n":1,"cursor":["E",1]}"#,
            "bad-message",
        ),
        ("{}", "bad-message"),
    ] {
        socket.say(text).await;
        let answer = socket.hear().await;
        assert_eq!(
            (&answer["type"], &answer["code"]),
            (&json!("error"), &json!(code)),
            "{text:.40}"
        );
    }
    socket.is_quiet().await;
    world.stop().await;
}

#[tokio::test]
async fn a_message_that_names_a_route_of_handshakes_or_ends_takes_none_of_these_and_is_answered() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let (mut one, mut other) = (world.connect(&session).await, world.connect(&session).await);
    for action in ["$disconnect", "$connect", "$default", "ping-message"] {
        one.say(json!({"action": action}).to_string()).await;
        assert_eq!(one.hear().await["code"], "unknown-action", "{action}");
    }
    assert_eq!(world.rows_of("friendless").await.len(), 2);
    assert_eq!(world.notify(&json!({"login": "friendless"})).await["sent"], 2);
    assert_eq!(one.hear_a("stats-updated").await["version"], 1);
    assert_eq!(other.hear().await["version"], 1);
    world.stop().await;
}

#[tokio::test]
async fn a_sync_while_dynamodb_is_down_is_answered_unavailable_and_the_socket_stays() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    world.local.database().stop().await;
    socket
        .say(json!({"action": "sync", "login": "friendless", "n": 1}).to_string())
        .await;
    assert_eq!(socket.hear().await["code"], "unavailable");
    world.local.database().restart().await.unwrap();
    socket.sync("friendless", &Value::Null).await;
    world.stop().await;
}

#[tokio::test]
async fn an_event_of_another_route_does_nothing_and_is_answered_400_and_logged() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let _socket = world.connect(&session).await;
    let id = world.rows_of("friendless").await.remove(0);
    for (function, kind) in [
        ("connect", "MESSAGE"),
        ("connect", "DISCONNECT"),
        ("disconnect", "MESSAGE"),
        ("disconnect", "CONNECT"),
        ("default", "CONNECT"),
    ] {
        let context = json!({"connectionId": id, "eventType": kind});
        let (answer, _) = world.invoke(function, &json!({"requestContext": context})).await;
        assert_eq!(answer, json!({"statusCode": 400}), "{function}, {kind}");
        eventually(true, async || {
            world.has_printed(&[&format!("{function}:"), "an event of another route", &id])
        })
        .await;
    }
    assert_eq!(world.rows_of("friendless").await, [id]);
    world.stop().await;
}

#[tokio::test]
async fn a_ping_that_api_gateway_cannot_read_is_answered_by_the_function() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let (answer, _) = world
        .invoke(
            "default",
            &json!({"requestContext": {"connectionId": "A=", "eventType": "MESSAGE"}, "body": r#"{"action":"ping"}"#}),
        )
        .await;
    assert_eq!(answer, json!({"statusCode": 200, "body": r#"{"type":"pong"}"#}));
    // Half of a surrogate pair is text to JSON's grammar, and no character.
    for text in [
        r#"{"action":"ping","more":"\ud800"}"#,
        r#"{"\udfff":1,"action":"ping"}"#,
    ] {
        socket.say(text).await;
        assert_eq!(socket.hear().await, json!({"type": "pong"}), "{text}");
    }
    world.stop().await;
}
