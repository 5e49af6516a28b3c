//! The command `gateway`: an API on one port, with the functions and routes that its flags name.

mod options;

use std::io::Write;

use chatterbox_gateway::{Gateway, serve};
use clap::Parser;
use options::Options;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let options = Options::parse();
    match run(options).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "gateway: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let (port, is_verbose) = (options.port, options.verbose);
    let config = options.config()?;
    let stage = config.stage.clone();
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| format!("port {port}: {error}"))?;
    let address = listener.local_addr()?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let gateway = Gateway::start(config)?;
    tokio::spawn(print(gateway.lines(), |line| {
        format!("{}: {}", line.function, line.text)
    }));
    if is_verbose {
        tokio::spawn(print(gateway.reasons(), |reason| {
            format!("gateway: {}: {}", reason.function, reason.text)
        }));
        tokio::spawn(print(gateway.activity(), |activity| {
            serde_json::to_string(&activity).unwrap_or_default()
        }));
    }
    let mut server = tokio::spawn(serve(listener, gateway.router(), std::future::pending()));
    let functions = format!("http://{address}/2015-03-31/functions");
    writeln!(
        std::io::stdout(),
        "ready ws://{address}/{stage} http://{address}/{stage}/@connections {functions}"
    )?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        ended = &mut server => ended??,
    }
    gateway.stop().await;
    server.abort();
    Ok(())
}

/// Writes a feed to standard error, one line for each entry.
async fn print<T: Clone>(mut feed: Receiver<T>, line: impl Fn(T) -> String) {
    loop {
        let line = match feed.recv().await {
            Ok(entry) => line(entry),
            Err(RecvError::Lagged(missed)) => format!("gateway: {missed} lines were too fast and are missing"),
            Err(RecvError::Closed) => return,
        };
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}
