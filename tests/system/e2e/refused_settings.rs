//! Flags and settings with which `chatter local` does not start: its error names each, and what to do.

use crate::local_process::{chatter, command, post, refusal, signal, start};
use serde_json::json;
use std::path::{Path, PathBuf};
use tokio::process::Command;

#[tokio::test]
async fn the_error_for_a_taken_port_names_the_port_and_the_flag_that_changes_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (flag, other) in [("--port", "--dynamodb-port"), ("--dynamodb-port", "--port")] {
        let output = Command::new(chatter())
            .args(["local", flag, &port, other, "0"])
            .output()
            .await
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && error.contains(&port) && error.contains(flag),
            "{error}"
        );
    }
}

#[tokio::test]
async fn the_error_for_a_missing_function_names_it_and_the_command_that_builds_it() {
    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().to_str().unwrap();
    let arguments = ["local", "--port", "0", "--dynamodb-port", "0", "--functions", folder];
    let output = Command::new(chatter()).args(arguments).output().await.unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && error.contains("connect") && error.contains("cargo build"),
        "{error}"
    );
}

#[tokio::test]
async fn wrong_settings_are_named_before_anything_runs() {
    for (variables, flags, named) in [
        (
            &[
                ("ALLOWED_ORIGINS", "example.com"),
                ("MAX_CONNECTIONS_PER_LOGIN", "many"),
            ][..],
            &[][..],
            &["ALLOWED_ORIGINS", "MAX_CONNECTIONS_PER_LOGIN"][..],
        ),
        (&[("METRICS_NAMESPACE", "  ")], &[], &["METRICS_NAMESPACE"]),
        (&[("LOGIN_PARAMETER", " ")], &[], &["LOGIN_PARAMETER"]),
        (&[], &["--allow-host", "*"], &["--allow-host", "pattern"]),
        (
            &[],
            &["--allow-host", "https://box.example"],
            &["--allow-host", "without scheme"],
        ),
        // At 0 a deployment does not begin either; without a throttle is something else.
        (&[], &["--throttle", "$connect=0,0"], &["--throttle", "$connect=none"]),
        (&[], &["--throttle", "ping=5,0"], &["--throttle", "ping=none"]),
        (&[], &["--throttle", "ping=0,5"], &["--throttle", "ping=none"]),
        (&[], &["--throttle", "ping=-1,5"], &["--throttle", "ping=none"]),
        (&[], &["--throttle", "ping="], &["--throttle", "ping=none"]),
        (&[], &["--throttle", "pong=5,5"], &["--throttle", "the routes are"]),
    ] {
        let mut command = command(flags);
        command.envs(variables.iter().copied());
        let error = refusal(command).await;
        assert!(named.iter().all(|name| error.contains(name)), "{named:?}: {error}");
    }
}

#[tokio::test]
async fn a_data_file_that_is_in_use_is_refused_by_whichever_path_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tables.sqlite");
    let link = folder.path().join("link.sqlite");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let first = start(&["--data", link.to_str().unwrap()]).await;
    let process = first.child.id().unwrap().to_string();
    let round_about = folder.path().join("..").join(folder.path().file_name().unwrap());
    for (data, present_folder) in [
        (file.clone(), Path::new("/")),
        (link, Path::new("/")),
        (round_about.join("tables.sqlite"), Path::new("/")),
        (PathBuf::from("tables.sqlite"), folder.path()),
    ] {
        let mut second = command(&["--data", data.to_str().unwrap()]);
        second.current_dir(present_folder);
        let error = refusal(second).await;
        assert!(
            error.contains("another `chatter local`") && error.contains(&process) && error.contains("--data"),
            "{error}"
        );
    }
    let notify = format!("{}2015-03-31/functions/notify/invocations", first.page);
    let report = post(&notify, &json!({"login": "friendless"})).await;
    assert_eq!(report["logins"]["friendless"], 1, "the first process still works");
}

#[tokio::test]
async fn the_error_for_a_data_file_that_cannot_be_written_names_the_file_and_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let read_only = folder.path().join("read-only");
    std::fs::create_dir(&read_only).unwrap();
    std::fs::set_permissions(&read_only, std::os::unix::fs::PermissionsExt::from_mode(0o555)).unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let missing = folder.path().join("missing");
    for (data, reason) in [
        (
            read_only.join("tables.sqlite"),
            "its folder must be one that you may write to",
        ),
        (missing.join("tables.sqlite"), "there is no such folder"),
        (folder.path().to_owned(), "it is not a file"),
    ] {
        let mut command = command(&["--data", data.to_str().unwrap()]);
        if std::os::unix::fs::MetadataExt::uid(&folder.path().metadata().unwrap()) == 0 {
            // The superuser may write anywhere.
            command.uid(65_534);
        }
        let error = refusal(command).await;
        assert!(
            error.contains(data.to_str().unwrap()) && error.contains(reason),
            "{error}"
        );
    }
}

#[tokio::test]
async fn the_error_for_a_damaged_data_file_names_the_file_the_damage_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tables.sqlite");
    let mut running = start(&["--data", file.to_str().unwrap()]).await;
    signal("-TERM", &running.child).await;
    running.child.wait().await.unwrap();
    let mut damaged = std::fs::read(&file).unwrap();
    let half = damaged.len() / 2;
    damaged[half..].fill(0xa5);
    std::fs::write(&file, &damaged).unwrap();
    let error = refusal(command(&["--data", file.to_str().unwrap()])).await;
    assert!(
        error.contains(file.to_str().unwrap()) && error.contains("it is damaged (") && error.contains("--data"),
        "{error}"
    );
    assert!(std::fs::read(&file).unwrap() == damaged, "it stays as it is");
}
