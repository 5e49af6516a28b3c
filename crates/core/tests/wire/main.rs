//! Connections that break: the real clients over real sockets, with an endpoint whose connections a test breaks.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

mod broken;
mod client;
mod endpoint;
mod faulty_connection;
mod serving;
mod tries;
