//! The command `chatter local`, as a process.

use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(30);

fn chatter() -> PathBuf {
    std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(2)
        .unwrap()
        .join("chatter")
}

struct Running {
    child: Child,
    page: String,
    dynamodb: String,
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(chatter());
    command
        .args(["local", "--port", "0", "--dynamodb-port", "0"])
        .args(arguments);
    command
}

/// Starts `chatter local` on free ports, with these additional arguments, and waits for its line `ready`.
async fn start(arguments: &[&str]) -> Running {
    let mut child = command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
    assert!(ready.starts_with("ready "), "{ready}");
    let urls: Vec<&str> = ready.split_whitespace().filter(|word| word.contains("://")).collect();
    Running {
        page: urls[0].to_owned(),
        dynamodb: urls[3].to_owned(),
        child,
    }
}

async fn signal(signal: &str, child: &Child) {
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

async fn post(url: &str, body: &Value) -> Value {
    let response = reqwest::Client::new().post(url).json(body).send().await.unwrap();
    response.json().await.unwrap()
}

/// Child processes of a process, whichever of its threads started them.
fn children_of(process: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let children = threads.flat_map(|thread| {
        let ids = std::fs::read_to_string(thread.unwrap().path().join("children")).unwrap_or_default();
        ids.split_whitespace()
            .map(|id| id.parse().unwrap())
            .collect::<Vec<u32>>()
    });
    children.collect()
}

#[tokio::test]
async fn chatter_local_stops_cleanly_on_sigint_and_sigterm_and_leaves_no_process_behind() {
    for signal in ["-INT", "-TERM"] {
        let mut running = start(&[]).await;
        let notify = format!("{}2015-03-31/functions/notify/invocations", running.page);
        assert_eq!(
            post(&notify, &json!({"login": "friendless"})).await["logins"]["friendless"],
            1
        );
        let process = running.child.id().unwrap();
        let children = children_of(process);
        assert_eq!(children.len(), 1, "the one child is notify's process");
        assert!(
            Command::new("kill")
                .args([signal, &process.to_string()])
                .status()
                .await
                .unwrap()
                .success()
        );
        assert!(
            timeout(PATIENCE, running.child.wait())
                .await
                .unwrap()
                .unwrap()
                .success()
        );
        for child in children {
            assert!(
                !Path::new(&format!("/proc/{child}")).exists(),
                "process {child} still runs"
            );
        }
    }
}

#[tokio::test]
async fn the_functions_processes_end_even_if_chatter_local_is_killed() {
    let mut running = start(&[]).await;
    let notify = format!("{}2015-03-31/functions/notify/invocations", running.page);
    post(&notify, &json!({"login": "friendless"})).await;
    let process = running.child.id().unwrap();
    let children = children_of(process);
    running.child.kill().await.unwrap();
    e2e::eventually(false, async || {
        children
            .iter()
            .any(|child| Path::new(&format!("/proc/{child}")).exists())
    })
    .await;
}

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
    let mut command = Command::new(chatter());
    let output = command
        .args(["local", "--port", "0", "--dynamodb-port", "0"])
        .env("ALLOWED_ORIGINS", "example.com")
        .env("MAX_CONNECTIONS_PER_LOGIN", "many");
    let output = output.output().await.unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{error}");
    assert!(
        error.contains("ALLOWED_ORIGINS") && error.contains("MAX_CONNECTIONS_PER_LOGIN"),
        "{error}"
    );
}

/// A terminal that is paused (Ctrl-S), or a pipe that nobody reads.
#[tokio::test]
async fn lines_that_nobody_reads_hold_nothing_up_and_ctrl_c_ends_it() {
    let mut command = command(&["--log-level", "debug"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
    let page = ready.split_whitespace().find(|word| word.contains("://")).unwrap();
    let notify = format!("{page}2015-03-31/functions/notify/invocations");
    let events = async {
        for number in 0..600 {
            post(&notify, &json!({"login": format!("user-{number}")})).await;
        }
    };
    timeout(2 * PATIENCE, events).await.unwrap();
    signal("-INT", &child).await;
    assert!(timeout(PATIENCE, child.wait()).await.unwrap().unwrap().success());
}

#[tokio::test]
async fn clients_that_hold_half_a_request_at_either_port_do_not_keep_it_from_ending() {
    let mut running = start(&[]).await;
    let mut clients = Vec::new();
    for url in [&running.page, &running.dynamodb] {
        let address = url.strip_prefix("http://").unwrap().trim_end_matches('/');
        for half in [
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
            "POST / HTTP/1.1\r\nHos",
            "",
        ] {
            let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut client, half.as_bytes())
                .await
                .unwrap();
            clients.push(client);
        }
        // Answered: by now the server has read the halves.
        reqwest::get(url).await.unwrap();
    }
    signal("-INT", &running.child).await;
    assert!(
        timeout(PATIENCE, running.child.wait())
            .await
            .unwrap()
            .unwrap()
            .success()
    );
}

/// The ports on which a process listens: of its open files those that the system lists as listening sockets.
fn ports_of(process: u32) -> Vec<u16> {
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let sockets: Vec<_> = files
        .filter_map(|file| std::fs::read_link(file.unwrap().path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let listed = std::fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap();
    let ports = listed.lines().skip(1).filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_listening = words[3] == "0A" && sockets.iter().any(|socket| socket == words[9]);
        let port = words[1].split(':').nth(1)?;
        is_listening.then(|| u16::from_str_radix(port, 16).unwrap())
    });
    ports.collect()
}

/// DynamoDB's engine by itself lets every web page read and write the tables, and so must have no port that one could guess.
#[tokio::test]
async fn it_listens_on_its_two_ports_only() {
    for arguments in [&[][..], &["--chaos=1"]] {
        let running = start(arguments).await;
        let requests = (0..20).map(|_| reqwest::get(&running.dynamodb));
        futures_util::future::join_all(requests).await;
        let mut expected =
            [&running.page, &running.dynamodb].map(|url| reqwest::Url::parse(url).unwrap().port().unwrap());
        expected.sort_unstable();
        e2e::eventually(expected.to_vec(), async || {
            let mut ports = ports_of(running.child.id().unwrap());
            ports.sort_unstable();
            ports
        })
        .await;
    }
}

#[tokio::test]
async fn the_tables_in_a_data_file_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tables.sqlite");
    let arguments = ["--data", file.to_str().unwrap()];
    let event = json!({"login": "friendless", "id": "x"});
    for expected in [json!(1), json!("repeat")] {
        let mut running = start(&arguments).await;
        let notify = format!("{}2015-03-31/functions/notify/invocations", running.page);
        assert_eq!(post(&notify, &event).await["logins"]["friendless"], expected);
        let process = running.child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &process])
                .status()
                .await
                .unwrap()
                .success()
        );
        assert!(running.child.wait().await.unwrap().success());
    }
}

/// One request to DynamoDB, with nothing but what its protocol asks for.
async fn dynamodb(running: &Running, operation: &str, request: &Value) -> Value {
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

#[tokio::test]
async fn with_a_data_file_the_streams_go_on_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tables.sqlite");
    let arguments = ["--data", file.to_str().unwrap()];
    let version = json!({"TableName": "updates", "Key": {"login": {"S": "friendless"}}, "ConsistentRead": true});
    // Killed at once, so that the first event may be delivered by either. An event that is delivered again is no new version.
    for n in ["1", "2", "3"] {
        let mut running = start(&arguments).await;
        let event = json!({"login": "friendless", "body": n}).to_string();
        let item = json!({"id": {"S": n}, "event": {"S": event}});
        let put = json!({"TableName": "outbox", "Item": item});
        assert_eq!(dynamodb(&running, "PutItem", &put).await, json!({}));
        if n == "3" {
            e2e::eventually(json!("3"), async || {
                dynamodb(&running, "GetItem", &version).await["Item"]["version"]["N"].clone()
            })
            .await;
        }
        signal("-KILL", &running.child).await;
        running.child.wait().await.unwrap();
    }
}

/// The error with which a command refuses to start. A command that starts all the same is killed after [`PATIENCE`].
async fn refusal(mut command: Command) -> String {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(PATIENCE, output)
        .await
        .expect("chatter local started, though it should have refused")
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
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
async fn a_data_file_is_free_again_after_the_process_that_used_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tables.sqlite");
    let arguments = ["--data", file.to_str().unwrap()];
    let mut first = start(&arguments).await;
    let event = json!({"login": "friendless", "id": "x"});
    let notify = |running: &Running| format!("{}2015-03-31/functions/notify/invocations", running.page);
    // A function's process may outlive its killed parent for a moment, and must not hold the parent's lock.
    assert_eq!(post(&notify(&first), &event).await["logins"]["friendless"], 1);
    first.child.kill().await.unwrap();
    let second = start(&arguments).await;
    assert_eq!(post(&notify(&second), &event).await["logins"]["friendless"], "repeat");
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
async fn the_demo_page_logs_in_and_its_content_security_policy_allows_its_own_origin_only() {
    let running = start(&[]).await;
    let http = reqwest::Client::new();
    let page = http.get(&running.page).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
    let session = post(&format!("{}demo/login", running.page), &json!({"login": "friendless"})).await;
    let query = format!("login=friendless&chatter={}", session["chatterId"].as_str().unwrap());
    let url = format!("{}?{query}", session["url"].as_str().unwrap());
    e2e::Socket::open(&url, &[]).await.unwrap().is_quiet().await;
    let refused = post(&format!("{}demo/login", running.page), &json!({"login": ""})).await;
    assert!(refused["message"].as_str().unwrap().starts_with("login:"), "{refused}");
    assert!(running.dynamodb.starts_with("http://127.0.0.1:"));
}
