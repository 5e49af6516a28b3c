//! Harness of the end-to-end tests: Chatterbox as a whole, with the gateway, a fresh DynamoDB and the real binaries, on
//! free ports.
//!
//! A [`World`] collects everything that its processes print, and every chatter ID that it issues. When it stops it
//! searches the printed lines and all tables for the chatter IDs: so every test also tests that none is printed or
//! stored.

#![expect(clippy::unwrap_used, reason = "all of this crate is test code")]

pub mod attack;
mod client;
mod command;
mod link;
mod live_page;
mod programs;
mod queue;
mod secrets;
mod world;

pub use client::{Closed, Socket};
pub use command::{Answered, Running, chatter};
pub use link::{Link, Way};
pub use live_page::LivePage;
pub use programs::{FUNCTIONS, folder_with};
pub use queue::Queue;
pub use secrets::leaked;
pub use world::{Session, World, eventually, failures, set};
