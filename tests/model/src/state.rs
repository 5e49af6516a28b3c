//! What there is at one moment: the tables, the gateway, the functions' invocations in flight, and the browsers.

use crate::scenario::{Chances, Scenario};
use crate::topics::{TOPICS, Topics};

/// A version of a log: 1 for its first update.
pub(crate) type Version = u8;

/// Everything at one moment.
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
    /// How far the revocation of chatter ID 0 has come.
    pub(crate) revocation: Revocation,
    /// What may still go wrong, or be done by somebody.
    pub(crate) left: Chances,
}

/// One login's item in `updates`. The item is conflated, the model keeps the whole history: what the item holds is derived from
/// it, and so is what an eventually consistent read would see.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Log {
    pub(crate) epoch: u8,
    /// Oldest first. The version is the position, counted from 1.
    pub(crate) entries: Vec<Entry>,
}

/// An update in a log.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Entry {
    /// The id.
    pub(crate) update: usize,
    /// The topics that it was recorded under.
    pub(crate) topics: Topics,
}

/// A socket: what the gateway knows of it, and its row.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Connection {
    pub(crate) browser: usize,
    /// What the socket listens to.
    pub(crate) topics: Topics,
    pub(crate) socket: Socket,
    pub(crate) row: Row,
}

/// A socket as the gateway sees it, which may be wrong: a live one may have nobody at its other end.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Socket {
    /// `$connect` has not returned. A post is answered 410.
    Connecting,
    /// Open. A post is accepted.
    Live,
    /// Closed. A post is answered 410.
    Dead,
}

/// A connection's row, from the beginning of its `$connect` on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Row {
    /// `$connect` has been invoked and has done nothing yet.
    Asked,
    /// The transaction is decided, the row not yet visible.
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
    /// The connections are read, the update is not recorded: the mistake that R1 forbids.
    ReadFirst(Vec<usize>),
    /// The update is recorded.
    Recorded(Push),
    /// The connections are read, too, and the posts are going out, in any order.
    Posting(Push, Vec<Post>),
    /// Returned.
    Done,
}

/// What is posted, before it is made out for one socket.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Push {
    pub(crate) cursor: Cursor,
    pub(crate) topics: Topics,
    /// Each topic's version before this one; none for a repeat.
    pub(crate) before: Option<[Version; TOPICS]>,
}

/// A post that is still to do or to be followed up.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Post {
    pub(crate) connection: usize,
    /// Whether it has been answered with a 410 that prunes.
    pub(crate) gone: bool,
}

/// How far a page has seen.
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
    /// Whether that has opened.
    pub(crate) open: bool,
    /// Its chatter ID was refused, for good.
    pub(crate) refused: bool,
    /// The tab that holds the socket.
    pub(crate) leader: usize,
    pub(crate) tabs: Vec<Tab>,
    /// It was given an update of another login.
    pub(crate) saw_foreign: bool,
}

/// One tab: a page, with all that R4 to R9 make it remember.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Tab {
    pub(crate) open: bool,
    pub(crate) topics: Topics,
    pub(crate) cursor: Option<Cursor>,
    /// Where the log stood when the page was loaded: the page's own data has what was recorded before.
    pub(crate) loaded: Cursor,
    /// A sync was answered in full since the page was loaded.
    pub(crate) begun: bool,
    /// What the page shows of each topic.
    pub(crate) shown: [Option<Shown>; TOPICS],
    /// The newest sync, if it is unanswered.
    pub(crate) sync: Option<Sync>,
    /// Replies to syncs before it that may still come. Those that will not count are not kept.
    pub(crate) older: Vec<Reply>,
    /// The pushes heard since the newest sync was sent that the cursor has not reached.
    pub(crate) heard: Vec<Heard>,
    /// A post to it has failed, or its row was pruned: the case in which it depends on the periodic sync.
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
    /// It counts as shown, but the page left it out: its own data was thought to have it.
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
    /// What is new since the cursor, oldest first.
    Updates {
        cursor: Cursor,
        reset: bool,
        more: bool,
        updates: Vec<(Version, Entry)>,
    },
}

/// How far the revocation has come.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Revocation {
    /// Nobody has asked for it.
    None,
    /// The chatter is deleted; so many queries are still to come.
    Deleted { queries: u8 },
    /// These sockets are to be closed, then so many queries are still to come.
    Closing { sockets: Vec<usize>, queries: u8 },
    /// Done.
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

    /// Whether the browser has this socket open, at its own end.
    pub(crate) fn listens(&self, browser: usize, connection: usize) -> bool {
        self.browsers[browser].open && self.browsers[browser].socket == Some(connection)
    }
}

impl Log {
    pub(crate) fn version(&self) -> Version {
        Version::try_from(self.entries.len()).expect("a scenario has a handful of updates")
    }

    /// What the item holds for a topic: its newest update.
    pub(crate) fn newest(&self, topic: usize) -> Option<Shown> {
        let at = self.entries.iter().rposition(|entry| entry.topics.contains(topic))?;
        Some(Shown {
            version: at as Version + 1,
            update: self.entries[at].update,
            left_out: false,
        })
    }

    /// What the item holds for each topic: its version, 0 without any.
    pub(crate) fn versions(&self) -> [Version; TOPICS] {
        std::array::from_fn(|topic| self.newest(topic).map_or(0, |newest| newest.version))
    }

    /// What an eventually consistent read may see.
    pub(crate) fn a_moment_ago(&self) -> Self {
        let entries = self.entries[..self.entries.len().saturating_sub(1)].to_vec();
        Self {
            epoch: self.epoch,
            entries,
        }
    }
}

impl Cursor {
    /// Whether what stands here in its log was recorded before a page was loaded that found the log at `loaded`.
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
