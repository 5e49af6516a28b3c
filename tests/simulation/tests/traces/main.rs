//! core plays the server traces of the model: each step is one call of a function, which the wire holds until the trace says
//! what becomes of it. What the functions record, post, delete and answer has to be what the model says.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on has failed the test")]

mod invocations;
mod notify;
mod player;
mod revocation;
mod tables;

use model::trace::ServerTrace;
use player::{Difference, Player};
use std::{
    env, fs,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

/// The traces that are always played, and those in the folder that `TRACES` names.
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no settings: it is told which traces there are besides"
)]
fn traces() -> Vec<ServerTrace> {
    let written = concat!(env!("CARGO_MANIFEST_DIR"), "/../../protocol/traces");
    let folders = [Some(written.into()), env::var_os("TRACES")];
    let read = |folder| {
        let file = PathBuf::from(folder).join("server.json");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        serde_json::from_str::<Vec<ServerTrace>>(&text).unwrap()
    };
    folders.into_iter().flatten().flat_map(read).collect()
}

/// Plays the traces, the shortest first, so that the first that fails is the shortest that does.
#[test]
fn core_does_what_the_model_does() {
    let mut traces = traces();
    assert!(!traces.is_empty());
    traces.sort_by_key(|trace| trace.steps.len());
    let steps: usize = traces.iter().map(|trace| trace.steps.len()).sum();
    println!("{} traces with {steps} steps", traces.len());
    let failed = play_all(&traces);
    if let Some((trace, difference)) = failed.first() {
        panic!(
            "{} of {} traces differ. The shortest:\n{}",
            failed.len(),
            traces.len(),
            difference.tell(trace)
        );
    }
}

/// Plays the traces on all processors, and returns those that differ, the first first.
fn play_all(traces: &[ServerTrace]) -> Vec<(&ServerTrace, Difference)> {
    let next = AtomicUsize::new(0);
    let play_some = || {
        let mut failed = Vec::new();
        while let Some(trace) = traces.get(next.fetch_add(1, Relaxed)) {
            failed.extend(play(trace).map(|difference| (trace, difference)));
        }
        failed
    };
    let processors = thread::available_parallelism().map_or(1, Into::into);
    let mut failed: Vec<_> = thread::scope(|scope| {
        let players: Vec<_> = (0..processors).map(|_| scope.spawn(play_some)).collect();
        players.into_iter().flat_map(|player| player.join().unwrap()).collect()
    });
    failed.sort_by_key(|(trace, _)| trace.steps.len());
    failed
}

/// Plays one trace.
fn play(trace: &ServerTrace) -> Option<Difference> {
    Player::new(trace).play().err()
}
