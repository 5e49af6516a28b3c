//! The tables, with a real DynamoDB engine in this process: conditions, transactions and expiry are its own.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

mod admission;
mod connections;
mod messages;
mod store;
mod streams;
mod updates;
