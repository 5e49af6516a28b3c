//! The atomic actions, and when each is possible. `apply.rs` has what each does.

use crate::Protocol;
use crate::state::{Notify, Revocation, Row, Socket, State, Sync, Tab};

/// One atomic action. The fields are positions: `page` of a browser, `tab` of a tab in it, `socket` of a connection,
/// `notify` of an invocation.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the fields are the numbers just explained")]
pub enum Action {
    /// The pipeline invokes `notify`, which records the update.
    Record { notify: usize },
    /// With R1 off: `notify` reads the connections first and records in its next step.
    ReadFirst { notify: usize },
    /// `notify` reads the login's connections.
    Read { notify: usize },
    /// The same with an eventually consistent read, which misses one row.
    ReadMissing { notify: usize, socket: usize },
    /// A post is accepted by the gateway.
    Post { notify: usize, socket: usize },
    /// A post is answered 410 and counts as early: the row stays.
    PostEarly { notify: usize, socket: usize },
    /// A post is answered 410 and counts as gone: the row will be deleted.
    PostGone { notify: usize, socket: usize },
    /// A post fails after its retries.
    PostFails { notify: usize, socket: usize },
    /// A post is accepted, but `notify` does not learn it and will send it again.
    PostTwice { notify: usize, socket: usize },
    /// `notify` deletes the row of a gone connection.
    Prune { notify: usize, socket: usize },
    /// The event's source delivers it again, because `notify` was killed or for no reason.
    Retry { notify: usize },
    /// A browser opens a socket; `$connect` is invoked.
    Connect { page: usize },
    /// `$connect`: the transaction has committed, but its row is not visible yet. (Only where a revocation may come
    /// between.)
    Check { socket: usize },
    /// `$connect`: the row is in the table.
    Store { socket: usize },
    /// `$connect` returns 200, and the socket opens.
    Open { socket: usize },
    /// `$connect` returns 401.
    Refuse { socket: usize },
    /// `$disconnect` deletes the row; it may come late, or never.
    Disconnect { socket: usize },
    /// The row expires while its socket is open.
    Expire { socket: usize },
    /// A socket dies, and the gateway knows.
    Kill { socket: usize },
    /// A browser loses its socket, and the gateway does not know.
    Vanish { page: usize },
    /// The user reloads the page.
    Reload { page: usize },
    /// A browser finds that its socket is dead.
    Notice { page: usize },
    /// `$default` answers a sync.
    Answer { page: usize, tab: usize },
    /// The same with an eventually consistent read, which misses the last update.
    AnswerStale { page: usize, tab: usize },
    /// The reply to a sync arrives.
    Hear { page: usize, tab: usize },
    /// With R5 off: the reply to an older sync arrives and counts.
    HearOlder { page: usize, tab: usize },
    /// A sync, or its reply, is lost.
    LoseSync { page: usize, tab: usize },
    /// A lost sync is sent again.
    SyncAgain { page: usize, tab: usize },
    /// A sync for no reason, or because an answer takes too long.
    NeedlessSync { page: usize, tab: usize },
    /// A sync because of a gap, perhaps after a wait for the push that was overtaken.
    GapSync { page: usize, tab: usize },
    /// The periodic sync of a page that needs it.
    PeriodicSync { page: usize, tab: usize },
    /// A page of another login asks for the updates of login 0.
    Snoop { page: usize },
    /// A tab is opened.
    OpenTab { page: usize, tab: usize },
    /// A tab is closed, and its browser's socket with it if this tab held the socket.
    CloseTab { page: usize, tab: usize },
    /// A browser closes its socket, to open one that listens to more topics.
    Widen { page: usize },
    /// The table `updates` is lost, and the log begins anew.
    NewLog,
    /// Chatter ID 0 is deleted.
    Revoke,
    /// The revocation queries the rows.
    QueryRevoked,
    /// The revocation deletes a row and closes its socket.
    CloseRevoked { socket: usize },
}

impl Protocol {
    /// The steps: actions that the system takes by itself, sooner or later.
    pub(crate) fn steps(&self, state: &State, out: &mut Vec<Action>) {
        (0..state.notifies.len()).for_each(|notify| self.notify_steps(state, notify, out));
        (0..state.connections.len()).for_each(|socket| self.connection_steps(state, socket, out));
        (0..state.browsers.len()).for_each(|page| self.browser_steps(state, page, out));
        match &state.revocation {
            Revocation::Deleted { queries } if !self.row_pending(state, *queries) => out.push(Action::QueryRevoked),
            Revocation::Closing { sockets, .. } => {
                out.extend(sockets.iter().map(|socket| Action::CloseRevoked { socket: *socket }));
            }
            _ => {}
        }
    }

    fn notify_steps(&self, state: &State, notify: usize, out: &mut Vec<Action>) {
        match &state.notifies[notify] {
            Notify::ReadFirst(_) => out.push(Action::Record { notify }),
            Notify::Recorded(_) => out.push(Action::Read { notify }),
            Notify::Posting(_, posts) => {
                for post in posts {
                    self.post_steps(state, notify, post.connection, post.gone, out);
                }
            }
            Notify::Idle | Notify::Done => {}
        }
    }

    /// Possible results of a post. By R3 the row's age is taken before the post is sent; with that rule off, when the
    /// row is to be deleted.
    fn post_steps(&self, state: &State, notify: usize, socket: usize, gone: bool, out: &mut Vec<Action>) {
        let old = state.may_be_old(self, socket);
        match (
            state.connections[socket].socket,
            self.rules.grace,
            self.rules.age_before_post,
        ) {
            _ if gone && self.rules.age_before_post => out.push(Action::Prune { notify, socket }),
            _ if gone => out.push(if old {
                Action::Prune { notify, socket }
            } else {
                Action::PostEarly { notify, socket }
            }),
            (Socket::Live, ..) => out.push(Action::Post { notify, socket }),
            (_, false, _) | (_, true, false) => out.push(Action::PostGone { notify, socket }),
            (_, true, true) => {
                out.push(Action::PostEarly { notify, socket });
                out.extend(old.then_some(Action::PostGone { notify, socket }));
            }
        }
    }

    fn connection_steps(&self, state: &State, socket: usize, out: &mut Vec<Action>) {
        let connection = &state.connections[socket];
        let revocable = self.revocable(connection);
        match connection.row {
            Row::Asked if revocable && state.revocation != Revocation::None => out.push(Action::Refuse { socket }),
            Row::Asked if revocable => out.push(Action::Check { socket }),
            Row::Asked if connection.socket == Socket::Dead => {} // a chance: it may be stored or not
            Row::Asked | Row::Checked => out.push(Action::Store { socket }),
            Row::Stored | Row::Gone => {}
        }
        let committed = matches!(connection.row, Row::Stored | Row::Gone) || !self.rules.store_before_open;
        if connection.socket == Socket::Connecting && committed {
            out.push(Action::Open { socket });
        }
    }

    fn browser_steps(&self, state: &State, page: usize, out: &mut Vec<Action>) {
        let browser = &state.browsers[page];
        match browser.socket.map(|socket| state.connections[socket].socket) {
            None if !browser.refused => out.push(Action::Connect { page }),
            Some(Socket::Dead) => out.push(Action::Notice { page }),
            Some(Socket::Live) if browser.open => self.listening_steps(state, page, out),
            _ => {}
        }
    }

    fn listening_steps(&self, state: &State, page: usize, out: &mut Vec<Action>) {
        let browser = &state.browsers[page];
        let covers = |tab: &Tab| {
            browser
                .socket
                .is_some_and(|at| state.connections[at].topics.covers(tab.topics))
        };
        if !browser.tabs.iter().filter(|tab| tab.open).all(covers) {
            out.push(Action::Widen { page });
        }
        for (at, tab) in browser.tabs.iter().enumerate() {
            out.extend((!tab.older.is_empty()).then_some(Action::HearOlder { page, tab: at }));
            match tab.sync {
                Some(Sync::Asked(..)) => out.push(Action::Answer { page, tab: at }),
                Some(Sync::Answered(_)) => out.push(Action::Hear { page, tab: at }),
                Some(Sync::Lost) if self.rules.sync_times_out => out.push(Action::SyncAgain { page, tab: at }),
                None if state.hears(self, page, at) => {
                    let gap = self.rules.gap_syncs && !tab.heard.is_empty();
                    out.extend(gap.then_some(Action::GapSync { page, tab: at }));
                    let owed = self.rules.periodic_sync && tab.owed;
                    out.extend(owed.then_some(Action::PeriodicSync { page, tab: at }));
                }
                Some(Sync::Lost) | None => {}
            }
        }
    }

    /// Whether the second query has to wait for a row to become visible. It comes a second after the first, by when
    /// every transaction that committed before the chatter was deleted is visible. With V1 off that is not so: the
    /// two separate calls may be any time apart.
    fn row_pending(&self, state: &State, queries: u8) -> bool {
        let second = queries == 1 && self.rules.revoke_twice && self.rules.one_transaction;
        second
            && state
                .connections
                .iter()
                .any(|connection| connection.row == Row::Checked && self.revocable(connection))
    }

    /// The chances: actions that the pipeline, the users, the network and the machines may or may not take.
    pub(crate) fn chances(&self, state: &State, out: &mut Vec<Action>) {
        let left = &state.left;
        for (notify, phase) in state.notifies.iter().enumerate() {
            match phase {
                Notify::Idle if self.rules.record_before_read => out.push(Action::Record { notify }),
                Notify::Idle => out.push(Action::ReadFirst { notify }),
                _ => out.extend((left.retries > 0).then_some(Action::Retry { notify })),
            }
            self.post_chances(state, notify, out);
        }
        for (socket, connection) in state.connections.iter().enumerate() {
            let (dead, row) = (connection.socket == Socket::Dead, connection.row);
            out.extend((left.drops > 0 && !dead).then_some(Action::Kill { socket }));
            out.extend((dead && row == Row::Asked && !self.revocable(connection)).then_some(Action::Store { socket }));
            out.extend((dead && row == Row::Stored).then_some(Action::Disconnect { socket }));
            let expires = !self.rules.row_outlives_socket && !dead && row == Row::Stored;
            out.extend(expires.then_some(Action::Expire { socket }));
        }
        (0..state.browsers.len()).for_each(|page| self.browser_chances(state, page, out));
        out.extend((left.new_logs > 0).then_some(Action::NewLog));
        out.extend((left.revocations > 0).then_some(Action::Revoke));
    }

    fn post_chances(&self, state: &State, notify: usize, out: &mut Vec<Action>) {
        let left = &state.left;
        match &state.notifies[notify] {
            Notify::Recorded(_) if !self.rules.strong_rows => {
                let listed = (0..state.connections.len()).filter(|at| state.connections[*at].row == Row::Stored);
                out.extend(listed.map(|socket| Action::ReadMissing { notify, socket }));
            }
            Notify::Posting(_, posts) => {
                for post in posts.iter().filter(|post| !post.gone) {
                    let socket = post.connection;
                    let live = state.connections[socket].socket == Socket::Live;
                    out.extend((left.failed_posts > 0).then_some(Action::PostFails { notify, socket }));
                    out.extend((left.repeated_posts > 0 && live).then_some(Action::PostTwice { notify, socket }));
                }
            }
            _ => {}
        }
    }

    fn browser_chances(&self, state: &State, page: usize, out: &mut Vec<Action>) {
        let (left, browser) = (&state.left, &state.browsers[page]);
        if left.drops > 0 && browser.socket.is_some() {
            out.extend([Action::Vanish { page }, Action::Reload { page }]);
        }
        let login = self.scenario.browsers[page].login;
        out.extend((left.snoops > 0 && login != 0 && browser.open).then_some(Action::Snoop { page }));
        let open = browser.tabs.iter().filter(|tab| tab.open).count();
        for (tab, content) in browser.tabs.iter().enumerate() {
            if state.hears(self, page, tab) {
                out.extend((left.needless_syncs > 0).then_some(Action::NeedlessSync { page, tab }));
                let under_way = matches!(content.sync, Some(Sync::Asked(..) | Sync::Answered(_)));
                out.extend((left.lost_syncs > 0 && under_way).then_some(Action::LoseSync { page, tab }));
                let asked = matches!(content.sync, Some(Sync::Asked(..)));
                out.extend((!self.rules.strong_updates && asked).then_some(Action::AnswerStale { page, tab }));
            }
            match content.open {
                _ if left.tab_changes == 0 => {}
                true if open > 1 => out.push(Action::CloseTab { page, tab }),
                true => {}
                false => out.push(Action::OpenTab { page, tab }),
            }
        }
    }
}
