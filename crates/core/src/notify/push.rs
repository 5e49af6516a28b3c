//! Pushes: the messages that tell sockets of a recorded update.

use crate::{Login, Payload, Recorded, Topic, Topics, Update, Version, outgoing::Outgoing};
use std::collections::{BTreeMap, HashMap};

/// Builds the pushes of one recorded update, for the sockets of one login.
pub(crate) struct PushBuilder<'a> {
    login: &'a Login,
    epoch: &'a str,
    version: Version,
    update: &'a Update,
    /// The update's topics, without those that have something newer.
    topics: &'a [Topic],
    /// The versions of the login's topics before this update; `None` for a repeat, since the log no longer has them.
    before: Option<&'a BTreeMap<Topic, Version>>,
}

/// The part of a push that depends on its socket: the update's topics that this socket subscribed to, and `prev`, the version
/// that it must already have (docs/protocol.md, R4). Sockets with the same key share one encoded push.
type PushKey<'a> = (Vec<&'a Topic>, Version);

impl<'a> PushBuilder<'a> {
    /// A builder for what was recorded; `None` if nothing is pushed, since the update is not the newest of any topic.
    pub(crate) fn of(login: &'a Login, update: &'a Update, recorded: &'a Recorded) -> Option<PushBuilder<'a>> {
        match recorded {
            Recorded::New {
                epoch,
                version,
                topics,
                before,
                no_room: _,
            } => Some(PushBuilder {
                login,
                epoch,
                version: *version,
                update,
                topics,
                before: Some(before),
            }),
            Recorded::Repeat { epoch, version, stored } => Some(PushBuilder {
                login,
                epoch,
                version: *version,
                update: stored,
                topics: &stored.topics,
                before: None,
            }),
            Recorded::Stale | Recorded::NoRoom => None,
        }
    }

    /// The key for a socket with these topics; `None` if it subscribed to none of the update's.
    fn key(&self, listens_to: &Topics) -> Option<PushKey<'a>> {
        let subscribed: Vec<&Topic> = self.topics.iter().filter(|topic| listens_to.contains(topic)).collect();
        let prev = match (listens_to, self.before) {
            // A socket on all topics has been sent every version, so `prev` is the version before. A repeat no longer knows
            // the older versions of its topics and uses the same, the highest possible value: too high a `prev` costs one
            // sync in vain, too low a one would hide a loss.
            (Topics::All, _) | (Topics::Only(_), None) => self.version - 1,
            (Topics::Only(topics), Some(before)) => topics
                .iter()
                .filter_map(|topic| before.get(topic))
                .max()
                .copied()
                .unwrap_or(0),
        };
        (!subscribed.is_empty()).then_some((subscribed, prev))
    }

    /// The encoded push for a key.
    fn payload(&self, (topics, prev): &PushKey<'_>) -> Payload {
        let PushBuilder {
            login,
            epoch,
            version,
            update: Update { id, at, body, .. },
            ..
        } = *self;
        let push = Outgoing::StatsUpdated {
            login,
            topic: topics[0],
            topics,
            epoch,
            version,
            prev: *prev,
            id,
            at: *at,
            body,
        };
        Payload::new(push.to_text())
    }
}

/// Encoded pushes by their key: each is built once, however many sockets get it.
pub(crate) struct Payloads<'a> {
    pushes: &'a PushBuilder<'a>,
    built: HashMap<PushKey<'a>, Payload>,
}

impl<'a> Payloads<'a> {
    /// None built yet.
    pub(crate) fn new(pushes: &'a PushBuilder<'a>) -> Payloads<'a> {
        Payloads {
            pushes,
            built: HashMap::new(),
        }
    }

    /// The push for a socket with these topics; `None` if it subscribed to none of the update's.
    pub(crate) fn for_topics(&mut self, listens_to: &Topics) -> Option<Payload> {
        let key = self.pushes.key(listens_to)?;
        let payload = self.built.entry(key).or_insert_with_key(|key| self.pushes.payload(key));
        Some(payload.clone())
    }
}

#[cfg(test)]
mod tests;
