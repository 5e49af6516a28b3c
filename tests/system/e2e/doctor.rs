//! `chatter doctor` on systems with a fault that was planted: it names each, with what to do.

use crate::planted::{answering, finds};
use aws_sdk_dynamodb::types::{AttributeValue, TimeToLiveSpecification};
use chatterbox_gateway::{Certificate, Config, Gateway, Server};
use e2e::{World, chatter, eventually};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;

#[tokio::test]
async fn of_a_healthy_system_everything_is_right() {
    let world = World::start().await;
    let answered = world.chatter(&["doctor"]).await;
    let wrong: Vec<&Value> = answered
        .answers
        .iter()
        .filter(|check| check["mark"] == "wrong")
        .collect();
    assert_eq!((answered.code, wrong), (0, vec![]), "{answered:?}");
    for what in [
        "handshake",
        "clock",
        "heartbeat",
        "sync",
        "two clients",
        "update",
        "disconnect",
        "revocation",
        "callback URL",
        "chatter IDs",
    ] {
        assert!(
            answered
                .answers
                .iter()
                .any(|check| check["what"] == what && check["mark"] == "right"),
            "{what}"
        );
    }
    assert_eq!(world.items("chatters").await.len(), 0, "its chatter ID is taken back");
    world.stop().await;
}

#[tokio::test]
async fn an_address_that_is_not_that_of_the_sockets_is_found() {
    let world = World::start().await;
    let page = world.local.page_url();
    let socket = world.local.socket_url();
    for (url, what, words) in [
        (socket.replace("/dev", "/prod"), "handshake", "a wrong stage"),
        (format!("{socket}/extra"), "handshake", "not of this API"),
        (page.clone(), "URL", "no scheme of sockets"),
        ("ws://stats.example.com/dev".to_owned(), "URL", "not this machine"),
        ("not a url".to_owned(), "URL", "is no URL"),
        ("wss://nowhere.invalid/dev".to_owned(), "name", "has no address"),
        ("ws://127.0.0.1:9/dev".to_owned(), "network", "Nobody listens"),
        (socket.replace("ws:", "wss:"), "TLS and handshake", ""),
    ] {
        finds(&world.chatter(&["doctor", &url]).await, what, words);
    }
    world.stop().await;
}

#[tokio::test]
async fn a_users_chatter_id_that_is_refused_is_told_why() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let gone = world.log_in_for("penguin", Duration::from_secs(1)).await;
    put_expiry(&world, "walrus", 4_000_000_000_000).await;
    eventually(401, async || {
        world
            .try_connect(&gone.query(), &[])
            .await
            .map_or_else(|status| status, |_| 101)
    })
    .await;
    for (login, chatter_id, words) in [
        ("penguin", session.chatter_id.as_str(), "as unknown"),
        ("penguin", &gone.chatter_id, "as expired"),
        ("walrus", WALRUS, "as bad-expiry"),
        ("walrus", "no-chatter-id", "no chatter ID"),
    ] {
        let answered = world
            .chatter(&["doctor", "--login", login, "--chatter", chatter_id])
            .await;
        finds(&answered, "the user's chatter ID", words);
        assert!(!format!("{answered:?}").contains(chatter_id), "{answered:?}");
    }
    let well = world
        .chatter(&["doctor", "--login", "friendless", "--chatter", &session.chatter_id])
        .await;
    assert!(
        well.answers
            .iter()
            .any(|check| check["what"] == "the user's chatter ID" && check["mark"] == "right")
    );
    finds(&well, "chatter IDs", "in milliseconds");
    world.stop().await;
}

/// A chatter ID whose item has an expiry in milliseconds.
const WALRUS: &str = "3e7a3f0e-8f51-4f0e-9c2b-5f1d2c3b4a59";

async fn put_expiry(world: &World, login: &str, expires_at: u64) {
    let hash = chatterbox_core::ChatterId::parse(WALRUS).unwrap().hash();
    let put = world.local.aws().dynamodb().put_item().table_name("chatters");
    put.item("login", AttributeValue::S(login.to_owned()))
        .item("chatter_hash", AttributeValue::S(hash.as_str().to_owned()))
        .item("expires_at", AttributeValue::N(expires_at.to_string()))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn an_origin_that_may_not_connect_is_found() {
    let world = World::with_settings(&[("ALLOWED_ORIGINS", "https://www.example.com")]).await;
    let allowed = world.chatter(&["doctor", "--origin", "https://www.example.com"]).await;
    assert_eq!(allowed.code, 0, "{allowed:?}");
    finds(
        &world.chatter(&["doctor", "--origin", "https://example.com"]).await,
        "credentials",
        "refused the page's origin",
    );
    world.stop().await;
}

#[tokio::test]
async fn a_login_with_too_many_sockets_is_found() {
    let world = World::start().await;
    world.put_rows("chatter-doctor", 100, Duration::from_secs(30)).await;
    finds(&world.chatter(&["doctor"]).await, "credentials", "too many sockets");
    world.stop().await;
}

#[tokio::test]
async fn a_fault_between_notify_and_the_browsers_is_found() {
    let world = World::with(|options| options.faults = Some(serde_json::from_value(json!({})).unwrap())).await;
    for (faults, what, words) in [
        (json!({"postsLost": 1.0}), "update", "no answer within"),
        (json!({"connectsFailed": 1.0}), "handshake", "answered 500"),
        (json!({"connectsThrottled": 1.0}), "handshake", "answered 429"),
    ] {
        world.inject(faults);
        finds(&world.chatter(&["doctor"]).await, what, words);
    }
    world.stop().await;
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_found() {
    let world = World::start().await;
    world.local.database().stop().await;
    let answered = world.chatter(&["doctor"]).await;
    finds(&answered, "chatters", "");
    finds(&answered, "table updates", "");
    world.local.database().restart().await.unwrap();
    world.stop().await;
}

#[tokio::test]
async fn a_table_without_expiry_is_found() {
    let world = World::start().await;
    let off = TimeToLiveSpecification::builder()
        .attribute_name("expires_at")
        .enabled(false)
        .build()
        .unwrap();
    let dynamodb = world.local.aws().dynamodb();
    dynamodb
        .update_time_to_live()
        .table_name("connections")
        .time_to_live_specification(off)
        .send()
        .await
        .unwrap();
    finds(
        &world.chatter(&["doctor"]).await,
        "table connections",
        "update-time-to-live",
    );
    world.stop().await;
}

#[tokio::test]
async fn posts_that_go_to_another_address_are_found() {
    let world = World::start().await;
    let mut variables = world.variables();
    variables.insert("UPDATES_TABLE", "log".to_owned());
    let wrong = world
        .local
        .socket_url()
        .replace("ws:", "http:")
        .replace("/dev", "/prod");
    variables.insert("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", wrong);
    let answered = chatter(&["doctor", &world.local.socket_url(), "--environment"], &variables).await;
    finds(&answered, "callback URL", "CallbackUrl");
    finds(&answered, "table updates", "There is no such table");
    world.stop().await;
}

#[tokio::test]
async fn a_clock_that_is_off_is_found() {
    let world = World::start().await;
    let old = "HTTP/1.1 401 Unauthorized\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Length: 0\r\n\r\n";
    let address = answering(old.to_owned()).await;
    finds(
        &world.chatter(&["doctor", &format!("ws://{address}/dev")]).await,
        "clock",
        "ahead of the server's",
    );
    world.stop().await;
}

#[tokio::test]
async fn whoever_answers_and_is_no_chatterbox_is_found() {
    let world = World::start().await;
    for (answer, words) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "of a web site"),
        (
            "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/login?next=dev\r\nContent-Length: 0\r\n\r\n",
            "answered 302 (to https://elsewhere.example/login)",
        ),
        (
            "HTTP/1.1 418 I'm a teapot\r\nContent-Length: 0\r\n\r\n",
            "neither API Gateway nor connect",
        ),
        (
            "HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n",
            "asks to log in",
        ),
        (
            "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
            "A proxy that does not pass them on",
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
            "wrong processor",
        ),
        (
            "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n",
            "did not get an answer in time",
        ),
    ] {
        let address = answering(answer.to_owned()).await;
        finds(
            &world.chatter(&["doctor", &format!("ws://{address}/dev")]).await,
            "handshake",
            words,
        );
    }
    world.stop().await;
}

#[tokio::test]
async fn whoever_answers_and_does_not_speak_the_protocol_is_found() {
    let world = World::start().await;
    let accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Accept: nonsense\r\n\r\n";
    for (answer, words) in [
        ("", "before it answered the handshake"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
        (accepted, "a proxy or a cache"),
    ] {
        let address = answering(answer.to_owned()).await;
        let answered = world.chatter(&["doctor", &format!("ws://{address}/dev")]).await;
        finds(&answered, "TLS and handshake", words);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (certificate, gateway) = (
        Certificate::new(&[]).unwrap(),
        Gateway::start(Config::default()).await.unwrap(),
    );
    let router = gateway.router();
    tokio::spawn(async move {
        let server = Server::default();
        server
            .serve_tls(listener, &certificate, router, std::future::pending())
            .await
    });
    let answered = world.chatter(&["doctor", &format!("wss://{address}/dev")]).await;
    finds(&answered, "TLS and handshake", "not one that this machine trusts");
    world.stop().await;
}

#[tokio::test]
async fn a_page_whose_policy_blocks_the_socket_is_found() {
    let world = World::start().await;
    let page =
        |policy: &str| format!("HTTP/1.1 200 OK\r\nContent-Security-Policy: {policy}\r\nContent-Length: 0\r\n\r\n");
    let blocked = answering(page("default-src 'self'")).await;
    finds(
        &world
            .chatter(&["doctor", "--page", &format!("http://{blocked}/")])
            .await,
        "page",
        "connect-src",
    );
    finds(
        &world.chatter(&["doctor", "--page", "https://www.example.com/"]).await,
        "page",
        "Use wss:",
    );
    let allowed = answering(page("default-src 'self'; connect-src ws:")).await;
    let well = world
        .chatter(&["doctor", "--page", &format!("http://{allowed}/")])
        .await;
    assert_eq!(well.code, 0, "{well:?}");
    world.stop().await;
}
