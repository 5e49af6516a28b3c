//! End-to-end tests: the five real programs behind the local gateway and a DynamoDB engine.

#![expect(clippy::unwrap_used, reason = "all of this crate is test code")]

mod answers;
mod callers;
mod command;
mod connect;
mod connections;
mod data_file;
mod deferral;
mod disconnected;
mod doctor;
mod envelopes;
mod faults;
mod floods;
mod local;
mod local_process;
mod messages;
mod notify;
mod planted;
mod redelivery;
mod refused_settings;
mod scene;
mod screens;
mod secrets;
mod sick;
mod sockets;
mod streams;
