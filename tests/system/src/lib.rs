//! The whole of Chatterbox for a test: the gateway, a fresh DynamoDB and the real binaries, on free ports.
//!
//! A [`World`] collects everything that any of its processes prints and every chatter ID that it hands out. When it stops
//! it searches the one, and all tables, for the other: so the whole run is one test that no secret gets out.

#![expect(clippy::unwrap_used, reason = "all of this crate is test code")]

mod client;
mod programs;
mod queue;
mod secrets;
mod world;

pub use client::{Closed, Socket};
pub use queue::Queue;
pub use secrets::leaked;
pub use world::{Session, World, eventually, failures};
