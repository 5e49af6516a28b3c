//! How the command `chatter` answers people and programs: in JSON, in colours, with completions.

use crate::local_process;
use e2e::{World, chatter};
use serde_json::{Value, json};
use std::{collections::BTreeMap, process::Stdio};
use tokio::process::Command;

/// What a command prints to standard output, with these variables.
async fn printed(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(local_process::chatter());
    command
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    String::from_utf8(command.output().await.unwrap().stdout).unwrap()
}

#[tokio::test]
async fn colours_are_for_a_terminal_alone_and_for_whoever_forces_them() {
    for (variables, is_coloured) in [
        (&[][..], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
    ] {
        let text = printed(&["explain", "1006"], variables).await;
        assert_eq!(text.contains('\u{1b}'), is_coloured, "{variables:?}: {text}");
        let json = printed(&["explain", "1006", "--json"], variables).await;
        assert!(!json.contains('\u{1b}'), "{json}");
    }
}

#[tokio::test]
async fn the_completions_of_every_shell_know_every_command() {
    let help = printed(&["help"], &[]).await;
    let commands = help
        .split("Commands:")
        .nth(1)
        .unwrap()
        .split("Options:")
        .next()
        .unwrap();
    let names: Vec<&str> = commands
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() >= 13, "{names:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let completions = printed(&["completions", shell], &[]).await;
        for name in &names {
            assert!(completions.contains(name), "{shell} does not know {name}");
        }
    }
}

/// The other commands' answers are read as JSON by all tests of this suite.
#[tokio::test]
async fn errors_and_the_line_ready_are_json_too_if_that_is_asked_for() {
    let failed = chatter(&["who", "--local", "http://127.0.0.1:9"], &BTreeMap::new()).await;
    let error: Value = serde_json::from_str(&failed.errors).unwrap();
    assert!(error["error"].as_str().unwrap().contains("make run"), "{error}");

    let mut local = local_process::command(&["--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let ready = local_process::first_line(&mut local).await;
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert!(
        ready["page"].as_str().unwrap().starts_with("http://127.0.0.1:"),
        "{ready}"
    );
    assert!(ready["socket"].as_str().unwrap().ends_with("/dev"), "{ready}");
}

#[tokio::test]
async fn a_long_command_says_how_far_it_is_to_people_and_not_to_programs() {
    let world = World::start().await;
    world
        .put_rows("friendless", 500, std::time::Duration::from_secs(600))
        .await;
    let page = world.local.page_url();
    let mut command = Command::new(local_process::chatter());
    let output = command
        .args(["prune", "--dry-run", "--local", &page])
        .output()
        .await
        .unwrap();
    let (told, answer) = (
        String::from_utf8(output.stderr).unwrap(),
        String::from_utf8(output.stdout).unwrap(),
    );
    assert_eq!(told, "500 of 500 sockets looked at\n");
    assert!(answer.contains("of which dead: 500;"), "{answer}");
    let silent = world.chatter(&["prune", "--dry-run"]).await;
    assert_eq!((silent.errors.as_str(), &silent.one()["dead"]), ("", &json!(500)));
    world.stop().await;
}
