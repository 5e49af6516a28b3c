//! The feeds of a gateway, and the secrets that they never hold.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use chatterbox_gateway::Route;
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;

use crate::world::*;

#[tokio::test]
async fn the_life_of_a_socket_is_in_the_activity_feed_step_by_step() {
    let world = world_with_connect(|_| {}).await;
    let mut activity = world.gateway.activity();
    let mut client = world.client_with(world.request("?a=b")).await.0;
    let handshake = next_of(&mut activity, "handshake").await;
    let id = client.id().await;
    let expected = json!({ "kind": "handshake", "connectionId": id, "status": 101, "bytes": 3 });
    assert_eq!(without_times(handshake), expected);
    let message = next_of(&mut activity, "message").await;
    let expected = json!({ "kind": "message", "connectionId": id, "route": "$default", "status": 200, "bytes": 9 });
    assert_eq!(without_times(message), expected);
    world.post(&id, "news").await;
    let post = next_of(&mut activity, "post").await;
    let expected = json!({ "kind": "post", "connectionId": id, "status": 200, "bytes": 4 });
    assert_eq!(without_times(post), expected);
    drop(client);
    let disconnect = next_of(&mut activity, "disconnect").await;
    let expected = json!({ "time": disconnect["time"], "kind": "disconnect", "connectionId": id, "status": 1006 });
    assert_eq!(disconnect, expected);
}

/// An entry without its time and its duration, which it has to have.
fn without_times(mut entry: Value) -> Value {
    let fields = entry.as_object_mut().unwrap();
    for name in ["time", "milliseconds"] {
        assert!(fields.remove(name).unwrap().is_u64(), "{name}");
    }
    entry
}

/// The log at `debug` has the same values, under the fields' names in Rust, and in this order.
#[tokio::test]
async fn an_activity_is_logged_with_the_fields_that_it_has_in_the_feed() {
    let world = world(|_| {}).await;
    let log = log();
    let (client, id) = world.client_and_id().await;
    drop(client);
    let expected = format!(r#"chatterbox_gateway::activity: kind="disconnect" connection_id="{id}" status=1006"#);
    until(|| log.text().contains(&expected)).await;
    let message = format!(r#"kind="message" connection_id="{id}" route="$default" status=200 milliseconds="#);
    assert!(log.text().contains(&message));
}

#[tokio::test]
async fn lines_that_a_function_prints_come_with_its_name() {
    let world = world(|_| {}).await;
    let mut lines = world.gateway.lines();
    world.invoke(&json!({ "do": "print" })).await;
    let mut heard = [within(lines.recv()).await.unwrap(), within(lines.recv()).await.unwrap()];
    heard.sort_by(|a, b| a.text.cmp(&b.text));
    let heard: Vec<(&str, &str)> = heard.iter().map(|line| (&*line.function, &*line.text)).collect();
    assert_eq!(
        heard,
        [("f", "a line on standard error"), ("f", "a line on standard output")]
    );
}

#[tokio::test]
async fn an_event_comes_whole_with_its_answer_or_its_failure() {
    let world = world(|_| {}).await;
    let mut exchanges = world.gateway.exchanges();
    let event = json!({ "do": "print" });
    world.invoke(&event).await;
    let exchange = within(exchanges.recv()).await.unwrap();
    assert_eq!(
        (&*exchange.function, exchange.note, exchange.cold_start),
        ("f", None, true)
    );
    assert_eq!(serde_json::from_slice::<Value>(&exchange.event).unwrap(), event);
    assert!(serde_json::from_slice::<Value>(&exchange.answer).is_ok());
    assert!(!format!("{exchange:?}").contains("print"), "{exchange:?}");
    world.invoke(&json!({ "do": "throw" })).await;
    let failed = within(exchanges.recv()).await.unwrap();
    assert_eq!(failed.note, Some("function error"));
    assert_ne!(failed.request_id, exchange.request_id);
    let failure: Value = serde_json::from_slice(&failed.answer).unwrap();
    assert_eq!(failure["errorMessage"], "thrown");
}

#[tokio::test]
async fn one_socket_is_cut_and_the_others_stay() {
    let world = world(|_| {}).await;
    let (cut, cut_id) = world.client_and_id().await;
    let (_other, other_id) = world.client_and_id().await;
    let mut activity = world.gateway.activity();
    assert!(world.gateway.is_open(&cut_id) && world.gateway.is_open(&other_id));
    assert!(world.gateway.cut_socket(&cut_id));
    assert_eq!(next_of(&mut activity, "disconnect").await["connectionId"], *cut_id);
    assert!(!world.gateway.is_open(&cut_id) && world.gateway.is_open(&other_id));
    assert!(!world.gateway.cut_socket(&cut_id) && !world.gateway.cut_socket("nobody="));
    drop(cut);
}

#[tokio::test]
async fn the_reason_why_a_function_failed_is_in_its_own_words() {
    let world = world_with_connect(|config| {
        config.functions.get_mut("f").unwrap().timeout = std::time::Duration::from_secs(5);
        config.routes.insert("quiet".into(), Route::lambda("f"));
    })
    .await;
    let mut reasons = world.gateway.reasons();
    let mut next = async || {
        let reason = within(reasons.recv()).await.unwrap();
        assert_eq!(&*reason.function, "f");
        reason.text
    };
    world
        .refusal(world.request("?do=status&status=500&body=no%20table"))
        .await;
    assert_eq!(next().await, "$connect: answered 500: no table");
    let mut client = world.client().await;
    for (message, reason) in [
        (
            json!({ "do": "status", "status": 503, "body": "busy\nnow" }),
            "$default: answered 503: busy now",
        ),
        (
            json!({ "action": "quiet", "do": "status", "status": 500, "body": "dropped" }),
            "quiet: answered 500: dropped",
        ),
        (
            json!({ "action": "quiet", "do": "raw", "reply": { "statusCode": 200, "more": 1 } }),
            r#"quiet: malformed reply: it has a member that API Gateway does not know: {"more":1,"statusCode":200}"#,
        ),
        (
            json!({ "do": "throw" }),
            r#"function error: {"errorType":"Error","errorMessage":"thrown"}"#,
        ),
    ] {
        client.say(&message).await;
        assert_eq!(next().await, reason, "{message}");
    }
    client.say(json!({ "do": "hang" })).await;
    assert!(next().await.ends_with(r#"Task timed out after 5.00 seconds"}"#));
    world.invoke(&json!({ "do": "exit" })).await;
    assert!(next().await.contains("Runtime exited with error: exit status 1"));
    // A long reason is cut short.
    client
        .say(json!({ "do": "status", "status": 500, "body": "x".repeat(5000) }))
        .await;
    assert!(next().await.len() < 1100);
}

/// The log of all tests of this program, at every level: a subscriber for one thread would miss call sites that another
/// thread was the first to reach.
fn log() -> &'static Log {
    static LOG: LazyLock<Log> = LazyLock::new(|| {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false);
        tracing::subscriber::set_global_default(subscriber.with_writer(move || writer.clone()).finish()).unwrap();
        log
    });
    &LOG
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_in_a_feed_or_a_log_at_any_level() {
    const SECRET: &str = "6f1c0a3e-secret";
    let log = log();
    let world = world_with_connect(|config| {
        config.routes.insert("quiet".into(), Route::lambda("f"));
    })
    .await;
    let mut activity = world.gateway.activity();
    let mut request = world.request(&format!("?token={SECRET}&do=subprotocol&name={SECRET}"));
    for name in ["sec-websocket-protocol", "cookie", "x-custom"] {
        request.headers_mut().insert(name, SECRET.parse().unwrap());
    }
    let (mut client, _) = world.client_with(request).await;
    let id = client.id().await;
    for what in ["throw", "exit", "garbage", "status", "raw"] {
        client
            .say(json!({ "do": what, "action": SECRET, "status": 500, "body": SECRET, "reply": SECRET }))
            .await;
        client.hear().await;
    }
    world.post(&id, SECRET).await;
    world.post(SECRET, SECRET).await;
    world
        .refusal(world.request(&format!("?do=status&status=401&body={SECRET}")))
        .await;
    world.invoke(&json!({ "do": "throw", "secret": SECRET })).await;
    world.gateway.stop().await;
    let told: Vec<String> = std::iter::from_fn(|| activity.try_recv().ok())
        .map(|one| serde_json::to_string(&one).unwrap())
        .collect();
    let log = log.text();
    assert!(told.len() > 20, "only {} activities", told.len());
    assert!(log.contains(&id), "the log does not have the socket");
    assert!(!told.concat().contains(SECRET) && !log.contains(SECRET));
}
