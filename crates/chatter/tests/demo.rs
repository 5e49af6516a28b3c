//! The demo page's backend, by HTTP. No function runs, since these requests need none.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

use chatter::local::{Local, Options};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

/// A running system, and a folder with programs that are never started.
struct World {
    local: Local,
    _functions: TempDir,
}

impl World {
    async fn start() -> World {
        World::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Options)) -> World {
        let functions = tempfile::tempdir().unwrap();
        for name in ["connect", "disconnect", "default", "notify", "revoke"] {
            let program = functions.path().join(name);
            fs::write(&program, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut options = Options {
            port: 0,
            dynamodb_port: 0,
            functions: functions.path().to_owned(),
            ..Options::from_env()
        };
        change(&mut options);
        World {
            local: Local::start(options).await.unwrap(),
            _functions: functions,
        }
    }

    async fn post(&self, path: &str, body: &Value) -> Response {
        let url = format!("{}demo/{path}", self.local.page_url());
        reqwest::Client::new().post(url).json(body).send().await.unwrap()
    }

    async fn log_in(&self) -> Value {
        let response = self.post("login", &json!({"login": "friendless"})).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    /// The session that replaces this one.
    async fn renew(&self, session: &Value) -> Value {
        let response = self.post("renew", session).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    async fn tables(&self, login: &str) -> Value {
        let url = format!("{}demo/tables?login={login}", self.local.page_url());
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }

    async fn feed(&self, after: &str) -> Feed {
        let url = format!("{}demo/activity{after}", self.local.page_url());
        let response = reqwest::get(url).await.unwrap();
        let text = String::new();
        Feed { response, text }
    }

    /// Makes the gateway add an entry to its activity feed: it refuses a socket.
    async fn make_an_entry(&self) {
        let url = format!("{}dev", self.local.page_url());
        reqwest::get(url).await.unwrap();
    }
}

/// A stream of server-sent events.
struct Feed {
    response: Response,
    text: String,
}

/// The value of one field of an event.
fn field<'a>(event: &'a str, name: &str) -> Option<&'a str> {
    event
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

impl Feed {
    async fn next(&mut self) -> String {
        let event = async {
            loop {
                if let Some((event, rest)) = self.text.split_once("\n\n") {
                    let event = event.to_owned();
                    self.text = rest.to_owned();
                    return event;
                }
                let chunk = self.response.chunk().await.unwrap().expect("the stream goes on");
                self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        tokio::time::timeout(PATIENCE, event).await.unwrap()
    }

    /// The next event with an ID: an entry, and not the state of the system.
    async fn entry(&mut self) -> String {
        loop {
            let event = self.next().await;
            if field(&event, "id").is_some() {
                return event;
            }
        }
    }

    async fn system(&mut self) -> Value {
        loop {
            let event = self.next().await;
            if field(&event, "event") == Some("system") {
                return serde_json::from_str(field(&event, "data").unwrap()).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_session_stays_as_it_is_while_its_chatter_id_is_valid() {
    let world = World::start().await;
    let session = world.log_in().await;
    assert_eq!(world.renew(&session).await, session);
}

#[tokio::test]
async fn a_session_whose_tables_are_gone_is_replaced_by_one_for_all_its_tabs() {
    let old = World::start().await.log_in().await;
    let world = World::start().await;
    let (one, two) = tokio::join!(world.renew(&old), world.renew(&old));
    assert_ne!(one["chatterId"], old["chatterId"]);
    assert_eq!(one, two);
    assert_eq!(world.renew(&old).await, one, "a tab that comes late");
    assert_eq!(world.renew(&one).await, one, "a tab that has the new one");
}

#[tokio::test]
async fn a_session_that_has_expired_is_replaced_by_one_for_all_its_tabs() {
    let life = ("CHATTER_TTL_SECONDS".to_owned(), "1".to_owned());
    let world = World::with(|options| options.environment.extend([life])).await;
    let session = world.log_in().await;
    let expired = async || world.renew(&session).await != session;
    tokio::time::timeout(PATIENCE, async { while !expired().await {} })
        .await
        .unwrap();
    let (one, two) = tokio::join!(world.renew(&session), world.renew(&session));
    assert_eq!(one, two);
}

#[tokio::test]
async fn a_page_is_sent_to_the_socket_by_the_name_and_the_scheme_by_which_it_was_opened() {
    let world = World::with(|options| options.allowed_hosts = vec!["box.example".to_owned()]).await;
    let page = world.local.page_url();
    let port = page.trim_end_matches('/').rsplit(':').next().unwrap();
    for (host, origin, url) in [
        (
            format!("127.0.0.1:{port}"),
            "http://",
            format!("ws://127.0.0.1:{port}/dev"),
        ),
        (
            format!("localhost:{port}"),
            "http://",
            format!("ws://localhost:{port}/dev"),
        ),
        (format!("[::1]:{port}"), "http://", format!("ws://[::1]:{port}/dev")),
        (
            format!("box.example:{port}"),
            "http://",
            format!("ws://box.example:{port}/dev"),
        ),
        // Of a container whose port has another number outside; of a tunnel that speaks TLS.
        (
            "box.example:9000".to_owned(),
            "http://",
            "ws://box.example:9000/dev".to_owned(),
        ),
        ("box.example".to_owned(), "https://", "wss://box.example/dev".to_owned()),
    ] {
        let request = reqwest::Client::new().post(format!("{page}demo/login"));
        let request = request
            .header("host", &host)
            .header("origin", format!("{origin}{host}"));
        let response = request.json(&json!({"login": "friendless"})).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{host}");
        let mut session: Value = response.json().await.unwrap();
        assert_eq!(session["url"].take(), url);
        // A program says no origin.
        let request = reqwest::Client::new().post(format!("{page}demo/login"));
        let request = request.header("host", &host).json(&json!({"login": "friendless"}));
        let session: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(session["url"], url.replace("wss:", "ws:"));
    }
}

#[tokio::test]
async fn a_session_that_is_made_to_expire_is_replaced_and_one_that_is_not_known_is_not() {
    let world = World::start().await;
    let session = world.log_in().await;
    let response = world.post("expire", &session).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.json::<Value>().await.unwrap(), json!({"sockets": 0}));
    let tables = world.tables("friendless").await;
    assert_eq!(tables["chatters"][0]["standing"], "expired", "{tables}");
    assert_ne!(world.renew(&session).await["chatterId"], session["chatterId"]);
    let foreign = World::start().await.log_in().await;
    assert_eq!(world.post("expire", &foreign).await.status(), StatusCode::UNAUTHORIZED);
    let cut = world.post("cut", &foreign).await;
    assert_eq!(cut.json::<Value>().await.unwrap(), json!({"sockets": 0}));
}

#[tokio::test]
async fn the_tables_of_a_login_are_shown_without_its_chatter_id() {
    let world = World::start().await;
    let session = world.log_in().await;
    let tables = world.tables("friendless").await;
    assert_eq!(tables["chatters"][0]["standing"], "good", "{tables}");
    assert_eq!((&tables["sockets"], &tables["log"]), (&json!([]), &Value::Null));
    assert!(!tables.to_string().contains(session["chatterId"].as_str().unwrap()));
    assert_eq!(world.tables("nobody").await["chatters"], json!([]));
    let url = format!("{}demo/tables?login=", world.local.page_url());
    assert_eq!(reqwest::get(url).await.unwrap().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_session_that_was_logged_out_is_not_renewed() {
    let world = World::start().await;
    let old = World::start().await.log_in().await;
    let renewed = world.renew(&old).await;
    let other = world.log_in().await;
    assert_eq!(world.post("logout", &renewed).await.status(), StatusCode::NO_CONTENT);
    for session in [&renewed, &old] {
        let response = world.post("renew", session).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        let answer: Value = response.json().await.unwrap();
        assert!(answer["message"].as_str().unwrap().contains("log in again"), "{answer}");
    }
    assert_eq!(world.renew(&other).await, other, "another login of the same user");
}

#[tokio::test]
async fn a_session_lives_on_with_the_file_that_keeps_its_tables() {
    let folder = tempfile::tempdir().unwrap();
    let start = |file: &Path| {
        let file = file.to_owned();
        World::with(|options| options.data = Some(file))
    };
    let file = folder.path().join("tables.sqlite");
    let first = start(&file).await;
    let session = first.log_in().await;
    first.local.stop().await;
    let second = start(&file).await;
    let (one, two) = tokio::join!(second.renew(&session), second.renew(&session));
    assert_eq!(one, two);
    assert_eq!(second.renew(&one).await, one);
}

#[tokio::test]
async fn a_malformed_request_is_refused_with_the_name_of_the_field() {
    let world = World::start().await;
    let good = world.log_in().await["chatterId"].clone();
    for (path, body, field) in [
        ("login", json!({}), "login"),
        ("login", json!({"login": 7}), "login"),
        ("login", json!({"login": ""}), "login"),
        ("login", json!(["friendless", null]), "login"),
        ("renew", json!({"login": "friendless"}), "chatterId"),
        ("renew", json!({"login": "friendless", "chatterId": null}), "chatterId"),
        ("renew", json!({"login": "friendless", "chatterId": "x"}), "chatterId"),
        ("renew", json!({"login": "\n", "chatterId": good}), "login"),
        ("logout", json!({"login": "friendless"}), "chatterId"),
        ("cut", json!({"login": "friendless"}), "chatterId"),
        ("expire", json!({"login": "friendless", "chatterId": "x"}), "chatterId"),
        ("cut", json!({"login": "", "chatterId": good}), "login"),
    ] {
        let response = world.post(path, &body).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path} {body}");
        let answer: Value = response.json().await.unwrap();
        assert!(
            answer["message"].as_str().unwrap().starts_with(field),
            "{path} {body}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_login_waits_for_tables_that_do_not_answer_for_a_moment() {
    let world = World::with(|options| options.faults = Some(Default::default())).await;
    let session = world.log_in().await;
    world.local.database().stop().await;
    let (logged_in, renewed, ()) = tokio::join!(world.log_in(), world.renew(&session), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        world.local.database().restart().await.unwrap();
    });
    assert_ne!(logged_in["chatterId"], session["chatterId"]);
    assert_eq!(renewed, session);
    world.local.database().throttle().unwrap().set(0.7);
    for _ in 0..5 {
        world.log_in().await;
    }
}

#[tokio::test]
async fn tables_that_never_answer_are_named_as_the_reason_and_so_is_chaos() {
    for chaos in [None, Some(1)] {
        let world = World::with(|options| options.chaos = chaos).await;
        let friendless = json!({"login": "friendless"});
        // Chaos also stops the tables now and then, and starts them again.
        let keep_away = async {
            loop {
                world.local.database().stop().await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let refused = async {
            loop {
                let response = world.post("login", &friendless).await;
                if response.status() == StatusCode::SERVICE_UNAVAILABLE {
                    break response.json::<Value>().await.unwrap();
                }
            }
        };
        let answer = tokio::select! {
            answer = tokio::time::timeout(4 * PATIENCE, refused) => answer.unwrap(),
            () = keep_away => unreachable!("it goes on for ever"),
        };
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains("try again"), "{message}");
        assert_eq!(message.contains("chaos is on"), chaos.is_some(), "{message}");
    }
}

#[tokio::test]
async fn the_feed_has_the_state_of_the_system_at_once_and_whenever_it_changes() {
    let world = World::start().await;
    let system = world.feed("").await.system().await;
    assert_eq!(system["chaos"], false);
    let other = World::start().await.feed("").await.system().await;
    assert_ne!(system["tables"], other["tables"]);
    let world = World::with(|options| options.chaos = Some(1)).await;
    let mut feed = world.feed("").await;
    assert_eq!(feed.system().await["chaos"], true);
    let chaos = format!("{}demo/chaos", world.local.page_url());
    reqwest::Client::new().delete(chaos).send().await.unwrap();
    assert_eq!(feed.system().await["chaos"], false);
}

#[tokio::test]
async fn a_reader_of_the_feed_goes_on_after_its_last_entry() {
    let world = World::start().await;
    let mut feed = world.feed("").await;
    feed.system().await;
    world.make_an_entry().await;
    world.make_an_entry().await;
    let (first, second) = (feed.entry().await, feed.entry().await);
    let id = |event: &str| field(event, "id").unwrap().to_owned();
    assert_ne!(id(&first), id(&second));
    drop(feed);
    world.make_an_entry().await;
    let mut later = world.feed(&format!("?after={}", id(&first))).await;
    assert_eq!(later.entry().await, second);
    let third = later.entry().await;
    let mut loaded_long_ago = world.feed("?age=3600000").await;
    assert_eq!(loaded_long_ago.entry().await, first);
    let mut of_another_run = world.feed("?after=0123456789abcdef.99").await;
    for expected in [first, second, third] {
        assert_eq!(of_another_run.entry().await, expected);
    }
}
