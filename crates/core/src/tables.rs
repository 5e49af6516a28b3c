//! Tables: each type here is one DynamoDB table with the operations on it. Items are mapped to and from nouns by hand.

pub(crate) mod chatters;
pub(crate) mod connections;
pub(crate) mod item;
mod names;
pub mod schema;
mod standing;
pub(crate) mod store_error;
mod updates;

pub use chatters::Chatters;
pub use connections::Connections;
pub use names::Tables;
pub use standing::Standing;
pub use store_error::StoreError;
pub use updates::{Entry, Recorded, UpdateLog, Updates};
