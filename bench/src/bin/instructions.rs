//! `make instructions`: number of instructions of the work for every handshake, event and socket. Valgrind counts them, so
//! they do not vary as times do. The command fails if a figure is more than a tenth above the recorded one; an intended
//! change is recorded with `make instructions RECORD=1`.
//!
//! Each figure is the difference of two runs, with and without the work, so that the program's start is not part of it.

#[path = "instructions/work.rs"]
mod work;

use clap::Parser;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, ExitCode},
};
use work::Work;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Counts instructions and compares them with the recorded figures.
#[derive(Debug, Parser)]
struct Arguments {
    /// File of the recorded figures
    #[arg(long, default_value = "bench/instructions.json")]
    figures: PathBuf,
    /// Record the new figures
    #[arg(long)]
    record: bool,
    /// Do this work TIMES times, and nothing else: the run under valgrind
    #[arg(long, num_args = 2, value_names = ["WORK", "TIMES"], hide = true)]
    work: Option<Vec<String>>,
}

/// Figures, and the architecture for which they hold.
#[derive(Debug, Deserialize, Serialize)]
struct Figures {
    /// Processor architecture: figures of different ones cannot be compared.
    architecture: String,
    /// Number of instructions by the name of the work.
    instructions: BTreeMap<String, u64>,
}

/// Most growth of a figure, in percent.
const TOLERANCE: u64 = 10;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Fallible<ExitCode> {
    if let Some([name, times]) = arguments.work.as_deref() {
        let work = Work::ALL.into_iter().find(|work| work.name() == name);
        work.ok_or("there is no such work")?.run(times.parse()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut counted = BTreeMap::new();
    for work in Work::ALL {
        counted.insert(work.name().to_owned(), instructions_of_one(work)?);
    }
    if arguments.record {
        let figures = Figures {
            architecture: std::env::consts::ARCH.to_owned(),
            instructions: counted,
        };
        fs::write(&arguments.figures, serde_json::to_string_pretty(&figures)? + "\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let recorded: Figures = serde_json::from_str(&fs::read_to_string(&arguments.figures)?)?;
    compare(&recorded, &counted)
}

fn compare(recorded: &Figures, counted: &BTreeMap<String, u64>) -> Fallible<ExitCode> {
    let mut out = std::io::stdout();
    if recorded.architecture != std::env::consts::ARCH {
        writeln!(out, "not compared: the figures are those of {}", recorded.architecture)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut code = ExitCode::SUCCESS;
    for (name, count) in counted {
        let before = recorded.instructions.get(name).copied().unwrap_or_default();
        let verdict = if has_grown(before, *count) {
            code = ExitCode::FAILURE;
            "GROWN: make it less, or record it on purpose (make instructions RECORD=1)"
        } else {
            "ok"
        };
        writeln!(
            out,
            "{name:<28} {count:>10} instructions, recorded {before:>10}  {verdict}"
        )?;
    }
    Ok(code)
}

fn has_grown(before: u64, now: u64) -> bool {
    now * 100 > before * (100 + TOLERANCE)
}

fn instructions_of_one(work: Work) -> Fallible<u64> {
    let idle = instructions(work, 0)?;
    let busy = instructions(work, work.times())?;
    Ok((busy - idle) / u64::from(work.times()))
}

fn instructions(work: Work, times: u32) -> Fallible<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--work", work.name(), &times.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.split_once("Collected : "));
    match count {
        Some((_, count)) if output.status.success() => Ok(count.trim().parse()?),
        _ => Err(format!("valgrind: {text}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_more_is_allowed_and_no_more() {
        assert!(!has_grown(1_000, 900));
        assert!(!has_grown(1_000, 1_100));
        assert!(has_grown(1_000, 1_101));
        assert!(has_grown(0, 1));
    }

    #[test]
    fn all_work_can_be_done() {
        for work in Work::ALL {
            work.run(1).unwrap();
        }
    }
}
