//! The system under test, and the search for secrets at its end.

use crate::{Socket, leaked, programs, queue::record};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chatter::local::{Local, Options};
use chatterbox_core::{ChatterId, Login};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// A running Chatterbox.
#[derive(Debug)]
pub struct World {
    /// The system itself.
    pub local: Local,
    http: reqwest::Client,
    printed: Arc<Mutex<Vec<String>>>,
    secrets: Mutex<Vec<String>>,
    guard: MustStop,
}

/// Makes a test fail that does not end with [`World::stop`], and so with the search for secrets.
#[derive(Debug, Default)]
struct MustStop {
    has_stopped: bool,
}

impl Drop for MustStop {
    fn drop(&mut self) {
        assert!(
            self.has_stopped || std::thread::panicking(),
            "a test has to end with world.stop()"
        );
    }
}

/// A user who has logged in to the site.
#[derive(Clone, Debug)]
pub struct Session {
    /// The login name.
    pub login: String,
    /// The chatter ID that the site issued.
    pub chatter_id: String,
}

impl World {
    /// A system with the documented settings.
    pub async fn start() -> World {
        World::with(|_| {}).await
    }

    /// A system whose functions have these settings, by the names of their variables.
    pub async fn with_settings(settings: &[(&str, &str)]) -> World {
        World::with(|options| set(options, settings)).await
    }

    /// A system with changed options.
    pub async fn with(change: impl FnOnce(&mut Options)) -> World {
        let mut options = Options::from_env();
        // A test asks for what it needs as fast as it can.
        options.throttles.clear();
        (options.port, options.dynamodb_port) = (0, 0);
        options.functions = programs::folder();
        set(&mut options, &[("AWS_LAMBDA_LOG_LEVEL", "trace")]);
        change(&mut options);
        let local = Local::start(options).await.unwrap();
        let printed = Arc::new(Mutex::new(Vec::new()));
        collect(local.gateway().lines(), Arc::clone(&printed), |line| {
            format!("{}: {}", line.function, line.text)
        });
        collect(local.gateway().activity(), Arc::clone(&printed), |entry| {
            serde_json::to_string(&entry).unwrap()
        });
        World {
            local,
            http: reqwest::Client::new(),
            printed,
            secrets: Mutex::default(),
            guard: MustStop::default(),
        }
    }

    /// Logs a user in: the site issues a chatter ID.
    pub async fn log_in(&self, login: &str) -> Session {
        self.log_in_for(login, Duration::from_secs(3600)).await
    }

    /// Logs a user in, with a chatter ID that is valid for this long.
    pub async fn log_in_for(&self, login: &str, life: Duration) -> Session {
        let chatters = &self.local.revocation().chatters;
        let chatter_id = chatters
            .issue(&Login::parse(login).unwrap(), life)
            .await
            .unwrap()
            .reveal();
        self.secrets.lock().unwrap().push(chatter_id.clone());
        Session {
            login: login.to_owned(),
            chatter_id,
        }
    }

    /// Opens a socket as this user, with the credentials in the query string.
    pub async fn connect(&self, session: &Session) -> Socket {
        self.try_connect(&session.query(), &[]).await.unwrap()
    }

    /// Opens a socket as this user that listens to these topics only.
    pub async fn connect_to(&self, session: &Session, topics: &str) -> Socket {
        self.try_connect(&format!("{}&topic={topics}", session.query()), &[])
            .await
            .unwrap()
    }

    /// Opens a socket with any query string and headers.
    ///
    /// # Errors
    /// The HTTP status with which the handshake was refused.
    pub async fn try_connect(&self, query: &str, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
        Socket::open(&format!("{}?{query}", self.local.socket_url()), headers).await
    }

    /// Invokes notify as the pipeline does, and returns its report.
    pub async fn notify(&self, event: &Value) -> Value {
        let (answer, is_error) = self.invoke("notify", event).await;
        assert!(!is_error, "{answer}");
        answer
    }

    /// Invokes notify with these bodies as records of SQS, with ids `0`, `1`, ...; returns the ids that failed.
    pub async fn notify_by_queue(&self, bodies: &[&str]) -> Vec<String> {
        let records = bodies.iter().enumerate().map(|(n, body)| record(&n.to_string(), body));
        failures(&self.notify(&json!({"Records": records.collect::<Vec<_>>()})).await)
    }

    /// Invokes a function. Returns its answer, and whether that is an error.
    pub async fn invoke(&self, function: &str, event: &Value) -> (Value, bool) {
        let url = format!("{}/{function}/invocations", self.local.functions_url());
        let response = self.http.post(url).json(event).send().await.unwrap();
        let is_error = response.headers().contains_key("x-amz-function-error");
        (response.json().await.unwrap(), is_error)
    }

    /// Revokes a session's chatter ID, as the site does at logout. Returns the number of sockets that were closed.
    pub async fn revoke(&self, session: &Session) -> usize {
        let (login, id) = (
            Login::parse(&session.login).unwrap(),
            ChatterId::parse(&session.chatter_id).unwrap(),
        );
        self.local.revocation().revoke(&login, &id.hash()).await.unwrap()
    }

    /// All items of a table.
    pub async fn items(&self, table: &str) -> Vec<HashMap<String, AttributeValue>> {
        let scan = self
            .local
            .aws()
            .dynamodb()
            .scan()
            .table_name(table)
            .consistent_read(true);
        scan.into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .unwrap()
    }

    /// Connection IDs of a login's rows, sorted.
    pub async fn rows_of(&self, login: &str) -> Vec<String> {
        let items = self.items("connections").await;
        let text = |item: &HashMap<String, AttributeValue>, name: &str| item[name].as_s().unwrap().clone();
        let own = items.iter().filter(|item| text(item, "login") == login);
        let mut ids: Vec<String> = own.map(|item| text(item, "connection_id")).collect();
        ids.sort_unstable();
        ids
    }

    /// Stores a row for a connection that connected this long ago, without opening a socket.
    pub async fn put_row(&self, login: &str, id: &str, age: Duration) {
        let now = chatterbox_core::Timestamp::now();
        let connected_at = now.millis() - i64::try_from(age.as_millis()).unwrap();
        let put = self.local.aws().dynamodb().put_item().table_name("connections");
        put.item("login", AttributeValue::S(login.to_owned()))
            .item("connection_id", AttributeValue::S(id.to_owned()))
            .item("connected_at", AttributeValue::N(connected_at.to_string()))
            .item("expires_at", AttributeValue::N((now.seconds() + 600).to_string()))
            .item("chatter_hash", AttributeValue::S("0".repeat(64)))
            .send()
            .await
            .unwrap();
    }

    /// Stores so many rows for connections that connected this long ago, without opening sockets.
    pub async fn put_rows(&self, login: &str, rows: usize, age: Duration) {
        let ids: Vec<String> = (0..rows).map(|n| format!("{n:014}A=")).collect();
        for some in ids.chunks(50) {
            futures_util::future::join_all(some.iter().map(|id| self.put_row(login, id, age))).await;
        }
    }

    /// Makes a login's rows older, by this much.
    pub async fn age_rows(&self, login: &str, by: Duration) {
        let by = AttributeValue::N(format!("-{}", by.as_millis()));
        for id in self.rows_of(login).await {
            let update = self.local.aws().dynamodb().update_item().table_name("connections");
            update
                .key("login", AttributeValue::S(login.to_owned()))
                .key("connection_id", AttributeValue::S(id))
                .update_expression("ADD connected_at :by")
                .expression_attribute_values(":by", by.clone())
                .send()
                .await
                .unwrap();
        }
    }

    /// Injects these faults into the gateway, and no others.
    pub fn inject(&self, faults: Value) {
        let faults = serde_json::from_value(faults).unwrap();
        self.local.gateway().set_faults(faults).unwrap();
    }

    /// Whether a line that contains all of these words has been printed.
    pub fn has_printed(&self, words: &[&str]) -> bool {
        self.printed
            .lock()
            .unwrap()
            .iter()
            .any(|line| words.iter().all(|word| line.contains(word)))
    }

    /// Adds a line to the printed ones, as if a process had printed it.
    pub fn note(&self, line: String) {
        self.printed.lock().unwrap().push(line);
    }

    /// Stops the system, and asserts that no printed line and no table contains a chatter ID.
    pub async fn stop(mut self) {
        let mut stored = String::new();
        for table in ["chatters", "connections", "updates"] {
            stored += &format!("{:?}", self.items(table).await);
        }
        self.guard.has_stopped = true;
        self.local.stop().await;
        let printed = self.printed.lock().unwrap().join("\n");
        assert!(!printed.contains(MISSED), "{printed}");
        let secrets = self.secrets.into_inner().unwrap();
        assert_eq!(leaked(&stored, &secrets), None, "a chatter ID is in a table");
        assert_eq!(leaked(&printed, &secrets), None, "a chatter ID was printed");
    }
}

/// Gives the functions these settings, by the names of their variables.
pub fn set(options: &mut Options, settings: &[(&str, &str)]) {
    let settings = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    options.environment.extend(settings);
}

impl Session {
    /// The credentials as a query string.
    pub fn query(&self) -> String {
        format!("login={}&chatter={}", self.login, self.chatter_id)
    }

    /// The credentials as subprotocols, as the browser's client offers them.
    pub fn subprotocols(&self) -> String {
        let secret = BASE64_URL_SAFE_NO_PAD.encode(format!("{}\0{}", self.login, self.chatter_id));
        format!("chatterbox.v1, chatterbox.auth.{secret}")
    }
}

/// The item identifiers in a partial batch response (`batchItemFailures`).
pub fn failures(answer: &Value) -> Vec<String> {
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures
        .iter()
        .map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned())
        .collect()
}

/// Waits until `look` returns the expected value.
///
/// # Panics
/// If it has not done so within twenty seconds.
pub async fn eventually<T: Debug + PartialEq>(expected: T, mut look: impl AsyncFnMut() -> T) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let seen = look().await;
        if seen == expected {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "after 20 s still {seen:?} instead of {expected:?}"
        );
        sleep(Duration::from_millis(20)).await;
    }
}

/// Mark of lines that the collector missed because too many came at once. They would not be searched, so the test
/// fails.
const MISSED: &str = "lines were missed";

fn collect<T: Clone + Send + 'static>(
    mut feed: tokio::sync::broadcast::Receiver<T>,
    printed: Arc<Mutex<Vec<String>>>,
    text: impl Fn(T) -> String + Send + 'static,
) {
    use tokio::sync::broadcast::error::RecvError;
    tokio::spawn(async move {
        loop {
            match feed.recv().await {
                Ok(entry) => printed.lock().unwrap().push(text(entry)),
                Err(RecvError::Lagged(count)) => printed.lock().unwrap().push(format!("{MISSED}: {count}")),
                Err(RecvError::Closed) => return,
            }
        }
    });
}
