//! The protocol on a socket: the messages of a browser, the messages to it, the reply to a sync, and the handler that
//! makes the one of the other. The specification is docs/protocol.md.

mod incoming;
mod message_handler;
pub mod outgoing;
pub mod sync;

pub use incoming::{Incoming, NotUnderstood};
pub use message_handler::{Handled, MessageHandler};
