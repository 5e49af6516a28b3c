//! The life of a WebSocket: the handshake and `$connect`, messages in and out, the end and `$disconnect`.

mod answer;
pub(crate) mod close;
pub(crate) mod connection;
mod event;
pub(crate) mod handshake;
pub(crate) mod integration;
mod message;
mod open_socket;
mod parting;
mod stream;
mod writer;
