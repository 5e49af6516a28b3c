//! End-to-end tests: the five real programs behind the local gateway and a DynamoDB engine.

#![expect(clippy::unwrap_used, reason = "all of this crate is test code")]

mod command;
mod connect;
mod connections;
mod deferral;
mod doctor;
mod envelopes;
mod faults;
mod floods;
mod local;
mod messages;
mod notify;
mod redelivery;
mod scene;
mod secrets;
mod sockets;
mod streams;
