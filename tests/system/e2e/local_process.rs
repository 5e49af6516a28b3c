//! `chatter local` as a process of its own, on free ports: what its tests share.

use serde_json::Value;
use std::{path::PathBuf, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn chatter() -> PathBuf {
    std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(2)
        .unwrap()
        .join("chatter")
}

/// A `chatter local` that runs.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) page: String,
    pub(crate) dynamodb: String,
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(chatter());
    command
        .args(["local", "--port", "0", "--dynamodb-port", "0"])
        .args(arguments);
    command
}

/// Starts `chatter local` on free ports, with these additional arguments, and waits for its line `ready`.
pub(crate) async fn start(arguments: &[&str]) -> Running {
    let mut child = command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let ready = first_line(&mut child).await;
    assert!(ready.starts_with("ready "), "{ready}");
    let urls: Vec<&str> = ready.split_whitespace().filter(|word| word.contains("://")).collect();
    Running {
        page: urls[0].to_owned(),
        dynamodb: urls[3].to_owned(),
        child,
    }
}

/// The first line that it prints.
pub(crate) async fn first_line(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap()
}

/// The error with which a command refuses to start. A command that starts all the same is killed after [`PATIENCE`].
pub(crate) async fn refusal(mut command: Command) -> String {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(PATIENCE, output)
        .await
        .expect("chatter local started, though it should have refused")
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

pub(crate) async fn signal(signal: &str, child: &Child) {
    let process = child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &process])
            .status()
            .await
            .unwrap()
            .success()
    );
}

pub(crate) async fn post(url: &str, body: &Value) -> Value {
    let response = reqwest::Client::new().post(url).json(body).send().await.unwrap();
    response.json().await.unwrap()
}

/// One request to DynamoDB, with nothing but what its protocol asks for.
pub(crate) async fn dynamodb(running: &Running, operation: &str, request: &Value) -> Value {
    let credential =
        "AWS4-HMAC-SHA256 Credential=local/20261126/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";
    let response = reqwest::Client::new()
        .post(&running.dynamodb)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-date", "20261126T000000Z")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("authorization", credential)
        .body(request.to_string())
        .send()
        .await
        .unwrap();
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}
