//! The fan-out: posts one update to the newest sockets of one login, deletes the rows of dead sockets, and says which are beyond
//! the cap.

use crate::{
    Admission, Connection, Connections, Posted, Poster, Timestamp,
    notify::{
        push::{Payloads, PushBuilder},
        report::Tally,
        steps::Steps,
        surplus::{Goodbye, Surplus},
    },
};
use futures_util::{StreamExt, stream};
use std::cmp::Reverse;
use tokio::time::Instant;

/// Sockets of one login that are served at once, with those that wait for their next try.
const SOCKETS_AT_ONCE: usize = 256;
/// Rows that are deleted at once.
const CLEAN_UPS_AT_ONCE: usize = 16;

/// A fan-out of updates of one invocation.
pub(crate) struct FanOut<'a> {
    pub(crate) connections: &'a Connections,
    pub(crate) poster: &'a Poster,
    /// The most sockets that a login may have.
    pub(crate) max_connections: usize,
    pub(crate) tally: &'a Tally,
    /// Takes the sockets that are to be closed.
    pub(crate) surplus: &'a Surplus,
    /// Logs each post, if the update is traced.
    pub(crate) steps: Steps<'a>,
}

impl FanOut<'_> {
    /// Posts to those of a login's newest sockets that subscribed to the update, and deletes the rows of dead ones. Returns
    /// whether some sockets were busy, so that a retry in a later invocation may reach them.
    pub(crate) async fn run(&self, pushes: &PushBuilder<'_>, login_connections: Vec<Connection>) -> bool {
        let mut payloads = Payloads::new(pushes);
        let (newest, older) = split(login_connections, self.max_connections, Timestamp::now());
        let (mut addressed, mut others) = (Vec::new(), Vec::new());
        for connection in newest {
            match payloads.for_topics(&connection.topics) {
                Some(payload) => addressed.push((connection, payload)),
                None => others.push(connection),
            }
        }
        let posts = stream::iter(addressed).map(|(connection, payload)| async move {
            let start = self.steps.is_logged().then(Instant::now);
            let posted = self.poster.post(&connection.id, &payload).await;
            if let Some(start) = start {
                self.steps.posted(&connection, posted, start.elapsed());
            }
            self.tally.count_post(&connection, posted);
            log_failure(&connection, posted);
            (connection, posted)
        });
        let posts: Vec<(Connection, Posted)> = posts.buffer_unordered(SOCKETS_AT_ONCE).collect().await;
        let are_some_busy = posts.iter().any(|(_, posted)| *posted == Posted::Busy);
        self.forget_dead(&posts).await;
        others.extend(posts.into_iter().filter_map(alive));
        self.surplus.add(surplus(others, older, self.max_connections));
        are_some_busy
    }

    async fn forget_dead(&self, posts: &[(Connection, Posted)]) {
        let dead = posts
            .iter()
            .filter(|(connection, posted)| row_fate(connection, *posted) == RowFate::Forget);
        let forget = async |(connection, _): &(Connection, Posted)| {
            self.forget(connection).await;
        };
        stream::iter(dead).for_each_concurrent(CLEAN_UPS_AT_ONCE, forget).await;
    }

    /// Deletes a connection's row.
    async fn forget(&self, connection: &Connection) {
        let forgotten = self.connections.forget(&connection.login, &connection.id).await;
        if let Err(error) = forgotten {
            tracing::warn!(connection_id = %connection.id, %error, "a row was not deleted; it goes at the next 410, or expires");
        }
    }
}

/// Logs what follows from a post that failed.
fn log_failure(connection: &Connection, posted: Posted) {
    let id = &connection.id;
    match posted {
        Posted::Sent | Posted::Gone { .. } => {}
        Posted::Busy => {
            tracing::warn!(connection_id = %id, "429, 5xx or no answer to all tries of a post; its login is deferred if it can be, else the page's next sync gets the update");
        }
        Posted::Refused { status } => {
            tracing::warn!(connection_id = %id, status, "a post was refused; the page learns of the update by its next sync");
        }
    }
}

/// The fate of a connection's row after a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RowFate {
    /// It stays.
    Keep,
    /// It is deleted: its socket is dead.
    Forget,
}

/// A row is deleted on a 410, unless it is so young that its socket may be just opening (docs/protocol.md, R3).
fn row_fate(connection: &Connection, posted: Posted) -> RowFate {
    match posted {
        Posted::Gone { sent_at } if connection.is_dead_after_gone(sent_at) => RowFate::Forget,
        Posted::Gone { .. } | Posted::Sent | Posted::Busy | Posted::Refused { .. } => RowFate::Keep,
    }
}

/// The connection, if its socket counts towards the cap. One that answered 410 does not, even if its row is kept: a page that
/// fails to connect again and again leaves young rows, and these must not push out a socket that works.
fn alive((connection, posted): (Connection, Posted)) -> Option<Connection> {
    (!matches!(posted, Posted::Gone { .. })).then_some(connection)
}

/// The connections to post to, and older ones to which nothing is posted, both the newest first. Posted to are as many as the cap,
/// and those whose sockets may be just opening (docs/protocol.md, R3); no more than `$connect` lets a login have.
fn split(mut all: Vec<Connection>, cap: usize, now: Timestamp) -> (Vec<Connection>, Vec<Connection>) {
    all.sort_by_key(|connection| Reverse(connection.connected_at));
    let is_young = |connection: &&Connection| !connection.is_dead_after_gone(now);
    let young = all.iter().take_while(is_young).count();
    let posted = young.clamp(cap, cap.saturating_mul(Admission::TIMES_THE_CAP));
    let older = all.split_off(posted.min(all.len()));
    (all, older)
}

/// The connections beyond the cap: the oldest of those that are alive, and those to which nothing was posted. If many of the rows
/// that were posted to were those of dead sockets, the login has room again: so many of the latter are closed without a word, and
/// their pages come back at once.
fn surplus(mut alive: Vec<Connection>, older: Vec<Connection>, cap: usize) -> Vec<(Connection, Goodbye)> {
    alive.sort_by_key(|connection| Reverse(connection.connected_at));
    let room = cap.saturating_sub(alive.len());
    let replaced = alive.split_off(cap.min(alive.len()));
    let replaced = replaced.into_iter().map(|connection| (connection, Goodbye::Replaced));
    let older = older.into_iter().enumerate().map(|(place, connection)| {
        let goodbye = if place < room {
            Goodbye::Silent
        } else {
            Goodbye::Replaced
        };
        (connection, goodbye)
    });
    replaced.chain(older).collect()
}

#[cfg(test)]
mod tests;
