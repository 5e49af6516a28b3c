//! The subcommands, a file for each. `chatter local` is in [`local`](crate::local).

pub mod answer;
pub mod doctor;
pub mod explain;
pub mod issue;
pub mod listen;
pub mod notify;
pub mod prune;
pub mod replay;
pub mod revoke;
pub mod sockets;
pub mod trace;
pub mod updates;
pub mod who;

use crate::place::PlaceError;
use chatterbox_core::{Login, StoreError};
use std::{io, process::ExitCode};
use thiserror::Error;

/// How a command ended, as its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// 0: it did what it was asked.
    Well,
    /// 3: it did, and the answer is no: refused, unknown, something is wrong.
    No,
}

impl From<Done> for ExitCode {
    fn from(done: Done) -> ExitCode {
        match done {
            Done::Well => ExitCode::SUCCESS,
            Done::No => ExitCode::from(3),
        }
    }
}

/// Why a command could not do what it was asked: exit code 1. An argument that cannot be one ends with 2, by clap.
#[derive(Debug, Error)]
pub enum CommandError {
    /// No Chatterbox was found.
    #[error("{0}")]
    Place(#[from] PlaceError),
    /// A table did not answer.
    #[error("the tables do not answer: {0}")]
    Store(#[from] StoreError),
    /// An argument that clap cannot judge.
    #[error("{0}")]
    Argument(String),
    /// A function, or a socket, did not do what it was asked.
    #[error("{0}")]
    Failed(String),
    /// What this terminal prints to is gone.
    #[error("{0}")]
    Output(#[from] io::Error),
}

/// Reads a login, for clap.
///
/// # Errors
/// The rule that it breaks.
pub fn login(text: &str) -> Result<Login, String> {
    Login::parse(text).ok_or_else(|| "must be 1 to 128 bytes without control characters".to_owned())
}

/// So many of a thing, as one says it: `1 socket`, `2 sockets`.
fn counted(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    }
}
