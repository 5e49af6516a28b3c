//! A clock for simulations, in which time passes only as the simulation says. It exists with the feature
//! `simulated-clock` alone, and changes nothing in a thread that has not set it.

use super::time::{SIMULATED_NOW, Timestamp};

#[cfg(not(debug_assertions))]
compile_error!("the feature simulated-clock is for simulations: a release must not have it");

/// Sets what [`Timestamp::now`] says in this thread, until it is set again; `None` for this machine's clock.
pub fn set(now: Option<Timestamp>) {
    SIMULATED_NOW.set(now);
}
