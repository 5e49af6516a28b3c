//! Runs the simulation: `simulation SEEDS` runs so many seeds, `simulation --seed SEED` one of them, and tells all of it.

use simulation::{History, run, run_all};
use std::{env, process::ExitCode, time::Instant};

/// Seeds between two lines of progress.
const AT_A_TIME: u64 = 10_000;

#[expect(clippy::print_stdout, reason = "a command says what it found")]
fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--seed", seed] => match seed.parse().map(|seed| run(seed, None, History::All)) {
            Ok(Ok(counts)) => println!("{counts:#?}\nAll is as it must be."),
            Ok(Err(violation)) => {
                println!("{violation}");
                return ExitCode::FAILURE;
            }
            Err(_) => return usage(),
        },
        [seeds] => match seeds.parse() {
            Ok(seeds) => return run_many(seeds),
            Err(_) => return usage(),
        },
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

#[expect(clippy::print_stderr, reason = "a command says how it is used")]
fn usage() -> ExitCode {
    eprintln!("usage: simulation SEEDS | simulation --seed SEED");
    ExitCode::FAILURE
}

#[expect(clippy::print_stdout, reason = "a command says what it found")]
fn run_many(seeds: u64) -> ExitCode {
    let start = Instant::now();
    for first in (0..seeds).step_by(usize::try_from(AT_A_TIME).unwrap_or(usize::MAX)) {
        let last = seeds.min(first + AT_A_TIME);
        let summary = run_all(first..last, None);
        if let Some(violation) = summary.violation {
            println!("{violation}");
            return ExitCode::FAILURE;
        }
        if last == seeds {
            println!("{:#?} in the last {} seeds", summary.counts, summary.runs);
        }
        let seconds = start.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "nobody waits for 2^52 seeds")]
        let speed = last as f64 / seconds;
        println!("{last} seeds, all as they must be; {speed:.0} a second");
    }
    ExitCode::SUCCESS
}
