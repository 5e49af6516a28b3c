//! Simulation of Chatterbox at a scale that no test can reach: a million sockets against AWS's limits, event by event.
//!
//! In reading order: `aws` has AWS's limits and latencies, `sources` Chatterbox's own constants (`contract` those of what is
//! deployed), `design` the set of both that one run uses; `crowd` are the browsers, `queue`, `invocation` and `serve` are
//! notify, `world` holds the state of them all; `gaps` and `login` simulate one very busy login. Each file of `scenario`
//! answers one question, and `table` prints the answers.

pub mod agenda;
pub mod aws;
pub mod bucket;
mod contract;
pub mod counts;
pub mod crowd;
pub mod design;
pub mod document;
pub mod gaps;
mod invocation;
pub mod login;
mod queue;
pub mod scenario;
mod serve;
pub mod sources;
pub mod table;
pub mod world;
