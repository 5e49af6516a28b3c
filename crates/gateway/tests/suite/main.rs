//! The gateway from outside: real sockets, real HTTP, real processes.
#![allow(
    clippy::unwrap_used,
    reason = "the helpers are tests too: one that cannot go on has failed"
)]

mod access;
mod api_keys;
mod authorizer;
mod builder;
mod closing;
mod command;
mod configuration;
mod conformance;
mod description;
mod domain;
mod events;
mod examples;
mod faults;
mod feeds;
mod functions;
mod handlers;
mod handshake;
mod invoke;
mod management;
mod messages;
mod parting;
mod processes;
mod raw;
mod slow;
mod template;
mod tls;
mod world;
