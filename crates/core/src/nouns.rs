//! Nouns: values that are checked in the one place where they are made, and are valid from then on.

pub(crate) mod chatter_id;
mod connection;
mod cursor;
pub(crate) mod event_time;
pub(crate) mod hex;
mod login;
mod origin_secret;
pub(crate) mod readings;
#[cfg(feature = "simulated-clock")]
pub mod simulated_clock;
mod time;
mod topic;
mod update;

pub use chatter_id::{ChatterHash, ChatterId};
pub use connection::{Connection, ConnectionId};
pub use cursor::{Cursor, Version};
pub use event_time::EventTime;
pub use login::Login;
pub use origin_secret::OriginSecret;
pub use time::Timestamp;
pub use topic::{Topic, Topics};
pub use update::{Body, Update};
