//! Writes traces into a folder: `cargo run -p model --bin traces -- FOLDER [RANDOM [SEED]]`. They take every transition of
//! every scenario, and RANDOM runs of each scenario (20) by chance. Prints how many transitions there are.

#![expect(clippy::print_stdout, reason = "the coverage is the result")]

use model::trace::{self, Covered};
use serde::Serialize;
use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "target/traces".to_owned());
    let mut number = |default| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (random, seed): (u32, u64) = (number(20).try_into().unwrap_or(u32::MAX), number(1));
    fs::create_dir_all(&folder)?;
    let path = |name| Path::new(&folder).join(name);
    let pages = trace::page_traces(random as usize, seed);
    write(&path("page.json"), &pages.traces, &pages.coverage)?;
    let servers = trace::server_traces(random as usize, seed);
    write(&path("server.json"), &servers.traces, &servers.coverage)
}

/// One trace a line, in a JSON array.
fn write(path: &Path, traces: &[impl Serialize], coverage: &[Covered]) -> io::Result<()> {
    let lines: Vec<String> = traces.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    println!(
        "{}: {} traces. Different transitions, and traces that take all of them:",
        path.display(),
        lines.len()
    );
    coverage.iter().for_each(|covered| println!("  {covered}"));
    fs::write(path, format!("[\n{}\n]\n", lines.join(",\n")))
}
