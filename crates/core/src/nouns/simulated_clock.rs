//! A clock for simulations, in which time passes only as the simulation says. It exists with the feature
//! `simulated-clock` alone, and changes nothing in a thread that has not set it.

use crate::Timestamp;
use std::cell::Cell;

#[cfg(not(debug_assertions))]
compile_error!("the feature simulated-clock is for simulations: a release must not have it");

thread_local! {
    static NOW: Cell<Option<Timestamp>> = const { Cell::new(None) };
}

/// Sets what [`Timestamp::now`] says in this thread, until it is set again; `None` for this machine's clock.
pub fn set(now: Option<Timestamp>) {
    NOW.set(now);
}

/// What it says; `None` if it is not set.
pub(crate) fn now() -> Option<Timestamp> {
    NOW.get()
}
