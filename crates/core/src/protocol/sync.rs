//! The answer to "what have I missed?": the newest update of each topic that is newer than the page's cursor.

use crate::{
    Cursor, Entry, Timestamp, Topics, UpdateLog, Version,
    outgoing::{MAX_BYTES, Missed, Outgoing},
};

/// The reply's text, at this moment of the server's clock. `log` is `None` for a login without updates: the page's
/// cursor then stays as it is.
///
/// A log of another epoch, or one that is behind the cursor, is not the one that the page knew (it was lost, or restored
/// from a backup): the reply says `reset` and brings all of it. What does not fit into one message is left for the next
/// sync, and the cursor then stops at the last update that did fit.
pub fn reply(log: Option<&UpdateLog>, topics: &Topics, cursor: Option<&Cursor>, n: u64, now: Timestamp) -> String {
    let Some(log) = log else {
        return Outgoing::Sync {
            n,
            now,
            cursor: None,
            missed: None,
            reset: false,
            more: false,
            updates: vec![],
        }
        .to_text();
    };
    let seen = cursor.filter(|cursor| cursor.epoch == log.epoch && cursor.version <= log.version);
    let reply = |updates: Vec<Missed<'_>>, more| {
        let version = match updates.last() {
            Some(last) if more => last.version,
            _ => log.version,
        };
        Outgoing::Sync {
            n,
            now,
            cursor: Some(Cursor {
                epoch: log.epoch.clone(),
                version,
            }),
            missed: seen.map(|seen| version - seen.version),
            reset: cursor.is_some() && seen.is_none(),
            more,
            updates,
        }
        .to_text()
    };
    let newer = || newer_than(seen.map_or(0, |cursor| cursor.version), log, topics);
    let whole = reply(newer(), false);
    if whole.len() <= MAX_BYTES {
        return whole;
    }
    let mut updates = newer();
    updates.truncate(how_many_fit(&updates));
    reply(updates, true)
}

/// Oldest first. An update on several topics has one version: it comes once, and names all that still hold it.
fn newer_than<'a>(version: Version, log: &'a UpdateLog, topics: &Topics) -> Vec<Missed<'a>> {
    let mut entries: Vec<&Entry> = log
        .entries
        .iter()
        .filter(|entry| entry.version > version && topics.contains(&entry.topic))
        .collect();
    entries.sort_by_key(|entry| (entry.version, &entry.topic));
    let of_one_update = entries.chunk_by(|one, other| one.version == other.version);
    of_one_update
        .map(|entries| {
            let Entry {
                topic,
                version,
                id,
                at,
                recorded,
                body,
            } = entries[0];
            let topics = entries.iter().map(|entry| &entry.topic).collect();
            Missed {
                topic,
                topics,
                version: *version,
                id,
                at: *at,
                recorded: *recorded,
                body,
            }
        })
        .collect()
}

/// At least one: the largest update there can be is a third of a message.
fn how_many_fit(updates: &[Missed<'_>]) -> usize {
    const AROUND_THE_UPDATES: usize = 512;
    let mut room = MAX_BYTES - AROUND_THE_UPDATES;
    let fitting = updates.iter().take_while(|update| {
        let size = serde_json::to_string(update).map_or(usize::MAX, |text| text.len() + 1);
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    });
    fitting.count().max(1)
}

#[cfg(test)]
mod tests;
