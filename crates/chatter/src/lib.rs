//! The command `chatter`: Chatterbox on a laptop ([`local`]), and what an operator asks a running one ([`commands`]).
//!
//! `explain` has what every code and word means, `place` where a Chatterbox is, `aws_api` what asks AWS's other services, `socket` a client's socket.

pub mod aws_api;
pub mod commands;
pub mod explain;
pub mod local;
pub mod place;
pub mod socket;
