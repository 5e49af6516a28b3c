//! The command `gateway`.

use std::process::Stdio;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio_tungstenite::tungstenite::Message;

use crate::tls::tls_client;
use crate::world::*;

fn gateway(flags: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.args(["--port", "0"]).args(flags).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The words of the line that says that the gateway is ready.
pub(crate) async fn ready(gateway: &mut Child) -> Vec<String> {
    let mut ready = String::new();
    within(BufReader::new(gateway.stdout.take().unwrap()).read_line(&mut ready))
        .await
        .unwrap();
    ready.split_whitespace().map(str::to_owned).collect()
}

/// The lines on its standard error.
pub(crate) fn lines_of(gateway: &mut Child) -> Lines<BufReader<ChildStderr>> {
    BufReader::new(gateway.stderr.take().unwrap()).lines()
}

/// Waits for a line on standard error that has this text.
pub(crate) async fn line_with(lines: &mut Lines<BufReader<ChildStderr>>, text: &str) -> String {
    loop {
        let line = within(lines.next_line()).await.unwrap().expect(text);
        if line.contains(text) {
            return line;
        }
    }
}

pub(crate) async fn error(mut gateway: Child) -> String {
    let mut text = String::new();
    within(gateway.stderr.take().unwrap().read_to_string(&mut text))
        .await
        .unwrap();
    assert!(!within(gateway.wait()).await.unwrap().success());
    text
}

#[tokio::test]
async fn it_prints_ready_serves_and_stops_cleanly() {
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
        let words = ready(&mut gateway).await;
        assert_eq!(words[0], "ready");
        assert!(
            words[1].ends_with("/v1") && words[2].ends_with("/v1/@connections"),
            "{words:?}"
        );
        let (mut socket, _) = within(tokio_tungstenite::connect_async(&words[1])).await.unwrap();
        socket.send(Message::text(r#"{"action":"ping"}"#)).await.unwrap();
        assert_eq!(within(socket.next()).await.unwrap().unwrap(), Message::text("pong"));
        socket.send(Message::text(r#"{"do":"environment"}"#)).await.unwrap();
        let environment = within(socket.next()).await.unwrap().unwrap().into_text().unwrap();
        let environment: serde_json::Value = serde_json::from_str(&environment).unwrap();
        assert_eq!(environment["MINE"], "a=b");
        assert_eq!(
            environment["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"],
            words[1].replace("ws://", "http://")
        );
        self::signal(&gateway, signal);
        let Message::Close(Some(frame)) = within(socket.next()).await.unwrap().unwrap() else {
            panic!("no close frame")
        };
        assert_eq!(u16::from(frame.code), 1001);
        assert!(within(gateway.wait()).await.unwrap().success());
    }
}

fn signal(gateway: &Child, signal: rustix::process::Signal) {
    let id = rustix::process::Pid::from_raw(gateway.id().unwrap() as i32).unwrap();
    rustix::process::kill_process(id, signal).unwrap();
}

/// A terminal that is paused (Ctrl-S), or a pipe that nobody reads.
#[tokio::test]
async fn lines_that_nobody_reads_hold_nothing_up() {
    let flags = ["--verbose", "--mock", "ping=pong", "--requests-per-second", "none"];
    let mut gateway = gateway(&flags);
    let url = ready(&mut gateway).await[1].clone();
    let (mut socket, _) = within(tokio_tungstenite::connect_async(url)).await.unwrap();
    // Each is a line, and all of them are several times what a pipe holds.
    for _ in 0..3000 {
        socket.send(Message::text(r#"{"action":"ping"}"#)).await.unwrap();
        assert_eq!(within(socket.next()).await.unwrap().unwrap(), Message::text("pong"));
    }
    signal(&gateway, rustix::process::Signal::INT);
    assert!(within(gateway.wait()).await.unwrap().success());
}

#[tokio::test]
async fn a_second_ctrl_c_ends_it_at_once() {
    let command = format!("f=node {BOOTSTRAP}");
    let flags = [
        "--function",
        &command,
        "--route",
        "$disconnect=f",
        "--env",
        "BEFORE_FIRST_NEXT=hang",
    ];
    let mut gateway = gateway(&flags);
    let url = ready(&mut gateway).await[1].clone();
    let (mut socket, _) = within(tokio_tungstenite::connect_async(url)).await.unwrap();
    signal(&gateway, rustix::process::Signal::INT);
    // It closes the socket, and waits for `$disconnect`.
    assert!(matches!(
        within(socket.next()).await.unwrap().unwrap(),
        Message::Close(Some(_))
    ));
    signal(&gateway, rustix::process::Signal::INT);
    assert_eq!(within(gateway.wait()).await.unwrap().code(), Some(130));
}

#[tokio::test]
async fn a_client_that_holds_half_a_request_does_not_keep_it_from_ending() {
    let mut gateway = gateway(&[]);
    let url = ready(&mut gateway).await[1].clone();
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/dev").unwrap();
    let mut client = within(tokio::net::TcpStream::connect(address)).await.unwrap();
    let half = b"POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{";
    within(client.write_all(half)).await.unwrap();
    signal(&gateway, rustix::process::Signal::INT);
    assert!(within(gateway.wait()).await.unwrap().success());
}

/// A Mac lets a program have 256 open files unless it asks for more.
#[tokio::test]
async fn it_takes_more_sockets_than_the_shell_lets_it_open_files() {
    let limited = |limit: &str| {
        let run = format!("{limit} && exec {} --port 0", env!("CARGO_BIN_EXE_gateway"));
        let mut command = Command::new("sh");
        command.args(["-c", &run]).kill_on_drop(true);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut gateway = limited("ulimit -S -n 64");
    let url = ready(&mut gateway).await[1].clone();
    let mut sockets = Vec::new();
    for _ in 0..100 {
        sockets.push(within(tokio_tungstenite::connect_async(&url)).await.unwrap());
    }
    let mut gateway = limited("ulimit -n 64");
    let mut lines = BufReader::new(gateway.stderr.take().unwrap()).lines();
    line_with(&mut lines, "open 64 files only").await;
}

#[tokio::test]
async fn an_error_at_the_start_is_named() {
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

#[tokio::test]
async fn it_prints_in_which_folder_each_function_runs() {
    let folder = std::env::temp_dir();
    let command = format!("f=node {BOOTSTRAP}");
    let mut gateway = gateway(&[
        "--function",
        &command,
        "--function",
        "g=node x",
        "--folder",
        &format!("f={}", folder.display()),
    ]);
    let mut lines = BufReader::new(gateway.stderr.take().unwrap()).lines();
    let told = line_with(&mut lines, "function f ").await;
    assert_eq!(told, format!("gateway: function f runs in {}", folder.display()));
    let present = std::env::current_dir().unwrap();
    let told = line_with(&mut lines, "function g ").await;
    assert_eq!(told, format!("gateway: function g runs in {}", present.display()));
}

#[tokio::test]
async fn with_verbose_it_prints_why_a_function_answered_500() {
    let command = format!("f=node {BOOTSTRAP}");
    for is_verbose in [true, false] {
        let flags = ["--function", &command, "--route", "$connect=f"];
        let verbose = if is_verbose { &["-v"][..] } else { &[] };
        let mut gateway = gateway(&[&flags[..], verbose].concat());
        let url = ready(&mut gateway).await[1].clone();
        let url = format!("{url}?do=status&status=500&body=the%20table%20is%20missing");
        within(tokio_tungstenite::connect_async(url)).await.unwrap_err();
        let mut lines = BufReader::new(gateway.stderr.take().unwrap()).lines();
        let reason = "gateway: f: $connect: answered 500: the table is missing";
        if is_verbose {
            assert_eq!(line_with(&mut lines, "answered").await, reason);
        }
        signal(&gateway, rustix::process::Signal::TERM);
        while let Some(line) = within(lines.next_line()).await.unwrap() {
            assert!(is_verbose || !line.contains("the table is missing"), "{line}");
        }
    }
}

#[tokio::test]
async fn over_tls_its_clients_and_its_functions_trust_the_file_that_it_writes() {
    let file = std::env::temp_dir().join(format!("gateway-{}.pem", uuid::Uuid::new_v4()));
    let (command, path) = (format!("f=node {BOOTSTRAP}"), file.to_str().unwrap().to_owned());
    let flags = [
        "--function",
        &command,
        "--route",
        "$default=f",
        "--two-way",
        "$default",
        "--tls",
        &path,
    ];
    for _ in 0..2 {
        let mut gateway = gateway(&flags);
        let words = ready(&mut gateway).await;
        assert!(
            words[1].starts_with("wss://127.0.0.1:") && words[2..].iter().all(|url| url.starts_with("https://")),
            "{words:?}"
        );
        let address = words[1].strip_prefix("wss://").unwrap().strip_suffix("/dev").unwrap();
        let mut socket = tls_client(address, &std::fs::read(&file).unwrap()).await;
        socket.send(Message::text(r#"{"do":"post-back"}"#)).await.unwrap();
        // The function posts to the address in its event.
        assert_eq!(within(socket.next()).await.unwrap().unwrap(), Message::text("posted"));
        assert_eq!(within(socket.next()).await.unwrap().unwrap(), Message::text("200"));
    }
    std::fs::write(&file, "not ours").unwrap();
    let refusal = error(gateway(&flags)).await;
    assert!(refusal.contains(&format!("--tls {path}: ")), "{refusal}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "not ours");
    std::fs::remove_file(file).unwrap();
    let refusal = error(gateway(&["--tls", "/nowhere/a.pem"])).await;
    assert!(refusal.contains("--tls /nowhere/a.pem: "), "{refusal}");
}

#[tokio::test]
async fn completions_and_the_manual_page_have_every_flag() {
    let print = async |flags: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_gateway")).args(flags).output();
        let output = within(output).await.unwrap();
        assert!(output.status.success(), "{flags:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let flags: Vec<String> = print(&["--help"])
        .await
        .split_whitespace()
        .filter(|word| word.starts_with("--") && word.len() > 2 && word.ends_with(char::is_alphanumeric))
        .map(str::to_owned)
        .collect();
    assert!(flags.len() > 25, "{flags:?}");
    let page = print(&["--man"]).await.replace('\\', "");
    let bash = print(&["--completions", "bash"]).await;
    for flag in flags {
        assert!(page.contains(&flag), "the manual page lacks {flag}");
        assert!(bash.contains(&flag), "the completions lack {flag}");
    }
    for shell in ["zsh", "fish"] {
        assert!(
            print(&["--completions", shell]).await.contains("route-selection"),
            "{shell}"
        );
    }
}
