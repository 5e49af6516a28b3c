//! The command `chatter local`, as a process: how it ends, and what holds it up.

use crate::local_process::{PATIENCE, command, post, signal, start};
use serde_json::json;
use std::{path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::timeout,
};

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
