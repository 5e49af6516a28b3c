//! State of the model: the tables, the gateway, the functions' invocations in flight, and the browsers.

use crate::scenario::{Chances, Scenario};
use crate::topics::{TOPICS, Topics};

/// A version of a log: 1 for its first update.
pub(crate) type Version = u8;

/// State of the whole system at one moment.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct State {
    /// The table `updates`: one log for each login.
    pub(crate) logs: Vec<Log>,
    /// The table `connections`, the gateway's sockets and the `$connect` invocations; the index is the connection ID.
    pub(crate) connections: Vec<Connection>,
    /// The invocations of `notify`, one for each update of the scenario.
    pub(crate) notifies: Vec<Notify>,
    /// The browsers, with their tabs.
    pub(crate) browsers: Vec<Browser>,
    /// Phase of the revocation of chatter ID 0.
    pub(crate) revocation: Revocation,
    /// Chances that may still be taken.
    pub(crate) left: Chances,
}

/// One login's log: its item in `updates`. The item is conflated; the model keeps the whole history, and derives from
/// it what the item holds and what an eventually consistent read would return.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Log {
    pub(crate) epoch: u8,
    /// Oldest first. The version is the position, counted from 1.
    pub(crate) entries: Vec<Entry>,
}

/// An update in a log.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Entry {
    /// The update's id.
    pub(crate) update: usize,
    /// The topics under which it was recorded.
    pub(crate) topics: Topics,
}

/// A connection: its socket as the gateway sees it, and its row.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Connection {
    pub(crate) browser: usize,
    /// Topics that the socket listens to.
    pub(crate) topics: Topics,
    pub(crate) socket: Socket,
    pub(crate) row: Row,
}

/// State of a socket as the gateway sees it. A live one may be dead in truth: the browser at its other end may be gone.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Socket {
    /// `$connect` has not returned. A post is answered 410.
    Connecting,
    /// Open. A post is accepted.
    Live,
    /// Closed. A post is answered 410.
    Dead,
}

/// State of a connection's row, from the beginning of its `$connect` on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Row {
    /// `$connect` was invoked and has done nothing yet.
    Asked,
    /// The transaction has committed, but the row is not visible yet.
    Checked,
    /// In the table.
    Stored,
    /// Deleted, or never stored.
    Gone,
}

/// An invocation of `notify` for one update.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Notify {
    /// The pipeline has not sent the update.
    Idle,
    /// The connections were read before the update is recorded: the mistake that R1 forbids.
    ReadFirst(Vec<usize>),
    /// The update is recorded.
    Recorded(Push),
    /// The connections were read, too, and the posts are going out, in any order.
    Posting(Push, Vec<Post>),
    /// The invocation has returned.
    Done,
}

/// A push, before its topics and `prev` are narrowed to one socket.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Push {
    pub(crate) cursor: Cursor,
    pub(crate) topics: Topics,
    /// Each topic's version before this update; `None` for a repeat.
    pub(crate) before: Option<[Version; TOPICS]>,
}

/// A post that is still to be sent, or whose row is still to be deleted.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Post {
    pub(crate) connection: usize,
    /// Whether it was answered 410 and counts as gone.
    pub(crate) gone: bool,
}

/// Cursor of a page, or position in a log.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Cursor {
    pub(crate) epoch: u8,
    pub(crate) version: Version,
}

/// A browser: the tabs of one login on one machine, which share a socket. Most scenarios have one tab each.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Browser {
    /// The connection that it uses or is opening.
    pub(crate) socket: Option<usize>,
    /// Whether that connection has opened.
    pub(crate) open: bool,
    /// Whether its chatter ID was refused; it then never connects again.
    pub(crate) refused: bool,
    /// The tab that holds the socket.
    pub(crate) leader: usize,
    pub(crate) tabs: Vec<Tab>,
    /// Whether it was shown an update of another login.
    pub(crate) saw_foreign: bool,
}

/// One tab: a page, with the memory that R4 to R10 require.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Tab {
    pub(crate) open: bool,
    pub(crate) topics: Topics,
    pub(crate) cursor: Option<Cursor>,
    /// The log's position when the page was loaded: the page's own data has all updates up to it.
    pub(crate) loaded: Cursor,
    /// Whether a sync was answered in full since the page was loaded.
    pub(crate) begun: bool,
    /// The update that the page shows of each topic.
    pub(crate) shown: [Option<Shown>; TOPICS],
    /// The newest sync, if it is unanswered.
    pub(crate) sync: Option<Sync>,
    /// Replies to older syncs that are still under way. Kept only with R5 off, since otherwise they do not count.
    pub(crate) older: Vec<Reply>,
    /// Pushes since the newest sync that the cursor has not reached.
    pub(crate) heard: Vec<Heard>,
    /// Whether a post to it failed or its row was deleted, so that it depends on the periodic sync.
    pub(crate) owed: bool,
}

/// A push that the cursor has not reached.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Heard {
    pub(crate) cursor: Cursor,
    /// The version from which the cursor may move on to this one.
    pub(crate) prev: Version,
}

/// An update on a page.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Shown {
    pub(crate) version: Version,
    pub(crate) update: usize,
    /// Whether the page only counts it as shown, because its own data was thought to have it.
    pub(crate) left_out: bool,
}

/// A sync on its way.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Sync {
    /// Sent: the login that it names, and the cursor.
    Asked(usize, Option<Cursor>),
    /// Answered, the reply under way.
    Answered(Reply),
    /// It, or its reply, will never arrive.
    Lost,
}

/// The answer to a sync.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Reply {
    /// The connection has no row.
    UnknownConnection,
    /// The login has no updates.
    Nothing,
    /// The updates since the cursor, oldest first.
    Updates {
        cursor: Cursor,
        reset: bool,
        more: bool,
        updates: Vec<(Version, Entry)>,
    },
}

/// Phase of the revocation.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Revocation {
    /// Not begun.
    None,
    /// The chatter ID is deleted; `queries` queries are still to come.
    Deleted { queries: u8 },
    /// These sockets are still to be closed; `queries` queries are to come after them.
    Closing { sockets: Vec<usize>, queries: u8 },
    /// Completed.
    Done,
}

impl State {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let logins = scenario
            .browsers
            .iter()
            .map(|browser| browser.login + 1)
            .max()
            .unwrap_or(0);
        let browsers = scenario.browsers.iter().map(|browser| Browser {
            socket: None,
            open: false,
            refused: false,
            leader: 0,
            tabs: browser
                .tabs
                .iter()
                .enumerate()
                .map(|(at, topics)| Tab::new(*topics, at == 0))
                .collect(),
            saw_foreign: false,
        });
        Self {
            logs: vec![
                Log {
                    epoch: 1,
                    entries: Vec::new()
                };
                logins
            ],
            connections: Vec::new(),
            notifies: vec![Notify::Idle; scenario.updates.len()],
            browsers: browsers.collect(),
            revocation: Revocation::None,
            left: scenario.chances,
        }
    }

    /// Whether the browser has this connection open at its own end.
    pub(crate) fn listens(&self, browser: usize, connection: usize) -> bool {
        self.browsers[browser].open && self.browsers[browser].socket == Some(connection)
    }
}

impl Log {
    pub(crate) fn version(&self) -> Version {
        Version::try_from(self.entries.len()).expect("a scenario has a handful of updates")
    }

    /// The update that the item holds for a topic: its newest.
    pub(crate) fn newest(&self, topic: usize) -> Option<Shown> {
        let at = self.entries.iter().rposition(|entry| entry.topics.contains(topic))?;
        Some(Shown {
            version: at as Version + 1,
            update: self.entries[at].update,
            left_out: false,
        })
    }

    /// The version that the item holds for each topic; 0 if it holds none.
    pub(crate) fn versions(&self) -> [Version; TOPICS] {
        std::array::from_fn(|topic| self.newest(topic).map_or(0, |newest| newest.version))
    }

    /// The log without its last update, as an eventually consistent read may return it.
    pub(crate) fn a_moment_ago(&self) -> Self {
        let entries = self.entries[..self.entries.len().saturating_sub(1)].to_vec();
        Self {
            epoch: self.epoch,
            entries,
        }
    }
}

impl Cursor {
    /// Whether the update at this position was recorded before the log reached the position `loaded`, or at it.
    pub(crate) fn precedes(self, loaded: Cursor) -> bool {
        self <= loaded
    }
}

impl Tab {
    pub(crate) fn new(topics: Topics, open: bool) -> Self {
        Self {
            open,
            topics,
            cursor: None,
            loaded: Cursor { epoch: 1, version: 0 },
            begun: false,
            shown: [None; TOPICS],
            sync: None,
            older: Vec::new(),
            heard: Vec::new(),
            owed: false,
        }
    }
}
