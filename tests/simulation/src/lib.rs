//! The functions in one process, on a wire and a clock that a test holds.
//!
//! `wire.rs` holds every call that a function makes to AWS until the test says what becomes of it; `engine.rs` is the
//! DynamoDB that carries it out; `invocations.rs` runs functions step by step, and time with them; `functions.rs` has
//! the functions. `world.rs` is all of it together: a simulation of the whole system, in which a seed decides everything.

#![allow(clippy::missing_panics_doc, reason = "what cannot go on has failed the test")]

mod call;
mod engine;
mod functions;
mod invocations;
mod seeds;
mod wire;
mod world;

pub use call::Call;
pub use engine::Engine;
pub use functions::{Functions, Outcome, handshake};
pub use invocations::{Clock, Invocations};
pub use seeds::{Summary, run_all};
pub use wire::{Answer, Held, Wire};
pub use world::{Counts, History, Mistake, Violation, run};
