//! DynamoDB in a process of its own, with Chatterbox's tables: that of a `chatter local`.

use crate::{
    Fallible,
    lambda::lambda_environment,
    process::{Process, command, program},
};
use bench::{connection_id, now};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The running database.
#[derive(Debug)]
pub(crate) struct Database {
    /// DynamoDB's URL.
    pub(crate) url: String,
    /// URL of the local system's sockets.
    pub(crate) socket_url: String,
    http: reqwest::Client,
    _process: Process,
}

/// A user who has logged in.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) login: String,
    pub(crate) chatter_id: String,
}

impl Session {
    /// The credentials as a query string.
    pub(crate) fn query(&self) -> String {
        format!("login={}&chatter={}", self.login, self.chatter_id)
    }
}

/// Most items in one `BatchWriteItem`, by DynamoDB's limit.
const BATCH: usize = 25;

impl Database {
    /// Starts it.
    pub(crate) async fn start() -> Fallible<Database> {
        let mut command = command(program("chatter"));
        command.args(["local", "--port", "0", "--dynamodb-port", "0", "--log-level", "error"]);
        // A thousand clients connect at once.
        command.args([
            "--throttle",
            "$connect=none",
            "--throttle",
            "$default=none",
            "--throttle",
            "ping=none",
        ]);
        command.env("MAX_CONNECTIONS_PER_LOGIN", MANY);
        let (process, words) = Process::start_and_hear(&mut command).await?;
        let url_after = |name: &str| {
            let place = words.iter().position(|word| word == name);
            let url = place.and_then(|place| words.get(place + 1)).cloned();
            url.ok_or_else(|| format!("`chatter local` did not print its {name}"))
        };
        let database = Database {
            url: url_after("dynamodb")?,
            socket_url: url_after("socket")?,
            http: reqwest::Client::new(),
            _process: process,
        };
        database.create_table_of_baselines().await?;
        Ok(database)
    }

    /// Calls an operation, with a dummy signature, which the local DynamoDB does not check.
    pub(crate) async fn call(&self, operation: &str, request: &Value) -> Fallible<Value> {
        let credential = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request";
        let response = self
            .http
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("x-amz-date", "20260101T000000Z")
            .header(
                "authorization",
                format!("{credential}, SignedHeaders=host, Signature=0"),
            )
            .body(request.to_string())
            .send()
            .await?;
        let (status, text) = (response.status(), response.text().await?);
        if !status.is_success() {
            return Err(format!("{operation}: {text}").into());
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// Logs a user in.
    pub(crate) async fn log_in(&self, login: &str) -> Fallible<Session> {
        let chatter_id = uuid::Uuid::new_v4().to_string();
        let item = json!({
            "login": {"S": login},
            "chatter_hash": {"S": hash(&chatter_id)},
            "issued_at": {"N": seconds(0).to_string()},
            "expires_at": {"N": seconds(86_400).to_string()},
        });
        self.call("PutItem", &json!({"TableName": "chatters", "Item": item}))
            .await?;
        Ok(Session {
            login: login.to_owned(),
            chatter_id,
        })
    }

    /// Stores rows for sockets of the callback endpoint, older than a minute, so that a 410 deletes them.
    pub(crate) async fn put_rows(&self, rows: impl Iterator<Item = (String, u64)>) -> Fallible<()> {
        let rows: Vec<Value> = rows.map(|(login, socket)| row(&login, socket)).collect();
        for batch in rows.chunks(BATCH) {
            let puts: Vec<_> = batch.iter().map(|row| json!({"PutRequest": {"Item": row}})).collect();
            let request = json!({"RequestItems": {"connections": puts}});
            self.call("BatchWriteItem", &request).await?;
        }
        Ok(())
    }

    /// Creates the baselines' own table of updates, since they do not know Chatterbox's epochs.
    async fn create_table_of_baselines(&self) -> Fallible<()> {
        let request = json!({
            "TableName": BASELINES,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "login", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "login", "AttributeType": "S"}],
        });
        self.call("CreateTable", &request).await.map(drop)
    }
}

/// Table in which the baselines record updates.
pub(crate) const BASELINES: &str = "baselines";
/// Limit of sockets of a login, higher than any section's, so that no oldest socket is closed.
pub(crate) const MANY: &str = "1000000";

/// Environment variables of every function, Chatterbox's and the baselines'.
pub(crate) fn environment(dynamodb: &str, callback: &str) -> Vec<(&'static str, String)> {
    let own = [
        ("CHATTERS_TABLE", "chatters"),
        ("CONNECTIONS_TABLE", "connections"),
        ("UPDATES_TABLE", "updates"),
        ("MAX_CONNECTIONS_PER_LOGIN", MANY),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", callback),
    ];
    let all = own.into_iter().chain(lambda_environment());
    all.map(|(name, value)| (name, value.to_owned())).collect()
}

fn row(login: &str, socket: u64) -> Value {
    json!({
        "login": {"S": login},
        "connection_id": {"S": connection_id(socket)},
        "connected_at": {"N": (seconds(-600) * 1_000).to_string()},
        "expires_at": {"N": seconds(7_200).to_string()},
        "chatter_hash": {"S": hash(login)},
    })
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The time `from_now` seconds from now, in seconds since 1970.
#[expect(clippy::cast_possible_truncation, reason = "until the year 292 billion")]
fn seconds(from_now: i64) -> i64 {
    (now() / 1_000.0) as i64 + from_now
}
