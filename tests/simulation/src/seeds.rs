//! Many seeds, on all processors.

use crate::{Counts, History, Mistake, Violation, run};
use std::{
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

/// What many runs have shown.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The number of runs.
    pub runs: u64,
    /// What happened in all of them, and how often.
    pub counts: Counts,
    /// The violation of the lowest seed among those that were found.
    pub violation: Option<Box<Violation>>,
}

/// Runs these seeds, until one shows a violation.
pub fn run_all(seeds: Range<u64>, mistake: Option<Mistake>) -> Summary {
    let next = AtomicU64::new(seeds.start);
    let all = Mutex::new(Summary::default());
    let run_some = || {
        let mut own = Summary::default();
        loop {
            let seed = next.fetch_add(1, Relaxed);
            if seed >= seeds.end {
                break;
            }
            own.runs += 1;
            match run(seed, mistake, History::Last) {
                Ok(counts) => own.add(&counts),
                Err(violation) => {
                    // No seed after it is begun.
                    next.store(seeds.end, Relaxed);
                    own.violation = Some(violation);
                    break;
                }
            }
        }
        all.lock().unwrap_or_else(PoisonError::into_inner).merge(own);
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(run_some);
        }
    });
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Summary {
    fn add(&mut self, counts: &Counts) {
        for (what, count) in counts {
            *self.counts.entry(what.clone()).or_default() += count;
        }
    }

    fn merge(&mut self, other: Summary) {
        self.runs += other.runs;
        self.add(&other.counts);
        let violations = [self.violation.take(), other.violation];
        self.violation = violations.into_iter().flatten().min_by_key(|violation| violation.seed);
    }
}
