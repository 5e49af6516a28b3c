//! The command `gateway`.

use std::process::Stdio;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Message;

use crate::world::*;

fn gateway(flags: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.args(["--port", "0"]).args(flags).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

async fn error(mut gateway: Child) -> String {
    let mut text = String::new();
    within(gateway.stderr.take().unwrap().read_to_string(&mut text))
        .await
        .unwrap();
    assert!(!within(gateway.wait()).await.unwrap().success());
    text
}

#[tokio::test]
async fn it_says_ready_serves_and_stops_cleanly() {
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let function = format!("echo=node {BOOTSTRAP}");
        let flags = [
            "--function",
            &function,
            "--route",
            "$default=echo",
            "--two-way",
            "$default",
            "--stage",
            "v1",
        ];
        let mut gateway = gateway(&[&flags[..], &["--mock", "ping=pong", "--env", "MINE=a=b"]].concat());
        let mut ready = String::new();
        within(BufReader::new(gateway.stdout.take().unwrap()).read_line(&mut ready))
            .await
            .unwrap();
        let words: Vec<&str> = ready.split_whitespace().collect();
        assert_eq!(words[0], "ready");
        assert!(
            words[1].ends_with("/v1") && words[2].ends_with("/v1/@connections"),
            "{ready}"
        );
        let (mut socket, _) = within(tokio_tungstenite::connect_async(words[1])).await.unwrap();
        socket.send(Message::text(r#"{"action":"ping"}"#)).await.unwrap();
        assert_eq!(within(socket.next()).await.unwrap().unwrap(), Message::text("pong"));
        socket.send(Message::text(r#"{"do":"environment"}"#)).await.unwrap();
        let environment = within(socket.next()).await.unwrap().unwrap().into_text().unwrap();
        assert!(environment.contains(r#""MINE":"a=b""#));
        let id = rustix::process::Pid::from_raw(gateway.id().unwrap() as i32).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
        let Message::Close(Some(frame)) = within(socket.next()).await.unwrap().unwrap() else {
            panic!("no close frame")
        };
        assert_eq!(u16::from(frame.code), 1001);
        assert!(within(gateway.wait()).await.unwrap().success());
    }
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_named() {
    assert!(
        error(gateway(&["--function", "f=/nowhere"]))
            .await
            .contains("there is no command `/nowhere`")
    );
    assert!(
        error(gateway(&["--function", &format!("f={BOOTSTRAP}")]))
            .await
            .contains("not an executable file")
    );
    assert!(
        error(gateway(&["--route", "$connect=f"]))
            .await
            .contains("route `$connect` names the function `f`")
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    let gateway = command.args(["--port", &port]).stderr(Stdio::piped()).spawn().unwrap();
    assert!(error(gateway).await.contains(&format!("port {port}: ")));
}
