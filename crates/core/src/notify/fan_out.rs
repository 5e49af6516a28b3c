//! Telling one update to the sockets of one login: who hears what, and which rows go.

use crate::{
    Connection, Connections, Delivery, Login, Payload, Poster, Recorded, Topic, Topics, Update, Version,
    notify::report::Tally,
    outgoing::{ClosingReason, Outgoing},
};
use futures_util::{StreamExt, stream};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

/// How many sockets of one login are served at once, those included that wait before another try.
const SOCKETS_AT_ONCE: usize = 256;
/// How many rows are deleted or sockets closed at once.
const CLEAN_UPS_AT_ONCE: usize = 16;

/// Posts a recorded update to the sockets that listen to it, forgets those that are dead, and closes the oldest of
/// those beyond `max_connections`. Returns whether some would not take it now, but may later.
pub(crate) async fn fan_out(
    connections: &Connections,
    poster: &Poster,
    pushes: &Pushes<'_>,
    to: Vec<Connection>,
    max_connections: usize,
    tally: &Tally,
) -> bool {
    let mut messages = Messages {
        pushes,
        built: HashMap::new(),
    };
    let addressed: Vec<_> = to
        .into_iter()
        .map(|connection| (messages.message_for(&connection.topics), connection))
        .collect();
    let delivered = stream::iter(addressed).map(|(message, connection)| async move {
        let pulse = match message {
            Some(message) => deliver(poster, &connection, &message, tally).await,
            None => Pulse::Alive,
        };
        (connection, pulse)
    });
    let delivered: Vec<_> = delivered.buffer_unordered(SOCKETS_AT_ONCE).collect().await;
    let dead = delivered.iter().filter(|(_, pulse)| *pulse == Pulse::Dead);
    stream::iter(dead)
        .for_each_concurrent(CLEAN_UPS_AT_ONCE, async |(connection, _)| {
            forget(connections, connection).await;
        })
        .await;
    let is_owed = delivered.iter().any(|(_, pulse)| *pulse == Pulse::Busy);
    stream::iter(surplus(delivered, max_connections))
        .for_each_concurrent(CLEAN_UPS_AT_ONCE, async |oldest| {
            replace(connections, poster, &oldest).await
        })
        .await;
    is_owed
}

/// What a fan-out has learnt of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pulse {
    /// Nothing is known against it.
    Alive,
    /// It exists, and took no message.
    Busy,
    /// It answered 410, but is so young that it may be opening yet.
    Unsure,
    /// Its row is to go.
    Dead,
}

/// Posts to one socket, and counts what became of it.
async fn deliver(poster: &Poster, connection: &Connection, message: &Payload, tally: &Tally) -> Pulse {
    match poster.post(&connection.id, message).await {
        Delivery::Sent => tally.sent(),
        Delivery::Refused => tally.failed(),
        Delivery::GivenUp => {
            tally.failed();
            return Pulse::Busy;
        }
        Delivery::Gone { sent_at } if connection.is_dead_after_gone(sent_at) => {
            tally.gone();
            return Pulse::Dead;
        }
        Delivery::Gone { .. } => {
            tally.early();
            return Pulse::Unsure;
        }
    }
    Pulse::Alive
}

/// Whether the row is gone. One that cannot be deleted now is found dead again next time.
async fn forget(connections: &Connections, connection: &Connection) -> bool {
    let forgotten = connections.forget(&connection.login, &connection.id).await;
    if let Err(error) = &forgotten {
        tracing::warn!(connection_id = %connection.id, %error, "a connection was not forgotten");
    }
    forgotten.is_ok()
}

/// The oldest beyond `max_connections`, of those known to be alive: a page that fails to connect again and again leaves
/// young rows, which must not push out a socket that works.
fn surplus(delivered: Vec<(Connection, Pulse)>, max_connections: usize) -> Vec<Connection> {
    let alive = delivered
        .into_iter()
        .filter(|(_, pulse)| matches!(pulse, Pulse::Alive | Pulse::Busy));
    let mut connections: Vec<_> = alive.map(|(connection, _)| connection).collect();
    connections.sort_by_key(|connection| Reverse(connection.connected_at));
    connections.split_off(max_connections.min(connections.len()))
}

/// Row first: a socket that stays without its row hears nothing, whereas a row that stays without its socket is posted to.
async fn replace(connections: &Connections, poster: &Poster, oldest: &Connection) {
    if forget(connections, oldest).await {
        let goodbye = Outgoing::Closing {
            reason: ClosingReason::Replaced,
            retry: false,
        }
        .to_text();
        poster.post(&oldest.id, &Payload::new(goodbye)).await;
        poster.close(&oldest.id).await;
    }
}

/// What the sockets of a login are told of an update that has been recorded.
pub(crate) struct Pushes<'a> {
    login: &'a Login,
    epoch: &'a str,
    version: Version,
    update: &'a Update,
    /// The update's topics, without those that have something newer.
    topics: &'a [Topic],
    /// The versions of the login's topics before this update; `None` for a repeat, which no longer knows.
    before: Option<&'a BTreeMap<Topic, Version>>,
}

/// What a push says that depends on the topics its socket listens to: which of the update's they are, and the version
/// before this one that the socket should have seen.
type Heading<'a> = (Vec<&'a Topic>, Version);

impl<'a> Pushes<'a> {
    /// `None` if there is nothing to tell: the update is not the newest of any topic.
    pub(crate) fn of(login: &'a Login, update: &'a Update, recorded: &'a Recorded) -> Option<Pushes<'a>> {
        match recorded {
            Recorded::New {
                epoch,
                version,
                topics,
                before,
            } => Some(Pushes {
                login,
                epoch,
                version: *version,
                update,
                topics,
                before: Some(before),
            }),
            Recorded::Repeat { epoch, version, stored } => Some(Pushes {
                login,
                epoch,
                version: *version,
                update: stored,
                topics: &stored.topics,
                before: None,
            }),
            Recorded::Stale | Recorded::TooManyTopics => None,
        }
    }

    fn heading(&self, listens_to: &Topics) -> Option<Heading<'a>> {
        let heard: Vec<&Topic> = self.topics.iter().filter(|topic| listens_to.contains(topic)).collect();
        let prev = match (listens_to, self.before) {
            // All topics count, so the one before is the one before. A repeat says the same: too high is safe.
            (Topics::All, _) | (Topics::Only(_), None) => self.version - 1,
            (Topics::Only(topics), Some(before)) => topics
                .iter()
                .filter_map(|topic| before.get(topic))
                .max()
                .copied()
                .unwrap_or(0),
        };
        (!heard.is_empty()).then_some((heard, prev))
    }

    fn message(&self, (topics, prev): &Heading<'_>) -> Payload {
        let Pushes {
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

/// The messages, each built once however many sockets hear it.
struct Messages<'a> {
    pushes: &'a Pushes<'a>,
    built: HashMap<Heading<'a>, Payload>,
}

impl Messages<'_> {
    fn message_for(&mut self, listens_to: &Topics) -> Option<Payload> {
        let heading = self.pushes.heading(listens_to)?;
        Some(
            self.built
                .entry(heading)
                .or_insert_with_key(|heading| self.pushes.message(heading))
                .clone(),
        )
    }
}

#[cfg(test)]
mod tests;
