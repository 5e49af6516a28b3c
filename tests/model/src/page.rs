//! The page: how it handles pushes and replies (R4 to R10), and how `$default` answers its syncs.

use crate::Protocol;
use crate::state::{Cursor, Entry, Heard, Log, Reply, Row, Shown, State, Sync, Tab, Version};
use crate::topics::Topics;

impl State {
    /// Whether the tab uses its browser's socket: the socket is open, and listens to all of the tab's topics (R9).
    pub(crate) fn hears(&self, protocol: &Protocol, browser: usize, tab: usize) -> bool {
        let (browser, tab) = (&self.browsers[browser], &self.browsers[browser].tabs[tab]);
        let covers = |connection: usize| self.connections[connection].topics.covers(tab.topics);
        let enough = browser.socket.is_some_and(covers) || !protocol.rules.tab_waits_for_topics;
        browser.open && tab.open && enough
    }

    /// The tab sends a sync with a new `n`. Older ones no longer count (R5), so the model forgets them at once.
    pub(crate) fn sync(&mut self, protocol: &Protocol, browser: usize, tab: usize) {
        let login = protocol.scenario.browsers[browser].login;
        let tab = &mut self.browsers[browser].tabs[tab];
        let older = tab.sync.replace(Sync::Asked(login, tab.cursor));
        if let (Some(Sync::Answered(reply)), false) = (older, protocol.rules.newest_n) {
            tab.older.push(reply);
        }
        tab.heard.clear();
        tab.owed = false;
    }

    /// `$default` answers the tab's sync from the two tables.
    pub(crate) fn answer(&mut self, protocol: &Protocol, browser: usize, tab: usize, strongly: bool) {
        let state = &self.browsers[browser];
        let (Some(at), Some(Sync::Asked(login, cursor))) = (state.socket, &state.tabs[tab].sync) else {
            return;
        };
        let connection = &self.connections[at];
        let listed = connection.row == Row::Stored && protocol.login(connection) == *login;
        let read = |log: &Log| reply(log, *cursor, connection.topics, protocol.scenario.page_size);
        let reply = match (listed || !protocol.rules.sync_proves_login, strongly) {
            (false, _) => Reply::UnknownConnection,
            (true, true) => read(&self.logs[*login]),
            (true, false) => read(&self.logs[*login].a_moment_ago()),
        };
        self.browsers[browser].tabs[tab].sync = Some(Sync::Answered(reply));
    }

    /// The tab applies a reply.
    pub(crate) fn hear_reply(&mut self, protocol: &Protocol, browser: usize, tab: usize, reply: Reply) {
        let state = &mut self.browsers[browser].tabs[tab];
        state.sync = None;
        let is_first = protocol.scenario.own_data && !state.begun;
        let (again, epoch, updates) = match reply {
            Reply::UnknownConnection if protocol.rules.unknown_reconnects => return self.hang_up(browser),
            Reply::UnknownConnection | Reply::Nothing => (false, 0, Vec::new()),
            Reply::Updates {
                cursor,
                reset,
                more,
                updates,
            } => {
                if reset {
                    (state.cursor, state.shown) = (None, Default::default());
                }
                state.reach(cursor);
                (more, cursor.epoch, updates)
            }
        };
        if !protocol.rules.heard_is_covered {
            state.heard.clear();
        }
        let again = again || !state.heard.is_empty();
        state.begun = protocol.scenario.own_data && (state.begun || !again);
        let loaded = state.loaded;
        for (version, entry) in updates {
            let seems_old = Cursor { epoch, version }.precedes(loaded) || !protocol.rules.ages_by_one_clock;
            self.show(protocol, browser, tab, version, entry, is_first && seems_old);
        }
        if again {
            self.sync(protocol, browser, tab);
        }
    }

    /// A push arrives at the browser, and at each tab that uses its socket.
    pub(crate) fn hear_push(&mut self, protocol: &Protocol, browser: usize, push: Cursor, prev: Version, entry: Entry) {
        for tab in 0..self.browsers[browser].tabs.len() {
            if self.hears(protocol, browser, tab) {
                self.take_push(protocol, browser, tab, push, prev, entry);
            }
        }
    }

    /// The user opens a tab. If the browser's socket does not listen to all its topics, the tab waits for one that
    /// does.
    pub(crate) fn open_tab(&mut self, protocol: &Protocol, browser: usize, tab: usize) {
        let loaded = self.loads(protocol, browser);
        let state = &mut self.browsers[browser];
        let cursor = if protocol.rules.own_cursor {
            None
        } else {
            state.tabs[state.leader].cursor
        };
        state.tabs[tab] = Tab {
            cursor,
            loaded,
            ..Tab::new(state.tabs[tab].topics, true)
        };
        if self.hears(protocol, browser, tab) {
            self.sync(protocol, browser, tab);
        }
    }

    /// The log's position when a page is loaded: that of the page's own data, or the log's beginning if it has none.
    pub(crate) fn loads(&self, protocol: &Protocol, browser: usize) -> Cursor {
        let log = &self.logs[protocol.scenario.browsers[browser].login];
        match protocol.scenario.own_data {
            true => Cursor {
                epoch: log.epoch,
                version: log.version(),
            },
            false => Cursor { epoch: 1, version: 0 },
        }
    }

    /// The user closes a tab, but never the last one. If it held the socket, another tab opens a new socket.
    pub(crate) fn close_tab(&mut self, browser: usize, tab: usize) {
        let state = &mut self.browsers[browser];
        state.tabs[tab] = Tab::new(state.tabs[tab].topics, false);
        if state.leader == tab {
            state.leader = state.tabs.iter().position(|tab| tab.open).unwrap_or(tab);
            self.hang_up(browser);
        }
    }

    fn take_push(
        &mut self,
        protocol: &Protocol,
        browser: usize,
        tab: usize,
        push: Cursor,
        prev: Version,
        entry: Entry,
    ) {
        let rules = protocol.rules;
        let state = &mut self.browsers[browser].tabs[tab];
        let same_log = |cursor: &Cursor| cursor.epoch == push.epoch || !rules.epoch_checked;
        match state.cursor.filter(same_log) {
            // A push of another log is not shown, and the greatest `prev` keeps the cursor from ever moving over it.
            None => state.remember(Heard {
                cursor: push,
                prev: if rules.reached_is_shown { Version::MAX } else { prev },
            }),
            Some(cursor) => {
                state.remember(Heard {
                    cursor: Cursor {
                        epoch: cursor.epoch,
                        version: push.version,
                    },
                    prev: if rules.cursor_waits { prev } else { 0 },
                });
                state.reach(cursor);
                self.show(protocol, browser, tab, push.version, entry, false);
            }
        }
    }

    /// The page shows an update under each of the entry's topics that it listens to, if the version is newer there
    /// (R4). With `left_out` the update counts as shown, because the page's own data is thought to have it.
    fn show(
        &mut self,
        protocol: &Protocol,
        browser: usize,
        tab: usize,
        version: Version,
        entry: Entry,
        left_out: bool,
    ) {
        let browser_login = protocol.scenario.browsers[browser].login;
        let tab = &mut self.browsers[browser].tabs[tab];
        for topic in entry.topics.and(tab.topics).iter() {
            let newer = tab.shown[topic].is_none_or(|shown| version > shown.version);
            if newer || !protocol.rules.duplicates_dropped {
                tab.shown[topic] = Some(Shown {
                    version,
                    update: entry.update,
                    left_out,
                });
            }
        }
        self.browsers[browser].saw_foreign |= protocol.scenario.updates[entry.update].login != browser_login;
    }
}

impl Tab {
    /// Moves the cursor on, never back within a log, and then over the pushes that follow it without a gap.
    fn reach(&mut self, cursor: Cursor) {
        let same_log = self.cursor.filter(|own| own.epoch == cursor.epoch);
        let version = same_log.map_or(cursor.version, |own| own.version.max(cursor.version));
        self.cursor = Some(Cursor { version, ..cursor });
        let same_log = |heard: &Heard| heard.cursor.epoch == cursor.epoch;
        self.heard
            .retain(|heard| !same_log(heard) || heard.cursor.version > version);
        let next = self.heard.iter().find(|heard| same_log(heard) && heard.prev <= version);
        if let Some(Heard { cursor, .. }) = next.copied() {
            self.reach(cursor);
        }
    }

    /// Remembers a push until the cursor reaches it. One that comes twice is remembered once.
    fn remember(&mut self, push: Heard) {
        self.heard.push(push);
        self.heard.sort();
        self.heard.dedup();
    }
}

/// The reply to a sync: of each topic that the socket listens to, the newest update, if it is newer than the cursor;
/// oldest first, and at most `page_size` of them.
fn reply(log: &Log, cursor: Option<Cursor>, topics: Topics, page_size: usize) -> Reply {
    if log.entries.is_empty() {
        return Reply::Nothing;
    }
    let known = cursor.filter(|cursor| cursor.epoch == log.epoch && cursor.version <= log.version());
    let since = known.map_or(0, |cursor| cursor.version);
    let mut updates = Vec::new();
    for (version, entry) in (1..).zip(&log.entries) {
        let newest = entry
            .topics
            .and(topics)
            .only(|topic| log.newest(topic).is_some_and(|it| it.version == version));
        if version > since && !newest.is_empty() {
            updates.push((
                version,
                Entry {
                    topics: newest,
                    ..*entry
                },
            ));
        }
    }
    let more = updates.len() > page_size;
    updates.truncate(page_size);
    let version = updates
        .last()
        .filter(|_| more)
        .map_or(log.version(), |(version, _)| *version);
    let reset = cursor.is_some() && known.is_none();
    Reply::Updates {
        cursor: Cursor {
            epoch: log.epoch,
            version,
        },
        reset,
        more,
        updates,
    }
}
