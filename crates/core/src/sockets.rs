//! Sockets: posts to them through API Gateway's `@connections` API, and closing those of a chatter ID that is revoked.

pub(crate) mod connections_api;
mod poster;
mod revocation;

pub use connections_api::Payload;
pub use poster::{Posted, Poster, Presence};
pub use revocation::Revocation;
