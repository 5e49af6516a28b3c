//! Two clients of one login: nothing that one sends disturbs the other. (In an older system a message of one client
//! made the server drop the other "for no obvious reason".)

use e2e::{Socket, World};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// Text messages that a testing tool may send, of sizes that API Gateway accepts.
fn texts() -> Vec<String> {
    let sync = |login: &str, n: &Value| json!({"action": "sync", "login": login, "cursor": null, "n": n}).to_string();
    vec![
        "hello".to_owned(),
        String::new(),
        " ".to_owned(),
        "{}".to_owned(),
        "[1,2,3]".to_owned(),
        "null".to_owned(),
        r#"{"action":"ping"}"#.to_owned(),
        r#"{"action":"$disconnect"}"#.to_owned(),
        r#"{"action":"$connect"}"#.to_owned(),
        r#"{"action":"sendmessage","data":"hello"}"#.to_owned(),
        r#"{"action":{"action":"ping"}}"#.to_owned(),
        r#"{"action":"ping""#.to_owned(),
        sync("friendless", &json!(1)),
        sync("somebody else", &json!(2)),
        sync("friendless", &json!("not a number")),
        "[".repeat(5_000),
        "☃ Ünïcödé \u{1F9E6}".to_owned(),
        "x".repeat(32 * 1024),
    ]
}

async fn push_to_both(world: &World, one: &mut Socket, other: &mut Socket) {
    let report = world
        .notify(&json!({"login": "friendless", "body": {"message": "still there?"}}))
        .await;
    assert_eq!(report["sent"], 2);
    let version = report["logins"]["friendless"].clone();
    assert_eq!(one.hear_a("stats-updated").await["version"], version);
    assert_eq!(other.hear().await["version"], version);
}

#[tokio::test]
async fn one_client_may_send_any_text_and_the_other_stays_connected() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let offer = session.subprotocols();
    let mut browser = world
        .try_connect("", &[("sec-websocket-protocol", &offer)])
        .await
        .unwrap();
    let mut tool = world.connect(&session).await;
    for _ in 0..3 {
        for text in texts() {
            tool.say(text).await;
        }
        for frame in [Message::Ping(vec![1, 2].into()), Message::Pong(vec![].into())] {
            tool.send(frame).await;
        }
        push_to_both(&world, &mut tool, &mut browser).await;
    }
    browser.is_quiet().await;
    assert_eq!(world.rows_of("friendless").await.len(), 2);
    world.stop().await;
}

#[tokio::test]
async fn a_frame_for_which_the_gateway_closes_a_socket_closes_its_senders_only() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut browser = world.connect(&session).await;
    for (message, code) in [
        (Message::binary(vec![1, 2, 3]), 1003),
        (Message::binary(vec![]), 1003),
        (Message::text("x".repeat(32 * 1024 + 1)), 1009),
        (Message::text("x".repeat(1024 * 1024)), 1009),
    ] {
        let mut tool = world.connect(&session).await;
        tool.send(message).await;
        assert_eq!(tool.end().await.map(|(code, _)| code), Some(code));
    }
    browser.is_quiet().await;
    e2e::eventually(1, async || world.rows_of("friendless").await.len()).await;
    let mut tool = world.connect(&session).await;
    push_to_both(&world, &mut tool, &mut browser).await;
    world.stop().await;
}
