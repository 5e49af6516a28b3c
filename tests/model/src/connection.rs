//! Sockets from `$connect` to `$disconnect`, and the revocation of a chatter ID.

use crate::Protocol;
use crate::state::{Connection, Revocation, Row, Socket, State, Tab};
use crate::topics::Topics;

impl State {
    /// A browser asks for a socket that listens to the topics of all its open tabs. The gateway invokes `$connect`.
    pub(crate) fn connect(&mut self, browser: usize) {
        let open_tabs = self.browsers[browser].tabs.iter().filter(|tab| tab.open);
        let topics = open_tabs.fold(Topics::default(), |all, tab| all.or(tab.topics));
        self.browsers[browser].socket = Some(self.connections.len());
        self.connections.push(Connection {
            browser,
            topics,
            socket: Socket::Connecting,
            row: Row::Asked,
        });
    }

    /// `$connect` has returned 200. If the browser still waits for this socket, it opens, and the browser's tabs sync
    /// (R2).
    pub(crate) fn open(&mut self, protocol: &Protocol, connection: usize) {
        self.connections[connection].socket = Socket::Live;
        let browser = self.connections[connection].browser;
        if self.browsers[browser].socket != Some(connection) {
            return;
        }
        self.browsers[browser].open = true;
        for tab in 0..self.browsers[browser].tabs.len() {
            if protocol.rules.sync_on_open && self.hears(protocol, browser, tab) {
                self.sync(protocol, browser, tab);
            }
        }
    }

    /// `$connect` has returned 401: the chatter is not valid. The page learns it in the end and stops asking.
    pub(crate) fn refuse(&mut self, connection: usize) {
        let refused = &mut self.connections[connection];
        refused.row = Row::Gone;
        refused.socket = Socket::Dead;
        let browser = refused.browser;
        if self.browsers[browser].socket == Some(connection) {
            self.leave(browser);
            self.browsers[browser].refused = true;
        }
    }

    /// The browser has lost its socket. Replies and pushes under way on it never arrive.
    pub(crate) fn leave(&mut self, browser: usize) {
        let browser = &mut self.browsers[browser];
        browser.socket = None;
        browser.open = false;
        for tab in &mut browser.tabs {
            tab.sync = None;
            tab.older.clear();
            tab.heard.clear();
            tab.owed = false; // the sync on the next socket takes the periodic sync's place
        }
    }

    /// The browser closes its socket: both ends know.
    pub(crate) fn hang_up(&mut self, browser: usize) {
        if let Some(connection) = self.browsers[browser].socket {
            self.connections[connection].socket = Socket::Dead;
        }
        self.leave(browser);
    }

    /// The user reloads the page: what it showed is gone, and with it the cursor (R9).
    pub(crate) fn reload(&mut self, protocol: &Protocol, browser: usize) {
        self.hang_up(browser);
        let loaded = self.loads(protocol, browser);
        for tab in &mut self.browsers[browser].tabs {
            let cursor = if protocol.rules.reload_forgets {
                None
            } else {
                tab.cursor
            };
            *tab = Tab {
                cursor,
                loaded,
                ..Tab::new(tab.topics, tab.open)
            };
        }
    }

    /// Deletes a connection's row. Its page is not told.
    pub(crate) fn unlist(&mut self, connection: usize) {
        self.connections[connection].row = Row::Gone;
        self.owe(connection);
    }

    /// A post to the page at this connection failed, or its row was deleted: from now on it depends on its periodic
    /// sync (R7).
    pub(crate) fn owe(&mut self, connection: usize) {
        let browser = self.connections[connection].browser;
        if self.listens(browser, connection) {
            self.browsers[browser]
                .tabs
                .iter_mut()
                .filter(|tab| tab.open)
                .for_each(|tab| tab.owed = true);
        }
    }

    /// Deletes the chatter ID. From now on `$connect` refuses it.
    pub(crate) fn revoke(&mut self, protocol: &Protocol) {
        self.revocation = match (protocol.rules.revoke_closes, protocol.rules.revoke_twice) {
            (false, _) => Revocation::Done,
            (true, false) => Revocation::Deleted { queries: 1 },
            (true, true) => Revocation::Deleted { queries: 2 },
        };
    }

    /// The revocation queries the rows with the chatter ID's hash.
    pub(crate) fn query_revoked(&mut self, protocol: &Protocol) {
        if let Revocation::Deleted { queries } = self.revocation {
            let listed = (0..self.connections.len()).filter(|at| self.connections[*at].row == Row::Stored);
            let sockets = listed.filter(|at| protocol.revocable(&self.connections[*at])).collect();
            self.revocation = Revocation::Closing {
                sockets,
                queries: queries - 1,
            }
            .next();
        }
    }

    /// The revocation deletes a row and closes its socket. For a socket that is not open yet the gateway answers 410:
    /// it opens later, without a row. The message `closing` is left out of the model, since no rule depends on its
    /// arrival.
    pub(crate) fn close_revoked(&mut self, connection: usize) {
        self.connections[connection].row = Row::Gone;
        if self.connections[connection].socket == Socket::Live {
            self.connections[connection].socket = Socket::Dead;
        }
        if let Revocation::Closing { sockets, queries } = &mut self.revocation {
            sockets.retain(|socket| *socket != connection);
            self.revocation = Revocation::Closing {
                sockets: std::mem::take(sockets),
                queries: *queries,
            }
            .next();
        }
    }
}

impl Revocation {
    /// The next phase, if no socket is left to close; otherwise the same.
    fn next(self) -> Self {
        match self {
            Self::Closing { sockets, queries: 0 } if sockets.is_empty() => Self::Done,
            Self::Closing { sockets, queries } if sockets.is_empty() => Self::Deleted { queries },
            other => other,
        }
    }
}
