//! Opening a socket: credentials, origins, refusals, and the row of a connection.

use e2e::{World, eventually};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn the_right_credentials_open_a_socket_by_query_string() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let socket = world.connect(&session).await;
    assert_eq!(socket.subprotocol, None);
    assert_eq!(world.rows_of("friendless").await.len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn the_right_credentials_open_a_socket_by_subprotocol() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let offer = session.subprotocols();
    let mut socket = world
        .try_connect("", &[("sec-websocket-protocol", &offer)])
        .await
        .unwrap();
    assert_eq!(socket.subprotocol.as_deref(), Some("chatterbox.v1"));
    socket.is_quiet().await;
    assert_eq!(world.rows_of("friendless").await.len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn the_right_credentials_open_a_socket_by_cookie() {
    let settings = [
        ("LOGIN_COOKIE", "user"),
        ("CHATTER_COOKIE", "chatter"),
        ("ALLOWED_ORIGINS", "https://www.example.com"),
    ];
    let world = World::with_settings(&settings).await;
    let session = world.log_in("friendless").await;
    let cookie = format!("theme=dark; user=friend%6cess; chatter={}", session.chatter_id);
    let origin = ("origin", "https://www.example.com");
    assert!(world.try_connect("", &[origin, ("cookie", &cookie)]).await.is_ok());
    assert_eq!(world.rows_of("friendless").await.len(), 1);
    assert_eq!(world.try_connect("", &[("cookie", &cookie)]).await.unwrap_err(), 401);
    world.stop().await;
}

#[tokio::test]
async fn behind_cloudfront_a_handshake_that_comes_another_way_is_refused_and_the_origin_secret_is_printed_nowhere() {
    let (old, new) = ("k4Tq0WcVb71mZs9LxR2dYh83", "0aB1cD2eF3gH4iJ5kL6mN7oP");
    let world = World::with_settings(&[("ORIGIN_SECRET", &format!("{new},{old}"))]).await;
    let session = world.log_in("friendless").await;
    let mut open = Vec::new();
    for secret in [old, new] {
        let header = ("x-chatterbox-origin", secret);
        open.push(world.try_connect(&session.query(), &[header]).await.unwrap());
    }
    assert_eq!(world.try_connect(&session.query(), &[]).await.unwrap_err(), 403);
    let almost = ("x-chatterbox-origin", &old[1..]);
    assert_eq!(world.try_connect(&session.query(), &[almost]).await.unwrap_err(), 403);
    eventually(true, async || {
        world.has_printed(&["handshake refused", "origin-secret"])
    })
    .await;
    for secret in [old, new, &old[1..]] {
        assert!(!world.has_printed(&[secret]));
    }
    assert_eq!(world.rows_of("friendless").await.len(), 2);
    world.stop().await;
}

#[tokio::test]
async fn a_site_may_choose_the_names_of_the_query_parameters() {
    let settings = [("LOGIN_PARAMETER", "geek"), ("CHATTER_PARAMETER", "id")];
    let world = World::with_settings(&settings).await;
    let session = world.log_in("friendless").await;
    let query = format!("geek=friendless&id={}&topic=updates", session.chatter_id);
    assert!(world.try_connect(&query, &[]).await.is_ok());
    assert_eq!(world.try_connect(&session.query(), &[]).await.unwrap_err(), 401);
    world.stop().await;
}

#[tokio::test]
async fn every_wrong_credential_is_refused_with_401_and_no_row() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let other = world.log_in("other").await;
    let expired = world.log_in_for("late", Duration::ZERO).await;
    let id = &session.chatter_id;
    for (what, query) in [
        ("unknown login", format!("login=nobody&chatter={id}")),
        (
            "wrong secret",
            "login=friendless&chatter=3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b".to_owned(),
        ),
        (
            "another's secret",
            format!("login=friendless&chatter={}", other.chatter_id),
        ),
        ("expired, not yet deleted by TTL", expired.query()),
        ("malformed secret", "login=friendless&chatter=12345".to_owned()),
        ("empty login", format!("login=&chatter={id}")),
        ("missing secret", "login=friendless".to_owned()),
        ("missing login", format!("chatter={id}")),
        ("missing both", String::new()),
        ("twice", format!("login=friendless&login=other&chatter={id}")),
        ("oversized login", format!("login={}&chatter={id}", "x".repeat(129))),
        (
            "oversized secret",
            format!("login=friendless&chatter={id}{}", "0".repeat(1_000)),
        ),
        ("another case", format!("login=Friendless&chatter={id}")),
    ] {
        assert_eq!(world.try_connect(&query, &[]).await.unwrap_err(), 401, "{what}");
    }
    let wrong = e2e::Session {
        login: "friendless".to_owned(),
        chatter_id: other.chatter_id.clone(),
    };
    let offer = wrong.subprotocols();
    assert_eq!(
        world
            .try_connect("", &[("sec-websocket-protocol", &offer)])
            .await
            .unwrap_err(),
        401
    );
    assert_eq!(world.items("connections").await, []);
    world.stop().await;
}

#[tokio::test]
async fn credentials_as_the_only_subprotocol_are_refused_with_400() {
    let world = World::start().await;
    let offer = world.log_in("friendless").await.subprotocols();
    let only_auth = offer.split(", ").nth(1).unwrap();
    assert_eq!(
        world
            .try_connect("", &[("sec-websocket-protocol", only_auth)])
            .await
            .unwrap_err(),
        400
    );
    assert_eq!(world.items("connections").await, []);
    world.stop().await;
}

#[tokio::test]
async fn a_page_of_another_site_is_refused_with_403() {
    let world = World::with_settings(&[("ALLOWED_ORIGINS", "https://www.example.com")]).await;
    let session = world.log_in("friendless").await;
    // The gateway refuses the page of another machine itself, and leaves one of this machine to the function.
    for origin in ["https://evil.example", "http://localhost:3000"] {
        let refused = world.try_connect(&session.query(), &[("origin", origin)]).await;
        assert_eq!(refused.unwrap_err(), 403, "{origin}");
    }
    assert!(world.has_printed(&[
        "connect:",
        r#""reason":"origin""#,
        r#""origin":"http://localhost:3000""#
    ]));
    assert_eq!(world.items("connections").await, []);
    assert!(
        world
            .try_connect(&session.query(), &[("origin", "https://www.example.com")])
            .await
            .is_ok()
    );
    assert!(world.try_connect(&session.query(), &[]).await.is_ok());
    world.stop().await;
}

#[tokio::test]
async fn while_dynamodb_is_down_a_handshake_gets_500_and_no_row() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    world.local.database().stop().await;
    assert_eq!(world.try_connect(&session.query(), &[]).await.unwrap_err(), 500);
    world.local.database().restart().await.unwrap();
    assert_eq!(world.items("connections").await, []);
    assert!(world.try_connect(&session.query(), &[]).await.is_ok());
    world.stop().await;
}

#[tokio::test]
async fn five_tabs_that_connect_at_once_all_get_a_socket() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let tabs = futures_util::future::join_all((0..5).map(|_| world.connect(&session))).await;
    assert_eq!(world.rows_of("friendless").await.len(), 5);
    let report = world.notify(&json!({"login": "friendless"})).await;
    assert_eq!(
        (&report["sent"], &report["logins"]),
        (&json!(5), &json!({"friendless": 1}))
    );
    for mut tab in tabs {
        assert_eq!(tab.hear().await["version"], 1);
    }
    world.stop().await;
}

#[tokio::test]
async fn a_login_that_opens_five_times_as_many_sockets_as_it_may_is_refused_more_with_429() {
    let world = World::with_settings(&[("MAX_CONNECTIONS_PER_LOGIN", "1")]).await;
    let (session, other) = (world.log_in("friendless").await, world.log_in("other").await);
    // The count is made beside the transaction, and may see the row that this has just stored: then it refuses one too early.
    let mut open = Vec::new();
    for _ in 0..8 {
        match world.try_connect(&session.query(), &[]).await {
            Ok(socket) => open.push(socket),
            Err(status) => assert_eq!((status, open.len() >= 4), (429, true)),
        }
    }
    assert_eq!(open.len(), 5);
    assert!(world.has_printed(&["connect:", "handshake refused", "too-many-sockets"]));
    assert_eq!(
        world.rows_of("friendless").await.len(),
        5,
        "those of refused sockets are taken back"
    );
    assert!(world.try_connect(&other.query(), &[]).await.is_ok());

    // notify leaves it one, and it may open others again.
    world.notify(&json!({"login": "friendless"})).await;
    assert_eq!(world.rows_of("friendless").await.len(), 1);
    assert!(world.try_connect(&session.query(), &[]).await.is_ok());
    world.stop().await;
}

#[tokio::test]
async fn a_login_that_has_as_many_sockets_as_it_may_goes_on_reloading_its_pages() {
    let world = World::with_settings(&[("MAX_CONNECTIONS_PER_LOGIN", "2")]).await;
    let session = world.log_in("friendless").await;
    let (mut page, _other) = (world.connect(&session).await, world.connect(&session).await);
    for _ in 0..30 {
        page.close().await;
        page = world.connect(&session).await;
        eventually(2, async || world.rows_of("friendless").await.len()).await;
    }
    world.stop().await;
}

#[tokio::test]
async fn a_closed_sockets_row_is_gone() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let (one, _other) = (world.connect(&session).await, world.connect(&session).await);
    one.close().await;
    eventually(1, async || world.rows_of("friendless").await.len()).await;
    world.stop().await;
}

#[tokio::test]
async fn revoking_a_chatter_id_closes_its_sockets_and_no_others() {
    let world = World::start().await;
    let (phone, laptop) = (world.log_in("friendless").await, world.log_in("friendless").await);
    let (mut revoked, mut kept) = (world.connect(&phone).await, world.connect(&laptop).await);
    assert_eq!(world.revoke(&phone).await, 1);
    assert_eq!(
        revoked.hear().await,
        json!({"type": "closing", "reason": "revoked", "retry": false})
    );
    assert_eq!(revoked.end().await.map(|(code, _)| code), Some(1000));
    assert_eq!(world.try_connect(&phone.query(), &[]).await.unwrap_err(), 401);
    let report = world.notify(&json!({"login": "friendless"})).await;
    assert_eq!(report["sent"], 1);
    assert_eq!(kept.hear().await["type"], "stats-updated");
    world.stop().await;
}
