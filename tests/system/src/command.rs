//! The command `chatter`, as a process that asks a running system.

use crate::{World, client::PATIENCE, programs};
use serde_json::Value;
use std::{collections::BTreeMap, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// What a command has answered.
#[derive(Debug)]
pub struct Answered {
    /// Its exit code.
    pub code: i32,
    /// Its answers, with `--json`.
    pub answers: Vec<Value>,
    /// What it printed to standard error.
    pub errors: String,
}

impl Answered {
    /// The only answer.
    pub fn one(&self) -> &Value {
        assert_eq!(self.answers.len(), 1, "{self:?}");
        &self.answers[0]
    }
}

/// Runs `chatter` with these arguments and `--json`, and waits for its end.
pub async fn chatter(arguments: &[&str], variables: &BTreeMap<&str, String>) -> Answered {
    let mut command = prepared(arguments);
    command.envs(variables);
    let ended = timeout(PATIENCE * 2, command.output()).await;
    let output = ended.expect("the command does not end").unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    Answered {
        code: output.status.code().unwrap(),
        answers: text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

impl World {
    /// Runs `chatter` with these arguments on this system.
    pub async fn chatter(&self, arguments: &[&str]) -> Answered {
        let page = self.local.page_url();
        chatter(&[arguments, &["--local", &page]].concat(), &BTreeMap::new()).await
    }

    /// The variables that tell the functions, and `chatter --environment`, where this system is.
    pub fn variables(&self) -> BTreeMap<&'static str, String> {
        let posts = self.local.socket_url().replace("ws:", "http:");
        let lambda = self.local.page_url().trim_end_matches('/').to_owned();
        BTreeMap::from([
            ("CHATTERS_TABLE", "chatters".to_owned()),
            ("CONNECTIONS_TABLE", "connections".to_owned()),
            ("UPDATES_TABLE", "updates".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.local.dynamodb_url()),
            ("AWS_ENDPOINT_URL_LAMBDA", lambda),
            ("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", posts),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ])
    }

    /// Starts `chatter` with these arguments on this system.
    pub fn start_chatter(&self, arguments: &[&str]) -> Running {
        let page = self.local.page_url();
        let mut command = prepared(&[arguments, &["--local", &page]].concat());
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Running { child, lines }
    }
}

/// A command that runs.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Types a line.
    pub async fn type_line(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        input.flush().await.unwrap();
    }

    /// The next answer of this kind; others are skipped.
    pub async fn next(&mut self, kind: &str) -> Value {
        let search = async {
            loop {
                let line = self.lines.next_line().await.unwrap();
                let line = line.unwrap_or_else(|| panic!("the command has ended before it said {kind}"));
                let answer: Value = serde_json::from_str(&line).unwrap();
                if answer["kind"] == kind {
                    return answer;
                }
            }
        };
        timeout(PATIENCE, search)
            .await
            .unwrap_or_else(|_| panic!("not said in time: {kind}"))
    }

    /// Waits for its end, and returns the exit code.
    pub async fn end(mut self) -> i32 {
        let drain = async { while let Ok(Some(_)) = self.lines.next_line().await {} };
        timeout(PATIENCE, drain).await.expect("the command does not end");
        self.child.wait().await.unwrap().code().unwrap()
    }
}

fn prepared(arguments: &[&str]) -> Command {
    let mut command = Command::new(programs::folder_with(&["chatter"]).join("chatter"));
    command.args(arguments).arg("--json");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}
