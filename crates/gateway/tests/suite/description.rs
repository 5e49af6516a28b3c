//! `gateway.toml`: an API in a file.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::command::*;
use crate::world::*;

/// A new folder with a description, in which the tests' function is called `bootstrap.mjs`.
pub(crate) fn described(description: &str) -> PathBuf {
    let folder = temporary_folder();
    std::fs::copy(BOOTSTRAP, folder.join("bootstrap.mjs")).unwrap();
    std::fs::write(folder.join("gateway.toml"), description).unwrap();
    folder
}

/// The command, started in a folder.
pub(crate) fn gateway_in(folder: &Path, flags: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.current_dir(folder).args(flags).kill_on_drop(true);
    command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    command.spawn().unwrap()
}

const DESCRIPTION: &str = r#"
port = 0
stage = "live"
region = "eu-central-1"
route-selection = "${request.body.to.service}/$request.body.to.action"
stage-variables = { colour = "blue" }
environment = { SHARED = "1", MINE = "no" }

[functions.echo]
command = "node bootstrap.mjs"
environment = { MINE = "yes" }
timeout = 20
memory = 512

[routes]
"$default" = { function = "echo", two-way = true }
"chat/ping" = { mock = '{"pong":"$context.connectionId","at":"${context.stage}","is":"$stageVariables.colour"}' }
"chat/rare" = { mock = "rare", throttle = { rate = 0, burst = 1 } }

[domain]
name = "chat.localhost"
path = "v1"
"#;

#[tokio::test]
async fn a_file_describes_the_api_and_its_functions() {
    let folder = described(DESCRIPTION);
    let mut gateway = gateway_in(&folder, &["--env", "FLAG=2"]);
    let url = ready(&mut gateway).await[1].clone();
    assert!(url.ends_with("/live"), "{url}");
    let mut client = Client::of(&url).await;
    let mut ask = async |message: Value| client.ask_text(message).await;
    let event: Value = serde_json::from_str(&ask(json!({})).await).unwrap();
    let context = &event["requestContext"];
    assert_eq!(
        (&context["routeKey"], &context["stage"]),
        (&json!("$default"), &json!("live"))
    );
    assert_eq!(event["stageVariables"], json!({ "colour": "blue" }));
    let pong = ask(json!({ "to": { "service": "chat", "action": "ping" } })).await;
    let expected = json!({ "pong": context["connectionId"], "at": "live", "is": "blue" });
    assert_eq!(serde_json::from_str::<Value>(&pong).unwrap(), expected);
    let rare = json!({ "to": { "service": "chat", "action": "rare" } });
    assert_eq!(ask(rare.clone()).await, "rare");
    assert!(ask(rare).await.contains("Too Many Requests"));
    let environment: Value = serde_json::from_str(&ask(json!({ "do": "environment" })).await).unwrap();
    for (name, value) in [
        ("SHARED", "1"),
        ("MINE", "yes"),
        ("FLAG", "2"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("cwd", folder.canonicalize().unwrap().to_str().unwrap()),
    ] {
        assert_eq!(environment[name], value, "{name}");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_in_a_file_is_told_at_once_each_with_its_line() {
    let folder = described(
        r#"port = 70000
stage = "a/b"
colour = "blue"
stage-variables = { "a-b" = "c" }
route-selection = "$action"

[functions.echo]
comand = "node bootstrap.mjs"

[functions.both]
command = "node bootstrap.mjs"
handler = "app.handler"

[functions.far]
command = "node bootstrap.mjs"
folder = "nowhere"
timeout = "3"

[functions.gone]
handler = "gone.handler"

[routes]
"$connect" = { function = "ecko" }
"$other" = { function = "echo" }
both = { function = "echo", mock = "x" }
none = { two-way = true }
velocity = { mock = "$input.body", throttle = { rate = 1 } }

[authorizer]
function = "nobody"
ttl = 300
identity-sources = ["$request.header.Auth"]
"#,
    );
    let told = error(gateway_in(&folder, &[])).await;
    for expected in [
        "gateway.toml:1: port: it has to be a whole number from 0 to 65535",
        "stage `a/b`",
        "gateway.toml:3: `colour` is not known here",
        "stage variable `a-b`",
        "gateway.toml:5: route-selection: a variable is $request.body.NAME",
        "gateway.toml:7: function `echo`: it has neither a command nor a handler",
        "gateway.toml:8: function `echo`: `comand` is not known here, but command, environment",
        "gateway.toml:12: function `both`: it has a command and a handler",
        "gateway.toml:14: function `far`: `",
        "gateway.toml:17: function `far`: timeout: it has to be a number of seconds",
        "gateway.toml:20: function `gone`: handler `gone.handler`: there is no ",
        "gateway.toml:23: route `$connect` names the function `ecko`, which is not configured",
        "gateway.toml:24: route `$other`: only $connect",
        "gateway.toml:25: route `both`: it has a function and a mock",
        "gateway.toml:26: route `none`: it has neither a function nor a mock",
        "gateway.toml:27: route `velocity`: its mock has `$input`",
        "route `velocity`: throttle: it needs a rate and a burst",
        "the authorizer names the function `nobody`",
        "gateway.toml:31: authorizer: ttl: API Gateway caches no answers",
        "gateway.toml:32: authorizer: `$request.header.Auth`: an identity source is",
    ] {
        assert!(told.contains(expected), "{expected}\n is not in\n{told}");
    }
    let doubled = "[functions.a]\ncommand = \"x\"\n[functions.a]\ncommand = \"y\"\n";
    let told = error(gateway_in(&described(doubled), &[])).await;
    assert!(told.contains("gateway.toml:3: duplicate key"), "{told}");
    let told = error(gateway_in(&folder, &["--config", "other.toml"])).await;
    assert!(told.contains("other.toml: "), "{told}");
    let told = error(gateway_in(&folder, &["--config", "gateway.toml", "--stage", "dev"])).await;
    assert!(told.contains("cannot be used with"), "{told}");
}

#[tokio::test]
async fn a_function_to_which_no_route_leads_is_told() {
    let folder = described("port = 0\n[functions.cron]\ncommand = \"node bootstrap.mjs\"\n");
    let mut gateway = gateway_in(&folder, &[]);
    let mut lines = lines_of(&mut gateway);
    let told = line_with(&mut lines, "no route").await;
    assert!(told.starts_with("gateway: gateway.toml:2: function `cron`"), "{told}");
}

/// What the function of these tests answers.
fn program(word: &str) -> String {
    let bootstrap = std::fs::read_to_string(BOOTSTRAP).unwrap();
    bootstrap.replace("JSON.stringify(event) };", &format!("{word:?} }};"))
}

#[tokio::test]
async fn with_watch_a_changed_program_is_taken_up_and_the_sockets_stay() {
    let folder = described(DESCRIPTION);
    std::fs::write(folder.join("bootstrap.mjs"), program("old")).unwrap();
    let mut gateway = gateway_in(&folder, &["--watch"]);
    let url = ready(&mut gateway).await[1].clone();
    let mut lines = lines_of(&mut gateway);
    let mut client = Client::of(&url).await;
    for (word, next) in [
        ("old", "a new program"),
        ("a new program", "and another, longer one"),
        ("and another, longer one", ""),
    ] {
        assert_eq!(client.ask_text("{}").await, word);
        if !next.is_empty() {
            std::fs::write(folder.join("bootstrap.mjs"), program(next)).unwrap();
            line_with(&mut lines, "function echo has changed").await;
        }
    }
}

#[tokio::test]
async fn with_watch_a_changed_description_is_taken_up_unless_it_is_wrong() {
    let folder = described(DESCRIPTION);
    let file = folder.join("gateway.toml");
    let mut gateway = gateway_in(&folder, &["--watch"]);
    let url = ready(&mut gateway).await[1].clone();
    let mut lines = lines_of(&mut gateway);
    let answer = async |message: &str| Client::of(&url).await.ask_text(message).await;
    let ping = r#"{"to":{"service":"chat","action":"rare"}}"#;
    assert_eq!(answer(ping).await, "rare");
    std::fs::write(&file, "stage = 7").unwrap();
    line_with(&mut lines, "gateway.toml:1: stage: it has to be a text").await;
    line_with(&mut lines, "goes on as before").await;
    assert!(answer("{}").await.contains("requestContext"));
    std::fs::write(&file, DESCRIPTION.replace("mock = \"rare\"", "mock = \"frequent\"")).unwrap();
    line_with(&mut lines, "is taken up").await;
    assert_eq!(answer(ping).await, "frequent");
}
