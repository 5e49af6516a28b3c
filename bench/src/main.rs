//! `make bench`: measures Chatterbox against what a user would otherwise run, prints the tables, and, when all of it
//! was measured, writes them with a chart each into docs/benchmarks.md.

mod callback;
mod chart;
mod contenders;
mod counting;
mod database;
mod events;
mod gateway;
mod lambda;
mod process;
mod report;
mod sections;
mod sockets;
mod statistics;
mod tls;

use clap::{Parser, ValueEnum};
use database::Database;
use report::Section;
use std::{error::Error, io::Write, path::PathBuf, process::ExitCode, time::Instant};

/// The result of a step of the bench. The error is a text for the person who started it.
type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Measures Chatterbox against what a user would otherwise run.
#[derive(Debug, Parser)]
struct Arguments {
    /// Sections to measure. Without any, all are measured, and docs/benchmarks.md is written
    #[arg(value_enum)]
    sections: Vec<Name>,
    /// Root of the repository
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Measure everything only once, to see that the bench works: the figures are too inexact to be used
    #[arg(long)]
    quick: bool,
}

/// The sections, in the document's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    ColdStart,
    Connect,
    Notify,
    Tls,
    Delivery,
    Sync,
    Gateway,
    Client,
    Size,
}

/// Context of every section.
#[derive(Debug)]
pub(crate) struct Bench {
    database: Database,
    root: PathBuf,
    quick: bool,
}

impl Bench {
    /// Number of repeats of a measurement: `usually`, or 1 in a quick run.
    fn repeats(&self, usually: usize) -> usize {
        if self.quick { 1 } else { usually }
    }

    /// Path of a file in the folder `bench`.
    fn file(&self, name: &str) -> PathBuf {
        self.root.join("bench").join(name)
    }
}

/// Number of open files that the process needs, for ten thousand sockets.
const FILES: u64 = 12_000;

#[tokio::main]
async fn main() -> ExitCode {
    let ended = tokio::select! {
        ended = run(Arguments::parse()) => ended,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Fallible<()> {
    let files = process::raise_file_limit();
    if files < FILES {
        return Err(
            format!("{files} open files are allowed, and ten thousand sockets need {FILES}: raise ulimit -Hn").into(),
        );
    }
    let start = Instant::now();
    let is_whole = arguments.sections.is_empty();
    let names = if is_whole {
        Name::value_variants().to_vec()
    } else {
        arguments.sections
    };
    let bench = Bench {
        database: Database::start().await?,
        root: arguments.root.canonicalize()?,
        quick: arguments.quick,
    };
    let mut sections = Vec::new();
    for name in names {
        let slug = slug(name);
        say(&format!("measuring: {slug}"))?;
        let section = measure(name, &bench)
            .await
            .map_err(|error| format!("{slug}: {error}"))?;
        say(&section.markdown(&format!("docs/bench-{slug}.svg")))?;
        sections.push((slug, section));
    }
    if is_whole && !arguments.quick {
        let minutes = start.elapsed().as_secs_f64() / 60.0;
        report::write(&bench.root.join("docs/benchmarks.md"), &sections, minutes)?;
        say("docs/benchmarks.md is written.")?;
    }
    Ok(())
}

async fn measure(name: Name, bench: &Bench) -> Fallible<Section> {
    match name {
        Name::ColdStart => sections::cold_start::measure(bench).await,
        Name::Connect => sections::connect::measure(bench).await,
        Name::Notify => sections::notify::measure(bench).await,
        Name::Tls => sections::tls::measure(bench).await,
        Name::Delivery => sections::delivery::measure(bench).await,
        Name::Sync => sections::sync::measure(bench).await,
        Name::Gateway => sections::gateway::measure(bench).await,
        Name::Client => sections::client::measure(bench).await,
        Name::Size => sections::size::measure(bench),
    }
}

fn slug(name: Name) -> &'static str {
    match name {
        Name::ColdStart => "cold-start",
        Name::Connect => "connect",
        Name::Notify => "notify",
        Name::Tls => "tls",
        Name::Delivery => "delivery",
        Name::Sync => "sync",
        Name::Gateway => "gateway",
        Name::Client => "client",
        Name::Size => "size",
    }
}

fn say(text: &str) -> Fallible<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
