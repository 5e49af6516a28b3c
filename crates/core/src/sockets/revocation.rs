//! Taking a chatter ID back: it opens nothing any more, and the sockets that it has opened are closed.
//!
//! Deleting the chatter alone would leave them open for up to two hours.

use crate::{
    ChatterHash, Chatters, ConnectionId, Connections, Login, Payload, Poster, StoreError,
    outgoing::{ClosingReason, Outgoing},
};
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

    /// A socket that was only just opening when it was closed answers 410 and may open after all: so it is closed again.
    async fn sweep_twice(&self, login: &Login, hashes: &[ChatterHash]) -> Result<usize, StoreError> {
        let first = self.sweep(login, hashes).await?;
        tokio::time::sleep(Self::PAUSE).await;
        for id in &first {
            self.poster.close(id).await;
        }
        let second = self.sweep(login, hashes).await?;
        Ok(first.len() + second.len())
    }

    /// Tells each socket before its row goes, and closes it after: without the row no later update finds it.
    async fn sweep(&self, login: &Login, hashes: &[ChatterHash]) -> Result<Vec<ConnectionId>, StoreError> {
        let goodbye = Outgoing::Closing {
            reason: ClosingReason::Revoked,
            retry: false,
        };
        let goodbye = Payload::new(goodbye.to_text());
        let mut closed = Vec::new();
        for connection in self.connections.of(login).await? {
            if hashes.contains(&connection.chatter_hash) {
                self.poster.post(&connection.id, &goodbye).await;
                self.connections.forget(login, &connection.id).await?;
                self.poster.close(&connection.id).await;
                closed.push(connection.id);
            }
        }
        Ok(closed)
    }
}
