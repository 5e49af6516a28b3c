//! The surplus: the sockets that a login has beyond those that it may have. They are closed when every login of the invocation
//! has been served, so that nobody waits for that, and only for a while: what is left is there for the next update.

use crate::{
    Connection, ConnectionId, Connections, Payload, Poster,
    lock::lock,
    outgoing::{ClosingReason, Outgoing},
};
use futures_util::{StreamExt, stream};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::Instant;

/// How long sockets are closed before the invocation is answered. That is enough for some two thousand, at 10 ms for each of
/// three calls.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// Sockets that are closed at once.
const AT_ONCE: usize = 32;

/// Whether a page is told why its socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// It is told `replaced`, and does not come back at once.
    Replaced,
    /// It is told nothing, comes back at once and asks for what it missed: there is room for it, since others are dead.
    Silent,
}

/// The surplus of all logins of an invocation.
#[derive(Debug, Default)]
pub(crate) struct Surplus {
    /// By connection ID: the events of one invocation find the same ones.
    sockets: Mutex<BTreeMap<ConnectionId, (Connection, Goodbye)>>,
}

impl Surplus {
    /// Adds sockets of a login.
    pub(crate) fn add(&self, sockets: impl IntoIterator<Item = (Connection, Goodbye)>) {
        let sockets = sockets.into_iter();
        lock(&self.sockets).extend(sockets.map(|(connection, goodbye)| (connection.id.clone(), (connection, goodbye))));
    }

    /// Closes the sockets, for [`PATIENCE`], and no longer than until `end`; returns how many are left.
    pub(crate) async fn close(self, connections: &Connections, poster: &Poster, end: Instant) -> usize {
        let sockets = self
            .sockets
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let left = AtomicUsize::new(sockets.len());
        let last_start = end.min(Instant::now() + PATIENCE);
        let replaced = Payload::new(
            Outgoing::Closing {
                reason: ClosingReason::Replaced,
                retry: false,
            }
            .to_text(),
        );
        let close = async |(connection, goodbye): (Connection, Goodbye)| {
            if Instant::now() < last_start {
                let text = (goodbye == Goodbye::Replaced).then_some(&replaced);
                let is_gone = close(&connection, text, connections, poster).await;
                left.fetch_sub(usize::from(is_gone), Relaxed);
            }
        };
        let all = stream::iter(sockets.into_values()).for_each_concurrent(AT_ONCE, close);
        let _ = tokio::time::timeout_at(end, all).await;
        left.into_inner()
    }
}

/// Closes a socket, and says whether its row is gone. That is deleted first: without its row, a socket that fails to close gets
/// no more updates; without its socket, a row would be posted to until it expires. If the row was not there any more, another
/// invocation or `$disconnect` does the rest.
async fn close(connection: &Connection, text: Option<&Payload>, connections: &Connections, poster: &Poster) -> bool {
    match connections.forget(&connection.login, &connection.id).await {
        Ok(true) => {
            if let Some(text) = text {
                poster.say_goodbye(&connection.id, text).await;
            }
            poster.close(&connection.id).await;
            true
        }
        Ok(false) => true,
        Err(error) => {
            tracing::warn!(connection_id = %connection.id, %error, "a row beyond the cap was not deleted; the next update tries again");
            false
        }
    }
}
