//! Chatterbox at a scale that no test can have: a million sockets against AWS's limits, event by event.
//!
//! In reading order: `aws` is what AWS allows, `sources` what Chatterbox's own code says, `design` what of that is
//! simulated; `crowd` are the browsers, `queue`, `invocation` and `serve` are notify, `world` has them all; `login` is
//! one login with very much to do. `scenario` asks the questions, and `table` prints the answers.

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
