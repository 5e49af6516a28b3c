//! The command `gateway`: an API on a port of this machine, with the functions and routes that its flags name.

mod certificate;
mod options;

use std::future::pending;
use std::io::Write;

use axum::Router;
use chatterbox_gateway::{Certificate, Config, Endpoint, Gateway, serve_tls};
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
    let (port, tls, is_verbose) = (options.port, options.tls.clone(), options.verbose);
    let mut config = options.config()?;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| format!("port {port}: {error}"))?;
    let address = listener.local_addr()?;
    let (certificate, endpoint) = match &tls {
        None => (None, Endpoint::http(address)),
        Some(file) => {
            let (certificate, file) = certificate::made(file)?;
            (Some(certificate), Endpoint::https(address, file))
        }
    };
    config.endpoint = Some(endpoint);
    let (stage, folders) = (config.stage.clone(), folders(&config)?);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let gateway = Gateway::start(config).await?;
    print_feeds(&gateway, is_verbose);
    std::io::stderr().write_all(folders.as_bytes())?;
    let (http, ws) = if tls.is_some() {
        ("https", "wss")
    } else {
        ("http", "ws")
    };
    let mut server = tokio::spawn(serve(listener, certificate, gateway.router()));
    writeln!(
        std::io::stdout(),
        "ready {ws}://{address}/{stage} {http}://{address}/{stage}/@connections {http}://{address}/2015-03-31/functions"
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

async fn serve(listener: TcpListener, certificate: Option<Certificate>, router: Router) -> std::io::Result<()> {
    match certificate {
        None => chatterbox_gateway::serve(listener, router, pending()).await,
        Some(certificate) => serve_tls(listener, &certificate, router, pending()).await,
    }
}

/// One line for each function: the folder in which it runs.
fn folders(config: &Config) -> std::io::Result<String> {
    let mut lines = String::new();
    for (name, function) in &config.functions {
        let folder = function.working_folder()?;
        lines.push_str(&format!("gateway: function {name} runs in {}\n", folder.display()));
    }
    Ok(lines)
}

fn print_feeds(gateway: &Gateway, is_verbose: bool) {
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
}

/// Writes a feed to standard error, one line for each entry.
async fn print<T: Clone>(mut feed: Receiver<T>, line: impl Fn(T) -> String) {
    loop {
        let line = match feed.recv().await {
            Ok(entry) => line(entry),
            Err(RecvError::Lagged(missed)) => format!("gateway: {missed} lines were printed too fast and are missing"),
            Err(RecvError::Closed) => return,
        };
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}
