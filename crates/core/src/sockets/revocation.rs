//! Taking a chatter ID back: it opens nothing any more, and the sockets that it has opened are closed.
//!
//! Deleting the chatter alone would leave them open for up to two hours. So either the one who deletes it closes them
//! ([`Revocation::revoke`]), or the function revoke does, which the stream of the table tells
//! ([`Revocation::close_deleted`]); both may.

use crate::{
    ChatterHash, Chatters, Connection, ConnectionId, Connections, Login, Payload, Poster, StoreError,
    outgoing::{ClosingReason, Outgoing},
};
use futures_util::{StreamExt, stream};
use std::time::Duration;

/// Revokes chatter IDs.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// The table from which the chatter ID is deleted.
    pub chatters: Chatters,
    /// The table in which its sockets are found.
    pub connections: Connections,
    /// Tells and closes the sockets.
    pub poster: Poster,
}

impl Revocation {
    /// The pause between the two sweeps. A handshake that was admitted just before the chatter ID was deleted has its row
    /// by then.
    const PAUSE: Duration = Duration::from_secs(1);

    /// As many sockets are told and closed at once. It is more than `$connect` leaves a login by default.
    const SOCKETS_AT_ONCE: usize = 128;

    /// Revokes one chatter ID of a login, and says how many sockets were closed. Takes a second more than the calls do.
    ///
    /// # Errors
    /// If a table does not answer: some sockets may then be left, and it should be done again.
    pub async fn revoke(&self, login: &Login, hash: &ChatterHash) -> Result<usize, StoreError> {
        self.chatters.forget(login, hash).await?;
        self.sweep_twice(login, std::slice::from_ref(hash)).await
    }

    /// Revokes every chatter ID of a login.
    ///
    /// # Errors
    /// As [`Revocation::revoke`].
    pub async fn revoke_all(&self, login: &Login) -> Result<usize, StoreError> {
        let hashes = self.chatters.of(login).await?;
        for hash in &hashes {
            self.chatters.forget(login, hash).await?;
        }
        self.sweep_twice(login, &hashes).await
    }

    /// Closes the sockets of chatter IDs that somebody has deleted a moment ago, and says how many. Without any it is one
    /// query; else it takes a second more than the calls do. Doing it again is harmless.
    ///
    /// A chatter ID whose item has been put again is good: what it has opened stays open. So before anything is closed its
    /// item must be absent.
    ///
    /// One query is enough where it finds nothing, unlike in [`Revocation::revoke`]: the stream tells of the deletion some
    /// time after it, and a handshake that was let in before has its row by then.
    ///
    /// # Errors
    /// If a table does not answer: some sockets may then be left, and it should be done again.
    pub async fn close_deleted(&self, login: &Login, hashes: &[ChatterHash]) -> Result<usize, StoreError> {
        let first = self.sweep_deleted(login, hashes).await?;
        if first.is_empty() {
            return Ok(0);
        }
        self.close_again(&first).await;
        let second = self.sweep_deleted(login, hashes).await?;
        Ok(first.len() + second.len())
    }

    async fn sweep_deleted(&self, login: &Login, hashes: &[ChatterHash]) -> Result<Vec<ConnectionId>, StoreError> {
        let mut connections = self.opened_by(login, hashes).await?;
        for hash in hashes {
            let has_sockets = connections.iter().any(|connection| connection.chatter_hash == *hash);
            if has_sockets && self.chatters.has(login, hash).await? {
                connections.retain(|connection| connection.chatter_hash != *hash);
            }
        }
        self.close(login, connections).await
    }

    async fn sweep_twice(&self, login: &Login, hashes: &[ChatterHash]) -> Result<usize, StoreError> {
        let first = self.close(login, self.opened_by(login, hashes).await?).await?;
        self.close_again(&first).await;
        let second = self.close(login, self.opened_by(login, hashes).await?).await?;
        Ok(first.len() + second.len())
    }

    /// A socket that was only just opening when it was closed answers 410 and may open after all: so it is closed again.
    async fn close_again(&self, closed: &[ConnectionId]) {
        tokio::time::sleep(Self::PAUSE).await;
        let closes = closed
            .iter()
            .cloned()
            .map(|id| async move { self.poster.close(&id).await });
        let closes = stream::iter(closes).buffer_unordered(Self::SOCKETS_AT_ONCE);
        closes.collect::<()>().await;
    }

    async fn opened_by(&self, login: &Login, hashes: &[ChatterHash]) -> Result<Vec<Connection>, StoreError> {
        let mut connections = self.connections.of(login).await?;
        connections.retain(|connection| hashes.contains(&connection.chatter_hash));
        Ok(connections)
    }

    /// Tells each socket before its row goes, and closes it after: without the row no later update finds it. The sockets go
    /// side by side: a post to one that does not read is tried for seconds, and would hold up those after it.
    async fn close(&self, login: &Login, connections: Vec<Connection>) -> Result<Vec<ConnectionId>, StoreError> {
        let goodbye = Outgoing::Closing {
            reason: ClosingReason::Revoked,
            retry: false,
        };
        let goodbye = Payload::new(goodbye.to_text());
        let closes = connections.into_iter().map(|Connection { id, .. }| {
            let goodbye = &goodbye;
            async move {
                self.poster.say_goodbye(&id, goodbye).await;
                self.connections.forget(login, &id).await?;
                self.poster.close(&id).await;
                Ok(id)
            }
        });
        let closes = stream::iter(closes).buffer_unordered(Self::SOCKETS_AT_ONCE);
        // A row that was not deleted leaves its own socket open, and no other.
        let closed: Vec<Result<ConnectionId, StoreError>> = closes.collect().await;
        closed.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
