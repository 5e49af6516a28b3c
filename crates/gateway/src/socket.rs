//! The life of a WebSocket, in the order in which it happens.
//!
//! A `handshake` asks the `authorizer`, whose answer is a `Policy`, runs `$connect`, and makes a `Connection`, which is in `Connections` as long as posts can reach it. An
//! `OpenSocket` reads the client's messages, each of which a `message` handler sends to its route; a `Writer` writes
//! what goes to the client. `parting` is the closing handshake (`close` has the codes, `stream` finds the client's
//! close frame), and `disconnect` tells `$disconnect`. An `event` is what a route's `integration` is given, a
//! `ProxyResponse` what it returns.

mod authorizer;
mod close;
mod connection;
mod connections;
mod disconnect;
mod event;
mod handshake;
mod integration;
mod message;
mod open_socket;
mod parting;
mod policy;
mod proxy_response;
mod sockets;
mod stream;
mod writer;

pub(crate) use close::{Ending, Goodbye};
pub(crate) use connection::{Connection, Peer, Refused};
pub(crate) use handshake::{connect, handshake};
pub(crate) use sockets::Sockets;
