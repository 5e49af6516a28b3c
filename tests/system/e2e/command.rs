//! The command `chatter` on a running system: what an operator asks of it.

use e2e::{World, chatter, eventually};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};

#[tokio::test]
async fn an_operator_issues_a_chatter_id_and_takes_it_back() {
    let world = World::start().await;
    let issued = world.chatter(&["issue", "friendless", "--ttl", "1h"]).await;
    let chatter_id = issued.one()["chatterId"].as_str().unwrap().to_owned();
    assert_eq!(issued.one()["url"], world.local.socket_url());
    let query = format!("login=friendless&chatter={chatter_id}");
    let socket = world.try_connect(&query, &[]).await.unwrap();

    let who = world.chatter(&["who"]).await;
    assert_eq!(who.one()["sockets"][0]["login"], "friendless");
    assert_eq!(who.one()["sockets"][0]["state"], "open");

    let revoked = world.chatter(&["revoke", "friendless", "--chatter", &chatter_id]).await;
    assert_eq!(
        *revoked.one(),
        json!({"login": "friendless", "chatterIds": 1, "socketsClosed": 1})
    );
    assert_eq!(revoked.code, 0);
    assert_eq!(socket.end().await.map(|(code, _)| code), Some(1000));
    assert_eq!(world.try_connect(&query, &[]).await.unwrap_err(), 401);

    let again = world.chatter(&["revoke", "friendless", "--all"]).await;
    assert_eq!((again.code, &again.one()["chatterIds"]), (3, &json!(0)));
    assert_eq!(world.chatter(&["who", "friendless"]).await.code, 3);
    world.stop().await;
}

#[tokio::test]
async fn who_tells_dead_rows_from_open_sockets_and_prune_deletes_the_dead_ones() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect_to(&session, "plays,games").await;
    world
        .put_row("friendless", "00000000000000A=", Duration::from_secs(600))
        .await;
    world.put_row("friendless", "00000000000001A=", Duration::ZERO).await;

    let who = world.chatter(&["who", "friendless"]).await;
    let states: Vec<_> = who.one()["sockets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["dead", "open", "opening"]);
    assert_eq!(who.one()["sockets"][1]["topics"], json!(["games", "plays"]));
    assert!(
        who.one()["sockets"][0].get("topics").is_none(),
        "all topics have no list"
    );

    let trial = world.chatter(&["prune", "--dry-run"]).await;
    assert_eq!(*trial.one(), json!({"looked": 3, "dead": 1, "deleted": 0}));
    let pruned = world.chatter(&["prune", "friendless"]).await;
    assert_eq!(*pruned.one(), json!({"looked": 3, "dead": 1, "deleted": 1}));
    assert_eq!(world.rows_of("friendless").await.len(), 2);
    socket.is_quiet().await;
    world.stop().await;
}

#[tokio::test]
async fn an_update_is_sent_and_its_log_is_shown() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let mut socket = world.connect(&session).await;
    let sent = world
        .chatter(&[
            "notify",
            "friendless",
            "penguin",
            "--topic",
            "plays",
            "--id",
            "job-1",
            "--body",
            r#"{"b":1.50,"a":1}"#,
        ])
        .await;
    assert_eq!(sent.one()["logins"], json!({"friendless": 1, "penguin": 1}));
    assert_eq!(sent.one()["sent"], 1);
    let push = socket.hear_a("stats-updated").await;
    assert_eq!(
        (&push["id"], &push["body"]),
        (&json!("job-1"), &json!({"b": 1.5, "a": 1}))
    );

    let log = world.chatter(&["updates", "friendless"]).await;
    assert_eq!(log.one()["topics"][0]["topic"], "plays");
    assert_eq!(log.one()["topics"][0]["id"], "job-1");
    assert_eq!(world.chatter(&["updates", "nobody"]).await.code, 3);

    let stale = world
        .chatter(&[
            "notify",
            "friendless",
            "--topic",
            "plays",
            "--at",
            "2026-01-31T09:00:00Z",
        ])
        .await;
    assert_eq!((stale.code, &stale.one()["logins"]["friendless"]), (3, &json!("stale")));
    world.stop().await;
}

#[tokio::test]
async fn a_wrong_argument_is_named_and_nothing_is_sent() {
    let world = World::start().await;
    for (arguments, code, words) in [
        (
            &["notify", "friendless", "--body", "{plays:1}"][..],
            1,
            "--body: must be JSON",
        ),
        (&["notify", "friendless", "--topic", "a,b"], 1, "topics[0]"),
        (
            &["issue", "friendless", "--ttl", "20years"],
            2,
            "one second to ten years",
        ),
        (&["issue", ""], 2, "1 to 128 bytes"),
        (
            &["revoke", "friendless", "--chatter", "secret-thing"],
            1,
            "--chatter: must be a chatter ID",
        ),
        (&["revoke", "friendless"], 2, "--chatter"),
        (&["listen"], 2, "LOGIN"),
    ] {
        let answered = world.chatter(arguments).await;
        assert_eq!(answered.code, code, "{arguments:?}: {answered:?}");
        assert!(answered.errors.contains(words), "{arguments:?}: {answered:?}");
        assert!(!answered.errors.contains("secret-thing"), "{answered:?}");
    }
    assert_eq!(world.items("updates").await.len(), 0);
    world.stop().await;
}

#[tokio::test]
async fn listening_shows_what_was_missed_what_comes_and_why_it_ends() {
    let world = World::start().await;
    world
        .notify(&json!({"login": "friendless", "topic": "plays", "id": "before"}))
        .await;
    let mut listening = world.start_chatter(&["listen", "friendless"]);
    assert!(
        listening.next("open").await["text"]
            .as_str()
            .unwrap()
            .contains("chatterbox.v1")
    );
    let missed = listening.next("update").await;
    assert_eq!(
        (&missed["value"]["id"], &missed["value"]["initial"]),
        (&json!("before"), &json!(true))
    );
    listening.next("synced").await;
    world
        .notify(&json!({"login": "friendless", "topic": "plays", "id": "now"}))
        .await;
    assert_eq!(listening.next("update").await["value"]["id"], "now");

    // A socket that is lost for a passing reason is followed by another one.
    world.local.gateway().close_sockets();
    let closed = listening.next("closed").await;
    assert_eq!(
        (&closed["code"], &closed["reason"]["name"]),
        (&json!(1001), &json!("1001"))
    );
    listening.next("waiting").await;
    listening.next("synced").await;

    let login = chatterbox_core::Login::parse("friendless").unwrap();
    world.local.revocation().revoke_all(&login).await.unwrap();
    assert_eq!(listening.next("closed").await["reason"]["name"], "revoked");
    assert_eq!(listening.end().await, 3);
    world.stop().await;
}

#[tokio::test]
async fn the_chatter_id_of_a_listener_is_taken_back_when_it_ends() {
    let world = World::start().await;
    assert_eq!(world.chatter(&["listen", "friendless", "--for", "100ms"]).await.code, 0);
    eventually(0, async || world.items("chatters").await.len()).await;
    world.stop().await;
}

#[tokio::test]
async fn a_trace_follows_an_update_to_a_page() {
    let world = World::start().await;
    let traced = world.chatter(&["trace", "friendless"]).await;
    let steps: Vec<&str> = traced.one()["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["what"].as_str().unwrap())
        .collect();
    for words in [
        "notify is invoked",
        "notify has read the event",
        "the table of updates has it, as version 1",
        "the table of connections has one socket",
        "was answered 200",
        "notify has answered: version 1",
        "page got version 1",
    ] {
        assert!(steps.iter().any(|step| step.contains(words)), "{words}: {steps:?}");
    }
    assert_eq!(world.items("chatters").await.len(), 0);
    world.stop().await;
}

#[tokio::test]
async fn whatever_is_known_is_explained_and_needs_no_system() {
    let known = chatter(&["explain", "WebSocket closed: 1006"], &BTreeMap::new()).await;
    assert_eq!((known.code, &known.one()[0]["name"]), (0, &json!("1006")));
    assert_eq!(
        chatter(&["explain", "nothing-of-the-kind"], &BTreeMap::new())
            .await
            .code,
        3
    );
    assert!(
        chatter(&["explain"], &BTreeMap::new())
            .await
            .one()
            .as_array()
            .unwrap()
            .len()
            > 100
    );
}

#[tokio::test]
async fn without_a_system_a_command_says_what_to_start() {
    for (arguments, variables, words) in [
        (
            &["who", "--local", "http://127.0.0.1:9"][..],
            BTreeMap::new(),
            "`make run`",
        ),
        (
            &["who", "--environment"],
            BTreeMap::from([("CHATTERS_TABLE", "chatters".to_owned())]),
            "CONNECTIONS_TABLE",
        ),
    ] {
        let answered = chatter(arguments, &variables).await;
        assert_eq!(answered.code, 1, "{answered:?}");
        assert!(answered.errors.contains(words), "{answered:?}");
    }
}

#[tokio::test]
async fn tables_and_addresses_may_be_given_by_the_functions_own_variables() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let _socket = world.connect(&session).await;
    let variables = world.variables();
    let sent = chatter(&["notify", "friendless", "--environment"], &variables).await;
    assert_eq!(sent.one()["sent"], 1, "{sent:?}");
    let who = chatter(&["who", "--environment"], &variables).await;
    assert_eq!(who.one()["sockets"][0]["state"], "open");
    world.stop().await;
}
