//! The whole system, simulated: whatever happens to it, every page shows the newest update of each of its topics in the end.

use simulation::{History, Mistake, run, run_all};

/// Runs of the test, which take less than a minute on two cores. `make simulation` runs as many as one likes.
const SEEDS: u64 = 2_000;
/// Within so many runs every mistake is found.
const FOUND_WITHIN: u64 = 500;

#[test]
fn whatever_happens_every_page_shows_the_newest_updates_in_the_end() {
    let summary = run_all(0..SEEDS, None);
    println!("{:#?} in {} seeds", summary.counts, summary.runs);
    if let Some(violation) = summary.violation {
        panic!("{violation}");
    }
}

#[test]
fn a_seed_can_be_run_again() {
    for seed in [1, 2, 3] {
        let [one, other] = [(); 2].map(|()| run(seed, None, History::All));
        assert_eq!(one.unwrap(), other.unwrap(), "seed {seed}");
    }
}

#[test]
fn every_mistake_is_found() {
    let mut missed = Vec::new();
    for mistake in Mistake::ALL {
        match run_all(0..FOUND_WITHIN, Some(mistake)).violation {
            Some(violation) => println!("{mistake:?}: seed {}: {}", violation.seed, violation.what),
            None => missed.push(mistake),
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}
