//! The examples, run as their readers would run them.

use std::path::Path;
use std::process::Stdio;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::world::within;

/// `cargo test` builds the examples beside the command; with `--test` it does not.
fn example(name: &str) -> Command {
    let command = Path::new(env!("CARGO_BIN_EXE_gateway"));
    let example = command.with_file_name("examples").join(name);
    assert!(
        example.exists(),
        "first build it: cargo build -p chatterbox-gateway --examples"
    );
    Command::new(example)
}

#[tokio::test]
async fn the_echo_example_echoes_and_ends_at_ctrl_c() {
    let mut echo = example("echo")
        .arg("0")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut ready = String::new();
    let mut output = BufReader::new(echo.stdout.take().unwrap());
    within(output.read_line(&mut ready)).await.unwrap();
    let url = ready.trim().strip_prefix("ready ").unwrap();
    let (mut socket, _) = within(connect_async(url)).await.unwrap();
    for text in ["hello", "", r#"{"action":"?"}"#, "ü"] {
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(within(socket.next()).await.unwrap().unwrap(), Message::text(text));
    }
    let id = rustix::process::Pid::from_raw(echo.id().unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert!(
        matches!(within(socket.next()).await, Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1001)
    );
    assert!(within(echo.wait()).await.unwrap().success());
}
