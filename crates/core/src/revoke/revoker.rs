//! The handler of the stream of `chatters`: what revoke does, but for its log and its metrics.

use crate::{
    Answer, BadEvent, ChatterHash, ItemFailure, Login, Removals, Revocation, StoreError, revoke::removals::Removal,
};
use futures_util::{StreamExt, stream};
use serde_json::value::RawValue;
use std::{collections::BTreeMap, time::Duration};

/// Closes the sockets of chatter IDs that somebody has deleted.
#[derive(Clone, Debug)]
pub struct Revoker {
    /// Finds and closes the sockets.
    pub revocation: Revocation,
}

/// The result of one invocation.
#[derive(Clone, Debug)]
pub struct Revoked {
    /// The answer to Lambda: the record to go back to, if one failed.
    pub answer: Answer,
    /// Number of chatter IDs that somebody has deleted.
    pub chatters: usize,
    /// Number of their sockets that were closed.
    pub sockets: usize,
    /// Number of chatter IDs that failed.
    pub failed: usize,
    /// Number of records that are no deletion by somebody.
    pub ignored_records: usize,
    /// Why one of them failed; `None` also if it was not reached in time.
    pub error: Option<StoreError>,
}

/// The chatter IDs of a login that were deleted.
type Deleted<'a> = (&'a Login, Vec<ChatterHash>);

impl Revoker {
    /// Logins served at once. Each waits a second between its two sweeps.
    pub const LOGINS_AT_ONCE: usize = 32;

    /// Serves one invocation, for at most so long.
    ///
    /// # Errors
    /// If it was not invoked with a stream's records.
    pub async fn revoke(&self, payload: &RawValue, time_left: Duration) -> Result<Revoked, BadEvent> {
        let Removals(records) = Removals::parse(payload)?;
        let mut deleted: BTreeMap<&Login, Vec<ChatterHash>> = BTreeMap::new();
        for (login, hash) in records.iter().filter_map(|record| record.deleted.as_ref()) {
            deleted.entry(login).or_default().push(hash.clone());
        }
        let served = stream::iter(deleted).map(|(login, hashes)| self.serve((login, hashes), time_left));
        let served: Vec<_> = served.buffer_unordered(Self::LOGINS_AT_ONCE).collect().await;
        let is_done = |login: &Login| served.iter().any(|(done, result)| *done == login && result.is_ok());
        let failed: Vec<&Removal> = records
            .iter()
            .filter(|record| record.deleted.as_ref().is_some_and(|(login, _)| !is_done(login)))
            .collect();
        // Lambda goes back to the lowest sequence number and reads on from there.
        let first = failed.first().map(|record| ItemFailure {
            item_identifier: record.sequence_number.clone(),
        });
        let chatters = records.iter().filter(|record| record.deleted.is_some()).count();
        Ok(Revoked {
            answer: Answer::Partial {
                batch_item_failures: first.into_iter().collect(),
            },
            chatters,
            sockets: served.iter().filter_map(|(_, result)| result.as_ref().ok()).sum(),
            failed: failed.len(),
            ignored_records: records.len() - chatters,
            error: served.into_iter().find_map(|(_, result)| result.err().flatten()),
        })
    }

    /// Serves one login; `Err(None)` if the time was over.
    async fn serve<'a>(
        &self,
        (login, hashes): Deleted<'a>,
        time_left: Duration,
    ) -> (&'a Login, Result<usize, Option<StoreError>>) {
        let closing = self.revocation.close_deleted(login, &hashes);
        let result = match tokio::time::timeout(time_left, closing).await {
            Ok(result) => result.map_err(Some),
            Err(_) => Err(None),
        };
        (login, result)
    }
}

#[cfg(test)]
mod tests;
