//! Handlers, written as people write them.

use std::path::Path;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::process::Child;
use tokio_tungstenite::tungstenite::Message;

use crate::command::*;
use crate::description::*;
use crate::world::*;

const NODE: &str = r#"
exports.handler = async (event, context) => {
  if (event.requestContext.routeKey !== "$default") return { statusCode: 200 };
  if (event.body === "fail") throw new TypeError("no such thing");
  const { functionName, awsRequestId } = context;
  const left = context.getRemainingTimeInMillis() > 0;
  return { statusCode: 200, body: JSON.stringify({ heard: event.body, functionName, left, id: awsRequestId.length }) };
};
exports.calls = { back: (event, context, callback) => setTimeout(() => callback(null, { statusCode: 200, body: "later" }), 1) };
exports.silent = () => "this is not the answer";
"#;

/// Asks the API of a command that is being started.
async fn answers(gateway: &mut Child, messages: &[&str]) -> Vec<String> {
    let url = ready(gateway).await[1].clone();
    let (mut socket, _) = within(tokio_tungstenite::connect_async(&url)).await.unwrap();
    let mut answers = Vec::new();
    for message in messages {
        socket.send(Message::text(*message)).await.unwrap();
        let answer = within(socket.next()).await.unwrap().unwrap();
        answers.push(answer.into_text().unwrap().to_string());
    }
    answers
}

async fn is_served(folder: &Path, flags: &[&str]) {
    let mut gateway = gateway_in(folder, &[flags, &["--verbose"]].concat());
    let answers = answers(&mut gateway, &["hello", "fail", "again"]).await;
    let expected = |heard: &str| json!({ "heard": heard, "functionName": "chat", "left": true, "id": 36 });
    assert_eq!(serde_json::from_str::<Value>(&answers[0]).unwrap(), expected("hello"));
    assert!(answers[1].contains("Internal server error"), "{}", answers[1]);
    assert_eq!(serde_json::from_str::<Value>(&answers[2]).unwrap(), expected("again"));
    line_with(&mut lines_of(&mut gateway), "no such thing").await;
}

fn with_file(name: &str, content: &str, handler: &str) -> std::path::PathBuf {
    let folder = described(&format!(
        "port = 0\nfunctions.chat = {{ handler = \"{handler}\", timeout = 20 }}\n[routes]\n\
         \"$connect\" = {{ function = \"chat\" }}\n\"$default\" = {{ function = \"chat\", two-way = true }}\n"
    ));
    let file = folder.join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, content).unwrap();
    folder
}

const FLAGS: [&str; 9] = [
    "--port",
    "0",
    "--route",
    "$default=chat",
    "--two-way",
    "$default",
    "--function-timeout",
    "20",
    "--handler",
];

#[tokio::test]
async fn a_handler_for_node_runs_as_it_is() {
    is_served(&with_file("src/app.js", NODE, "src/app.handler"), &[]).await;
    let folder = temporary_folder();
    std::fs::create_dir(folder.join("lib")).unwrap();
    std::fs::write(
        folder.join("lib/app.mjs"),
        NODE.replace("exports.handler =", "export const handler =")
            .split("exports.")
            .next()
            .unwrap(),
    )
    .unwrap();
    is_served(&folder, &[&FLAGS[..], &["chat=lib/app.handler"]].concat()).await;
}

#[tokio::test]
async fn a_handler_for_node_may_call_back_and_what_it_returns_without_a_promise_does_not_count() {
    let back = with_file("app.js", NODE, "app.calls.back");
    assert_eq!(
        answers(&mut gateway_in(&back, &[]), &["a", "b"]).await,
        ["later", "later"]
    );
    let folder = temporary_folder();
    std::fs::write(folder.join("app.js"), NODE).unwrap();
    let mut gateway = gateway_in(&folder, &[&FLAGS[..], &["chat=app.silent"]].concat());
    let answer = answers(&mut gateway, &["a", "b"]).await;
    assert!(
        answer.iter().all(|answer| answer.contains("Internal server error")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_handler_that_does_not_load_says_why() {
    for (handler, expected) in [
        ("app.other", "app.other is undefined"),
        ("app.handler", "broken at the start"),
    ] {
        let folder = temporary_folder();
        let content = if handler == "app.other" {
            NODE
        } else {
            "throw new Error('broken at the start')"
        };
        std::fs::write(folder.join("app.js"), content).unwrap();
        let handler = format!("chat={handler}");
        let own = [handler.as_str(), "--verbose"];
        let mut gateway = gateway_in(&folder, &[&FLAGS[..], &own].concat());
        let answer = answers(&mut gateway, &["a"]).await;
        assert!(answer[0].contains("Internal server error"), "{answer:?}");
        line_with(&mut lines_of(&mut gateway), expected).await;
    }
}

/// Where AWS's client is not installed. Where it is, `tests/clients` has a test of it.
#[tokio::test]
async fn a_handler_for_python_without_awss_client_is_told_at_the_start() {
    let folder = with_file("app.py", "def handler(event, context): pass\n", "app.handler");
    std::fs::create_dir_all(folder.join(".venv/bin")).unwrap();
    let python = folder.join(".venv/bin/python");
    std::fs::write(&python, "#!/bin/sh\nexit 1\n").unwrap();
    make_executable(&python);
    let told = error(gateway_in(&folder, &[])).await;
    assert!(
        told.contains(".venv/bin/python has no awslambdaric. Install it: "),
        "{told}"
    );
}
