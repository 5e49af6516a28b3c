//! How a trial waits for what has to come on a socket.

use crate::socket::{Frame, Socket};
use serde_json::Value;
use std::{fmt, time::Duration};
use tokio::time::timeout;

/// How long an answer may take: a cold start, and a table that is slow.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// Why a message did not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unheard {
    /// The socket ended, as it says.
    Ended(String),
    /// Nothing of that kind came within [`PATIENCE`].
    Silent,
}

impl fmt::Display for Unheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unheard::Ended(how) => f.write_str(how),
            Unheard::Silent => write!(f, "no answer within {} s", PATIENCE.as_secs()),
        }
    }
}

/// Sends a message, and waits for an answer of this kind.
pub(super) async fn ask(socket: &mut Socket, message: &str, is_it: impl Fn(&Value) -> bool) -> Result<Value, Unheard> {
    socket.send(message).await;
    hear(socket, is_it).await
}

/// Waits for a message of this kind; others are skipped.
pub(super) async fn hear(socket: &mut Socket, is_it: impl Fn(&Value) -> bool) -> Result<Value, Unheard> {
    let wait = async {
        loop {
            match next(socket).await {
                Ok(text) => match serde_json::from_str::<Value>(&text) {
                    Ok(message) if is_it(&message) => return Ok(message),
                    _ => {}
                },
                Err(how) => return Err(Unheard::Ended(how)),
            }
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or(Err(Unheard::Silent))
}

/// How a socket ends, if it does.
pub(super) async fn end(socket: &mut Socket) -> String {
    loop {
        if let Err(how) = next(socket).await {
            return how;
        }
    }
}

/// The next text, or how the socket ended.
async fn next(socket: &mut Socket) -> Result<String, String> {
    loop {
        match socket.next().await {
            Frame::Text(text) => return Ok(text.to_string()),
            Frame::Other(_) => {}
            Frame::Close(Some((code, why))) => return Err(format!("the socket was closed with {code} {why}")),
            Frame::Close(None) => return Err("the socket was closed with 1005".to_owned()),
            Frame::Broken(why) => return Err(format!("the connection broke (1006): {why}")),
        }
    }
}
