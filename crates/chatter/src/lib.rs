//! What the command `chatter` does, for the command itself and for tests: so far, Chatterbox on a laptop.

pub mod local;
