//! The screens of the command `chatter` in README.md are what it prints: each line of theirs, in their order, but for numbers and
//! names that are new each time. A line of three dots stands for lines that are left out.

use crate::local_process;
use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use e2e::World;
use serde_json::json;
use std::{path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

/// The screens, each with the command's arguments.
fn screens() -> Vec<(String, Vec<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, rest) = readme
        .split_once("<!-- screens -->")
        .expect("README.md has the mark of the screens");
    let code = rest
        .lines()
        .skip_while(|line| !line.starts_with("    "))
        .take_while(|line| line.is_empty() || line.starts_with("    "));
    let mut screens: Vec<(String, Vec<String>)> = Vec::new();
    for line in code.map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix("$ chatter ") {
            Some(arguments) => screens.push((arguments.to_owned(), Vec::new())),
            None => screens
                .last_mut()
                .expect("a screen begins with its command")
                .1
                .push(line.to_owned()),
        }
    }
    screens
}

/// A line without what differs from run to run: words with a number in them (times, ids, addresses), and the names of sockets.
fn lasting(line: &str) -> String {
    let is_new = |word: &str| word.contains(|character: char| character.is_ascii_digit()) || word.ends_with('=');
    let words = line
        .split_whitespace()
        .map(|word| if is_new(word) { "#" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn holds(shown: &[String], printed: &str, command: &str) {
    let printed: Vec<String> = printed.lines().map(lasting).filter(|line| !line.is_empty()).collect();
    let mut rest = printed.iter();
    let mut may_skip = false;
    for line in shown {
        if line == "…" {
            may_skip = true;
            continue;
        }
        let wanted = lasting(line);
        let is_there = if may_skip {
            rest.any(|line| *line == wanted)
        } else {
            rest.next() == Some(&wanted)
        };
        assert!(
            is_there,
            "`chatter {command}` does not print {line:?} there: {printed:#?}"
        );
        may_skip = false;
    }
    assert!(
        may_skip || rest.next().is_none(),
        "`chatter {command}` prints more, and no … says so: {printed:#?}"
    );
}

fn command(world: &World, arguments: &str) -> Command {
    let mut command = Command::new(local_process::chatter());
    command
        .args(arguments.split_whitespace())
        .args(["--local", &world.local.page_url()]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn printed(world: &World, arguments: &str) -> String {
    String::from_utf8(command(world, arguments).output().await.unwrap().stdout).unwrap()
}

/// A listener that is told of an update, and then loses its connection.
async fn listened(world: &World, arguments: &str) -> String {
    let mut child = command(world, arguments).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut text = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        text += &format!("{line}\n");
        if line.contains(" synced ") {
            world
                .notify(&json!({"login": "friendless", "topic": "plays", "body": {"message": "Updated your plays"}}))
                .await;
        }
        if line.contains("plays: version") {
            world.local.gateway().cut_sockets();
        }
        if line.contains(" waiting ") {
            child.kill().await.unwrap();
        }
    }
    text
}

#[tokio::test]
async fn the_readme_shows_what_the_command_prints() {
    let screens = screens();
    let names: Vec<&str> = screens
        .iter()
        .filter_map(|(arguments, _)| arguments.split_whitespace().next())
        .collect();
    for name in ["doctor", "trace", "listen", "explain"] {
        assert!(names.contains(&name), "README.md has no screen of {name}");
    }
    let world = World::start().await;
    let off = TimeToLiveSpecification::builder()
        .attribute_name("expires_at")
        .enabled(false)
        .build()
        .unwrap();
    let update = world.local.aws().dynamodb().update_time_to_live();
    update
        .table_name("connections")
        .time_to_live_specification(off)
        .send()
        .await
        .unwrap();
    for (arguments, shown) in screens {
        let text = if arguments.starts_with("listen") {
            listened(&world, &arguments).await
        } else {
            printed(&world, &arguments).await
        };
        holds(&shown, &text, &arguments);
    }
    world.stop().await;
}
