//! Simulation of Chatterbox at a scale that no test can reach: a million sockets against AWS's limits, event by event.
//!
//! In reading order: `aws` has AWS's limits and latencies, `sources` the constants of Chatterbox's own code, `design`
//! the set of both that one run uses; `crowd` are the browsers, `queue`, `invocation` and `serve` are notify, `world`
//! holds the state of them all; `login` simulates one very busy login. Each file of `scenario` answers one question,
//! and `table` prints the answers.

pub mod agenda;
pub mod aws;
pub mod bucket;
pub mod counts;
pub mod crowd;
pub mod design;
pub mod document;
mod invocation;
pub mod login;
mod queue;
pub mod scenario;
mod serve;
mod source;
pub mod sources;
pub mod table;
pub mod world;
