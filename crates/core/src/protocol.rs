//! The protocol on a socket: the messages of a browser, the messages to it, and the reply to a sync. The specification is
//! docs/protocol.md.

mod incoming;
pub mod outgoing;
pub mod sync;

pub use incoming::{Incoming, NotUnderstood};
