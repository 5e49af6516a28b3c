//! Taking a chatter ID back: it opens nothing any more, and the sockets that it has opened are closed.
//!
//! Deleting the chatter alone would leave them open for up to two hours.

use crate::{
    ChatterHash, Chatters, Connections, Login, Poster, StoreError,
    message::{ClosingReason, Outgoing},
};
use std::{sync::Arc, time::Duration};

/// What revoking needs.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// Where chatter IDs are forgotten.
    pub chatters: Chatters,
    /// Where their sockets are found.
    pub connections: Connections,
    /// How the sockets are told.
    pub poster: Poster,
}

impl Revocation {
    /// Between the two sweeps: a handshake that was let in just before has its row by then.
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

    async fn sweep_twice(&self, login: &Login, hashes: &[ChatterHash]) -> Result<usize, StoreError> {
        let closed = self.sweep(login, hashes).await?;
        tokio::time::sleep(Self::PAUSE).await;
        Ok(closed + self.sweep(login, hashes).await?)
    }

    /// Tells each socket before its row goes, and closes it after: without the row it hears nothing more, even if it
    /// cannot be closed because it is only just opening.
    async fn sweep(&self, login: &Login, hashes: &[ChatterHash]) -> Result<usize, StoreError> {
        let goodbye: Arc<str> = Outgoing::Closing {
            reason: ClosingReason::Revoked,
            retry: false,
        }
        .to_text()
        .into();
        let mut closed = 0;
        for connection in self.connections.of(login).await? {
            if hashes.contains(&connection.chatter_hash) {
                self.poster.post(&connection.id, &goodbye).await;
                self.connections.forget(login, &connection.id).await?;
                self.poster.close(&connection.id).await;
                closed += 1;
            }
        }
        Ok(closed)
    }
}
