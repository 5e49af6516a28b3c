//! revoke: closes the sockets of chatter IDs whose items somebody has deleted, in whatever language. [`Removals`] reads what
//! the stream of the table `chatters` hands over, [`Revoker`] acts on it.

mod removals;
mod revoker;

pub use removals::{Removal, Removals};
pub use revoker::{Revoked, Revoker};
