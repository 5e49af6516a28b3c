//! Fault injection: it makes a healthy gateway fail as AWS and networks do, at rates that a test sets.
//!
//! The `Injector` decides which request meets with which fault. `layers` put its decisions into the way of handshakes,
//! posts and events, whose own code knows nothing of faults; `degrade` ends sockets and processes at their rates;
//! `Target` is what they break; and the `api` sets the faults from outside.

mod api;
mod degrade;
mod injector;
mod layers;
mod target;

pub(crate) use api::router;
pub(crate) use degrade::degrade;
pub(crate) use injector::Injector;
pub(crate) use layers::{kill_in_event, on_handshake, on_post};
pub(crate) use target::Target;
