//! The library of the command `chatter`, for the command itself and for tests. It has one part: Chatterbox on a laptop.

pub mod local;
