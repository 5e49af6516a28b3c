//! The command `chatter`.

use chatter::local::{Local, Options};
use clap::{Parser, Subcommand};
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Chatterbox: tells browsers, the moment it happens, that their stats have been updated.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all of Chatterbox on this machine: gateway, functions, DynamoDB and a demo page.
    Local(LocalArguments),
}

/// Chatterbox's own settings (LOGIN_PARAMETER, ALLOWED_ORIGINS, ...) are taken from the environment, as in AWS.
#[derive(Debug, clap::Args)]
struct LocalArguments {
    /// Port of the page, the sockets, `@connections` and the functions; 0 takes any free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Port of DynamoDB; 0 takes any free one.
    #[arg(long, default_value_t = 8000)]
    dynamodb_port: u16,
    /// Keep the tables in this file, across restarts; without it they are in memory. One `chatter local` at a time may
    /// use it.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// The folder with the four functions' programs; by default the one that `chatter` itself is in.
    #[arg(long, value_name = "FOLDER")]
    functions: Option<PathBuf>,
    /// Break something every few seconds, to watch the page recover. The same SEED breaks the same things in the same
    /// order.
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    chaos: Option<u64>,
    /// How much the functions and the gateway log: error, warn, info, debug or trace.
    #[arg(long, env = "AWS_LAMBDA_LOG_LEVEL", default_value = "info", value_name = "LEVEL")]
    log_level: LevelFilter,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments {
        command: Command::Local(arguments),
    } = Arguments::parse();
    start_logging(arguments.log_level);
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "chatter: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: LocalArguments) -> Result<(), Box<dyn std::error::Error>> {
    // Before anything runs, so that a signal in the middle of the start is not lost.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut options = Options::from_env();
    options.port = arguments.port;
    options.dynamodb_port = arguments.dynamodb_port;
    options.data = arguments.data;
    options.chaos = arguments.chaos;
    if let Some(functions) = arguments.functions {
        options.functions = functions;
    }
    options
        .environment
        .insert("AWS_LAMBDA_LOG_LEVEL".to_owned(), arguments.log_level.to_string());
    let local = Local::start(options).await?;
    tokio::spawn(print_lines(local.gateway().lines()));
    writeln!(
        io::stdout(),
        "ready  page {}  socket {}  functions {}  dynamodb {}",
        local.page_url(),
        local.socket_url(),
        local.functions_url(),
        local.dynamodb_url(),
    )?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    local.stop().await;
    Ok(())
}

/// Prints the functions' lines to standard error, each after its function's name.
async fn print_lines(mut lines: tokio::sync::broadcast::Receiver<chatterbox_gateway::Line>) {
    use tokio::sync::broadcast::error::RecvError;
    loop {
        let _ = match lines.recv().await {
            Ok(line) => writeln!(io::stderr(), "{:<10} {}", line.function, line.text),
            Err(RecvError::Lagged(missed)) => {
                writeln!(
                    io::stderr(),
                    "chatter: {missed} lines were printed too fast and are missing"
                )
            }
            Err(RecvError::Closed) => return,
        };
    }
}

/// Only our own crates log below `info`. The HTTP libraries may log headers at `trace`, and headers hold secrets.
fn start_logging(level: LevelFilter) {
    let ours = ["chatter", "chatterbox_core", "chatterbox_gateway"].map(|name| (name, level));
    // DynamoDB's engine warns of each failed condition, which here is an ordinary refusal that the functions log.
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::INFO))
        .with_targets(ours);
    let targets = targets.with_target("dynoxide", level.min(LevelFilter::ERROR));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_filter(targets);
    tracing_subscriber::registry().with(lines).init();
}
