//! The fan-out: posts one update to the sockets of one login, deletes the rows of dead sockets, and closes the oldest of
//! those beyond the cap.

use crate::{
    Connection, Connections, Payload, Posted, Poster,
    notify::{
        push::{Payloads, PushBuilder},
        report::Tally,
    },
    outgoing::{ClosingReason, Outgoing},
};
use futures_util::{StreamExt, stream};
use std::cmp::Reverse;

/// Sockets of one login that are served at once, with those that wait for their next try.
const SOCKETS_AT_ONCE: usize = 256;
/// Rows that are deleted, or sockets that are closed, at once.
const CLEAN_UPS_AT_ONCE: usize = 16;

/// A fan-out of updates of one invocation.
pub(crate) struct FanOut<'a> {
    pub(crate) connections: &'a Connections,
    pub(crate) poster: &'a Poster,
    /// The most sockets that a login may have.
    pub(crate) max_connections: usize,
    pub(crate) tally: &'a Tally,
}

impl FanOut<'_> {
    /// Posts to those of a login's sockets that subscribed to the update, and cleans up. Returns whether some sockets were
    /// busy, so that a retry in a later invocation may reach them.
    pub(crate) async fn run(&self, pushes: &PushBuilder<'_>, login_connections: Vec<Connection>) -> bool {
        let mut payloads = Payloads::new(pushes);
        let (mut addressed, mut others) = (Vec::new(), Vec::new());
        for connection in login_connections {
            match payloads.for_topics(&connection.topics) {
                Some(payload) => addressed.push((connection, payload)),
                None => others.push(connection),
            }
        }
        let posts = stream::iter(addressed).map(|(connection, payload)| async move {
            let posted = self.poster.post(&connection.id, &payload).await;
            self.tally.count_post(&connection, posted);
            (connection, posted)
        });
        let posts: Vec<(Connection, Posted)> = posts.buffer_unordered(SOCKETS_AT_ONCE).collect().await;
        let are_some_busy = posts.iter().any(|(_, posted)| *posted == Posted::Busy);
        self.forget_dead(&posts).await;
        others.extend(posts.into_iter().filter_map(alive));
        self.close_surplus(others).await;
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

    async fn close_surplus(&self, alive: Vec<Connection>) {
        let surplus = stream::iter(surplus(alive, self.max_connections));
        let replace = async |oldest| self.replace(&oldest).await;
        surplus.for_each_concurrent(CLEAN_UPS_AT_ONCE, replace).await;
    }

    /// Closes a socket for a newer one. Its row is deleted first: without its row, a socket that fails to close gets no more
    /// updates; without its socket, a row would be posted to until it expires.
    async fn replace(&self, oldest: &Connection) {
        if self.forget(oldest).await {
            let closing = Outgoing::Closing {
                reason: ClosingReason::Replaced,
                retry: false,
            };
            self.poster.post(&oldest.id, &Payload::new(closing.to_text())).await;
            self.poster.close(&oldest.id).await;
        }
    }

    /// Deletes a connection's row, and says whether it is gone.
    async fn forget(&self, connection: &Connection) -> bool {
        let forgotten = self.connections.forget(&connection.login, &connection.id).await;
        if let Err(error) = &forgotten {
            tracing::warn!(connection_id = %connection.id, %error, "a row was not deleted; it goes at the next 410, or expires");
        }
        forgotten.is_ok()
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
        Posted::Gone { .. } | Posted::Sent | Posted::Busy | Posted::Refused => RowFate::Keep,
    }
}

/// The connection, if its socket counts towards the cap. One that answered 410 does not, even if its row is kept: a page that
/// fails to connect again and again leaves young rows, and these must not push out a socket that works.
fn alive((connection, posted): (Connection, Posted)) -> Option<Connection> {
    (!matches!(posted, Posted::Gone { .. })).then_some(connection)
}

/// The oldest connections beyond the cap.
fn surplus(mut alive: Vec<Connection>, max_connections: usize) -> Vec<Connection> {
    alive.sort_by_key(|connection| Reverse(connection.connected_at));
    alive.split_off(max_connections.min(alive.len()))
}

#[cfg(test)]
mod tests;
