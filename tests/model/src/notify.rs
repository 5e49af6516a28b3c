//! The function `notify`: record, read, post, prune.

use crate::Protocol;
use crate::state::{Cursor, Entry, Log, Notify, Post, Push, Row, Socket, State, Version};
use crate::topics::Topics;

impl State {
    /// The conditional write. A repeat is posted again as it is stored; a stale update is neither recorded nor posted.
    pub(crate) fn record(&mut self, protocol: &Protocol, notify: usize) {
        let login = protocol.scenario.updates[notify].login;
        let rows = match std::mem::replace(&mut self.notifies[notify], Notify::Done) {
            Notify::ReadFirst(rows) => Some(rows),
            _ => None,
        };
        let Some(push) = record(protocol, &mut self.logs[login], notify) else {
            return;
        };
        self.notifies[notify] = match rows {
            None => Notify::Recorded(push),
            Some(rows) => self.posting(push, rows),
        };
    }

    /// The query of the login's connections. `missed` is the row that an eventually consistent read misses.
    pub(crate) fn read(&mut self, protocol: &Protocol, notify: usize, missed: Option<usize>) {
        let login = protocol.scenario.updates[notify].login;
        let rows = (0..self.connections.len()).filter(|at| {
            let connection = &self.connections[*at];
            connection.row == Row::Stored && protocol.login(connection) == login && Some(*at) != missed
        });
        let rows = rows.collect();
        self.notifies[notify] = match std::mem::replace(&mut self.notifies[notify], Notify::Done) {
            Notify::Recorded(push) => self.posting(push, rows),
            _ => Notify::ReadFirst(rows),
        };
    }

    /// A post arrives at the browser, if there is one at the other end.
    pub(crate) fn deliver(&mut self, protocol: &Protocol, notify: usize, connection: usize) {
        let browser = self.connections[connection].browser;
        if let Some((cursor, prev, entry)) = self.push(protocol, notify, connection)
            && self.listens(browser, connection)
        {
            self.hear_push(protocol, browser, cursor, prev, entry);
        }
    }

    /// The push that this invocation posts to a connection: its place in the log, its `prev`, and its update under the
    /// topics that it names. `None` if it posts nothing.
    pub(crate) fn push(
        &self,
        protocol: &Protocol,
        notify: usize,
        connection: usize,
    ) -> Option<(Cursor, Version, Entry)> {
        let Notify::Posting(push, _) = &self.notifies[notify] else {
            return None;
        };
        let listens_to = self.connections[connection].topics;
        let named = push.topics.and(listens_to);
        let named = if protocol.rules.names_every_topic {
            named
        } else {
            named.first()
        };
        let entry = Entry {
            update: protocol.scenario.updates[notify].id,
            topics: named,
        };
        Some((push.cursor, prev(protocol, push, listens_to), entry))
    }

    /// Takes a post from the list of those still to do.
    pub(crate) fn finish(&mut self, notify: usize, connection: usize) {
        if let Notify::Posting(_, posts) = &mut self.notifies[notify] {
            posts.retain(|post| post.connection != connection);
            if posts.is_empty() {
                self.notifies[notify] = Notify::Done;
            }
        }
    }

    /// A post was answered 410 and counts as gone. Its row is deleted in a later step, since other things may happen
    /// between.
    pub(crate) fn gone(&mut self, notify: usize, connection: usize) {
        if let Notify::Posting(_, posts) = &mut self.notifies[notify] {
            posts
                .iter_mut()
                .filter(|post| post.connection == connection)
                .for_each(|post| post.gone = true);
        }
    }

    /// Whether this connection's row may be older than the grace. While `$connect` runs it is not, if the grace is
    /// longer than `$connect`'s time-out; afterwards it may be, since the model has no clock.
    pub(crate) fn may_be_old(&self, protocol: &Protocol, connection: usize) -> bool {
        self.connections[connection].socket != Socket::Connecting || !protocol.rules.grace_covers_connect
    }

    fn posting(&self, push: Push, rows: Vec<usize>) -> Notify {
        let listening = rows
            .into_iter()
            .filter(|row| !self.connections[*row].topics.and(push.topics).is_empty());
        let posts: Vec<_> = listening
            .map(|connection| Post {
                connection,
                gone: false,
            })
            .collect();
        if posts.is_empty() {
            Notify::Done
        } else {
            Notify::Posting(push, posts)
        }
    }
}

/// Records an update in the log, and returns the push for it; `None` if the update is stale.
fn record(protocol: &Protocol, log: &mut Log, notify: usize) -> Option<Push> {
    let update = protocol.scenario.updates[notify];
    let before = log.versions();
    let repeated = update
        .topics
        .only(|topic| log.newest(topic).is_some_and(|newest| newest.update == update.id));
    if protocol.rules.id_marks_repeats && !repeated.is_empty() {
        let version = repeated.iter().map(|topic| before[topic]).max()?;
        return Some(Push {
            cursor: Cursor {
                epoch: log.epoch,
                version,
            },
            topics: repeated,
            before: None,
        });
    }
    let older = |topic| {
        log.newest(topic)
            .is_none_or(|newest| protocol.at(newest.update) <= update.at)
    };
    let topics = if protocol.rules.at_orders {
        update.topics.only(older)
    } else {
        update.topics
    };
    if topics.is_empty() || (topics != update.topics && !protocol.rules.stale_by_topic) {
        return None;
    }
    log.entries.push(Entry {
        update: update.id,
        topics,
    });
    Some(Push {
        cursor: Cursor {
            epoch: log.epoch,
            version: log.version(),
        },
        topics,
        before: Some(before),
    })
}

/// R4: the highest version before this one among the topics that the socket listens to.
fn prev(protocol: &Protocol, push: &Push, listens_to: Topics) -> u8 {
    let topics = if protocol.rules.prev_of_socket {
        listens_to
    } else {
        push.topics
    };
    match push.before {
        Some(before) => topics.iter().map(|topic| before[topic]).max().unwrap_or(0),
        None if protocol.rules.repeat_prev => push.cursor.version - 1,
        None => 0,
    }
}
