//! The command `gateway`: an API on a port of this machine, with the functions and routes that its flags name.

mod certificate;
mod options;

use std::future::pending;
use std::io::{stderr, stdout};
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use chatterbox_gateway::{Certificate, Config, Endpoint, Gateway, Interrupts, Printer, Server, raise_open_files};
use clap::Parser;
use options::Options;
use tokio::net::TcpListener;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// How long the last lines may take to be read before the program ends without them.
const LAST_LINES: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let terminal = Printer::new("gateway", stderr());
    let code = match run(options, &terminal).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.print(format!("gateway: {error}"));
            ExitCode::FAILURE
        }
    };
    terminal.finish(LAST_LINES);
    code
}

async fn run(options: Options, terminal: &Printer) -> Result<(), Box<dyn std::error::Error>> {
    let interrupts = Interrupts::listen()?;
    if let Some(few) = raise_open_files() {
        terminal.print(format!("gateway: {few}"));
    }
    let (port, tls, is_verbose) = (options.port, options.tls.clone(), options.verbose);
    let server = Server {
        access: options.access(),
        ..Server::default()
    };
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
    let gateway = Gateway::start(config).await?;
    print_feeds(&gateway, is_verbose, terminal);
    for folder in folders {
        terminal.print(folder);
    }
    let (http, ws) = if tls.is_some() {
        ("https", "wss")
    } else {
        ("http", "ws")
    };
    let mut serving = tokio::spawn(serve(server, listener, certificate, gateway.router()));
    Printer::new("gateway", stdout()).print(format!(
        "ready {ws}://{address}/{stage} {http}://{address}/{stage}/@connections {http}://{address}/2015-03-31/functions"
    ));
    tokio::select! {
        () = interrupts.first() => {}
        ended = &mut serving => ended??,
    }
    gateway.stop().await;
    serving.abort();
    Ok(())
}

async fn serve(
    server: Server,
    listener: TcpListener,
    certificate: Option<Certificate>,
    router: Router,
) -> std::io::Result<()> {
    match certificate {
        None => server.serve(listener, router, pending()).await,
        Some(certificate) => server.serve_tls(listener, &certificate, router, pending()).await,
    }
}

/// One line for each function: the folder in which it runs.
fn folders(config: &Config) -> std::io::Result<Vec<String>> {
    let folder = |(name, function): (&String, &chatterbox_gateway::Function)| {
        let folder = function.working_folder()?;
        Ok(format!("gateway: function {name} runs in {}", folder.display()))
    };
    config.functions.iter().map(folder).collect()
}

fn print_feeds(gateway: &Gateway, is_verbose: bool, terminal: &Printer) {
    tokio::spawn(print(terminal.clone(), gateway.lines(), |line| {
        format!("{}: {}", line.function, line.text)
    }));
    if is_verbose {
        tokio::spawn(print(terminal.clone(), gateway.reasons(), |reason| {
            format!("gateway: {}: {}", reason.function, reason.text)
        }));
        tokio::spawn(print(terminal.clone(), gateway.activity(), |activity| {
            serde_json::to_string(&activity).unwrap_or_default()
        }));
    }
}

/// Writes a feed to the terminal, one line for each entry.
async fn print<T: Clone>(terminal: Printer, mut feed: Receiver<T>, line: impl Fn(T) -> String) {
    loop {
        terminal.print(match feed.recv().await {
            Ok(entry) => line(entry),
            Err(RecvError::Lagged(missed)) => format!("gateway: {missed} lines were printed too fast and are missing"),
            Err(RecvError::Closed) => return,
        });
    }
}
