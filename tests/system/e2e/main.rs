//! Chatterbox as a whole, with the real binaries: each test is a sentence about it.

#![expect(clippy::unwrap_used, reason = "all of this crate is test code")]

mod connect;
mod connections;
mod deferral;
mod envelopes;
mod faults;
mod local;
mod messages;
mod notify;
mod redelivery;
mod scene;
mod secrets;
mod sockets;
