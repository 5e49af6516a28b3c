//! The command `chatter`.

use chatter::{
    commands::{
        CommandError, Done, answer::Answers, doctor::Doctor, explain::Explain, issue::Issue, listen::Listen,
        notify::Notify, prune::Prune, replay::Replay, revoke::Revoke, trace::Trace, updates::Updates, who::Who,
    },
    local::{Local, Options},
    place::PlaceArguments,
};
use chatterbox_gateway::{Access, Interrupts, Line, Printer, Throttle, raise_open_files};
use clap::{CommandFactory, Parser, Subcommand};
use std::{
    collections::BTreeMap,
    io::{ErrorKind, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Chatterbox: tells browsers, the moment it happens, that their stats have been updated.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 done, 1 it could not be done, 2 a wrong argument, 3 the answer is no."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    place: PlaceArguments,
    /// Answer in JSON, one line for each answer.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all of Chatterbox on this machine: gateway, functions, DynamoDB and a demo page.
    Local(LocalArguments),
    Issue(Issue),
    Revoke(Revoke),
    Who(Who),
    Notify(Notify),
    Updates(Updates),
    Prune(Prune),
    Replay(Replay),
    Listen(Listen),
    Trace(Trace),
    Doctor(Doctor),
    Explain(Explain),
    /// Print the completions of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
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
    /// A further name of this machine, of a tunnel or a container, by which both ports may be called; may be repeated.
    #[arg(long = "allow-host", value_name = "NAME", value_parser = Access::parse_host)]
    allowed_hosts: Vec<String>,
    /// The folder with the five functions' programs; by default the one that `chatter` itself is in.
    #[arg(long, value_name = "FOLDER")]
    functions: Option<PathBuf>,
    /// Break something every few seconds, to watch the page recover. The same SEED breaks the same things in the same
    /// order.
    #[arg(long, value_name = "SEED", num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    chaos: Option<u64>,
    /// A route's own limit, in place of the deployed default: requests a second, and at once; may be repeated. `KEY=none`
    /// takes it away.
    #[arg(long = "throttle", value_name = "KEY=RATE,BURST", value_parser = throttle)]
    throttles: Vec<(&'static str, Option<Throttle>)>,
    /// How much the functions and the gateway log: error, warn, info, debug or trace.
    #[arg(long, env = "AWS_LAMBDA_LOG_LEVEL", default_value = "info", value_name = "LEVEL")]
    log_level: LevelFilter,
}

/// Reads `KEY=RATE,BURST` or `KEY=none`, of a route that there is.
fn throttle(text: &str) -> Result<(&'static str, Option<Throttle>), String> {
    let (key, limit) = text.split_once('=').ok_or("there is no `=` in it")?;
    let routes = ["$connect", "$default", "ping", "$disconnect"];
    let route = routes.into_iter().find(|route| *route == key);
    let route = route.ok_or_else(|| format!("the routes are {}", routes.join(", ")))?;
    if limit == "none" {
        return Ok((route, None));
    }
    let throttle = limit.parse::<Throttle>().ok();
    let throttle = throttle.filter(|throttle| throttle.rate > 0 && throttle.burst > 0);
    let throttle = throttle.ok_or_else(|| {
        format!(
            "a throttle is two whole numbers above 0, RATE,BURST: at 0 every request would be answered 429. `{route}=none` takes the \
             limit away"
        )
    })?;
    Ok((route, Some(throttle)))
}

/// How long the last lines may take to be read before the program ends without them.
const LAST_LINES: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { command, place, json } = Arguments::parse();
    let answers = Answers { json };
    let done = match command {
        Command::Local(arguments) => return local(arguments, json).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "chatter", &mut stdout());
            Ok(Done::Well)
        }
        other => ask(other, &place, answers).await,
    };
    match done {
        Ok(done) => done.into(),
        // Whoever read the answer has enough, as `head` does.
        Err(CommandError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            answers.fail(&error);
            ExitCode::FAILURE
        }
    }
}

/// Runs a command that asks a Chatterbox, or nobody.
async fn ask(command: Command, place: &PlaceArguments, answers: Answers) -> Result<Done, CommandError> {
    match command {
        Command::Explain(explain) => explain.run(answers),
        Command::Doctor(doctor) => doctor.run(place, answers).await,
        Command::Listen(listen) => match listen.raw() {
            Some(url) => listen.run_raw(url, answers).await,
            None => listen.run(&place.find().await?, answers).await,
        },
        Command::Issue(issue) => issue.run(&place.find().await?, answers).await,
        Command::Revoke(revoke) => revoke.run(&place.find().await?, answers).await,
        Command::Who(who) => who.run(&place.find().await?, answers).await,
        Command::Notify(notify) => notify.run(&place.find().await?, answers).await,
        Command::Updates(updates) => updates.run(&place.find().await?, answers).await,
        Command::Prune(prune) => prune.run(&place.find().await?, answers).await,
        Command::Replay(replay) => replay.run(&place.find().await?, answers).await,
        Command::Trace(trace) => trace.run(&place.find().await?, answers).await,
        Command::Local(_) | Command::Completions { .. } => Ok(Done::Well),
    }
}

async fn local(arguments: LocalArguments, json: bool) -> ExitCode {
    let terminal = Printer::new("chatter", stderr());
    start_logging(arguments.log_level, &terminal);
    let code = match run(arguments, json, &terminal).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.print(format!("chatter: {error}"));
            ExitCode::FAILURE
        }
    };
    terminal.finish(LAST_LINES);
    code
}

async fn run(arguments: LocalArguments, json: bool, terminal: &Printer) -> Result<(), Box<dyn std::error::Error>> {
    // Before anything runs, so that a signal in the middle of the start is not lost.
    let interrupts = Interrupts::listen()?;
    if let Some(few) = raise_open_files() {
        terminal.print(format!("chatter: {few}"));
    }
    let mut options = Options::from_env();
    options.port = arguments.port;
    options.dynamodb_port = arguments.dynamodb_port;
    options.data = arguments.data;
    options.allowed_hosts = arguments.allowed_hosts;
    options.chaos = arguments.chaos;
    for (route, throttle) in arguments.throttles {
        match throttle {
            Some(throttle) => options.throttles.insert(route, throttle),
            None => options.throttles.remove(route),
        };
    }
    if let Some(functions) = arguments.functions {
        options.functions = functions;
    }
    options
        .environment
        .insert("AWS_LAMBDA_LOG_LEVEL".to_owned(), arguments.log_level.to_string());
    let local = tokio::select! {
        local = Local::start(options) => local?,
        () = interrupts.first() => return Ok(()),
    };
    tokio::spawn(print_lines(local.gateway().lines(), terminal.clone()));
    Printer::new("chatter", stdout()).print(ready(&local, json));
    interrupts.first().await;
    local.stop().await;
    Ok(())
}

/// The line that says where everything is.
fn ready(local: &Local, json: bool) -> String {
    let urls = [
        ("page", local.page_url()),
        ("socket", local.socket_url()),
        ("functions", local.functions_url()),
        ("dynamodb", local.dynamodb_url()),
    ];
    if json {
        return serde_json::json!(BTreeMap::from(urls)).to_string();
    }
    let urls = urls.map(|(what, url)| format!("{what} {url}"));
    format!("ready  {}", urls.join("  "))
}

/// Prints the functions' lines, each after its function's name.
async fn print_lines(mut lines: Receiver<Line>, terminal: Printer) {
    loop {
        terminal.print(match lines.recv().await {
            Ok(line) => format!("{:<10} {}", line.function, line.text),
            Err(RecvError::Lagged(missed)) => format!("chatter: {missed} lines were printed too fast and are missing"),
            Err(RecvError::Closed) => return,
        });
    }
}

/// Only our own crates log below `info`. The HTTP libraries may log headers at `trace`, and headers hold secrets.
fn start_logging(level: LevelFilter, terminal: &Printer) {
    let ours = ["chatter", "chatterbox_core", "chatterbox_gateway"].map(|name| (name, level));
    // DynamoDB's engine warns of each failed condition, which here is an ordinary refusal that the functions log.
    let targets = Targets::new()
        .with_default(level.min(LevelFilter::INFO))
        .with_targets(ours);
    let targets = targets.with_target("dynoxide", level.min(LevelFilter::ERROR));
    let terminal = terminal.clone();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(move || terminal.clone())
        .with_filter(targets);
    tracing_subscriber::registry().with(lines).init();
}
