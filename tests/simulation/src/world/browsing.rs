//! What happens to browsers, and what they do about it.

use super::{Revoking, Task, World, browser::Shown, gateway::Frame, pipeline::Pipeline};
use chatterbox_page::{Output, Request, Update, timing};
use std::time::Duration;

impl World {
    /// A browser opens a socket, beside the one that it has.
    pub(super) fn open_socket(&mut self, browser: usize) {
        let now = self.now();
        let topics = self.browsers[browser].topics();
        let socket = self.gateway.ask(browser, topics, now);
        self.note(|world| {
            let topics = &world.gateway.sockets[socket].topics;
            format!("browser {browser} opens socket {socket}, on {topics:?}")
        });
        let own = &mut self.browsers[browser];
        own.opening = Some((socket, now + timing::HANDSHAKE_TIMEOUT));
        (own.retry_at, own.is_replaced) = (None, false);
        self.start(Task::Connect(socket));
    }

    /// The next message arrives at the gateway.
    pub(super) fn reach_gateway(&mut self, socket: usize) {
        let Some(text) = self.gateway.sockets[socket].to_gateway.pop_front() else {
            return;
        };
        if !self.gateway.sockets[socket].works() {
            return;
        }
        if text == Request::Ping.to_text() {
            self.gateway.sockets[socket].send(Frame::Text(r#"{"type":"pong"}"#.to_owned()));
        } else {
            self.start_default(socket, text);
        }
    }

    /// The next message arrives at a socket's browser.
    pub(super) fn reach_browser(&mut self, socket: usize) {
        let Some(frame) = self.gateway.sockets[socket].to_browser.pop_front() else {
            return;
        };
        let browser = self.gateway.sockets[socket].browser;
        let own = &self.browsers[browser];
        let is_opening = own.opening.is_some_and(|(it, _)| it == socket);
        let is_current = own.socket == Some(socket);
        self.note(|_| format!("socket {socket} brings browser {browser}: {}", told(&frame)));
        match frame {
            Frame::Open if is_opening => self.opened(browser, socket),
            Frame::Refused(status) if is_opening => self.refused(browser, status),
            Frame::Close if is_opening => self.refused(browser, 1006),
            Frame::Text(text) if is_current => self.received(browser, socket, &text),
            Frame::Close if is_current => {
                let now = self.now();
                self.browsers[browser].lose_socket(now, &mut self.rng);
            }
            _ => {}
        }
    }

    fn opened(&mut self, browser: usize, socket: usize) {
        let own = &mut self.browsers[browser];
        (own.opening, own.retry_at, own.attempts) = (None, None, 0);
        if let Some(old) = own.socket.replace(socket) {
            self.close_by_browser(old);
        }
        for tab in 0..self.browsers[browser].tabs.len() {
            if self.browsers[browser].socket == Some(socket) {
                self.join(browser, tab);
            }
        }
        self.widen(browser);
    }

    /// A tab uses the browser's socket, if that listens to all its topics; otherwise it does not.
    fn join(&mut self, browser: usize, tab: usize) {
        let now = self.now();
        let own = &mut self.browsers[browser];
        let Some(socket) = own.socket else { return };
        let tab_of = &mut own.tabs[tab];
        tab_of.owed.clear();
        tab_of.hears = tab_of.is_covered_by(&self.gateway.sockets[socket].topics);
        if tab_of.hears {
            let out = tab_of.page.opened(now);
            self.follow(browser, tab, out);
        }
    }

    /// If a tab cannot use the socket, the browser opens another that listens to more.
    fn widen(&mut self, browser: usize) {
        let own = &self.browsers[browser];
        if own.socket.is_some() && own.opening.is_none() && own.tabs.iter().any(|tab| !tab.hears) {
            self.open_socket(browser);
        }
    }

    fn refused(&mut self, browser: usize, status: u16) {
        let now = self.now();
        let is_revoked = self.chatters[self.browsers[browser].chatter].revocation != Revoking::No;
        let own = &mut self.browsers[browser];
        own.opening = None;
        // It would try again, ever more slowly, and be refused for ever.
        own.is_closed |= status == 401 && is_revoked;
        if own.socket.is_none() && !own.is_closed {
            own.retry(now, &mut self.rng);
        }
        self.widen_later(browser);
    }

    /// A successor that failed is tried again after a while.
    fn widen_later(&mut self, browser: usize) {
        let now = self.now();
        let own = &mut self.browsers[browser];
        let is_wanted = own.tabs.iter().any(|tab| !tab.hears);
        if own.socket.is_some() && is_wanted && !own.is_closed {
            own.retry(now, &mut self.rng);
        }
    }

    fn received(&mut self, browser: usize, socket: usize, text: &str) {
        let now = self.now();
        for tab in 0..self.browsers[browser].tabs.len() {
            let own = &mut self.browsers[browser];
            if own.socket == Some(socket) && own.tabs[tab].hears {
                let out = own.tabs[tab].page.received(text, now);
                self.follow(browser, tab, out);
            }
        }
    }

    /// What a page wants is done.
    fn follow(&mut self, browser: usize, tab: usize, out: Output) {
        for update in out.shows {
            self.show(browser, tab, update);
        }
        self.check_cursor(browser, tab);
        let socket = self.browsers[browser].socket;
        for request in out.sends {
            if matches!(request, Request::Sync { .. }) {
                self.browsers[browser].tabs[tab].owed.clear();
            }
            self.note(|_| format!("tab {tab} of browser {browser} sends {}", request.to_text()));
            if let Some(socket) = socket.map(|socket| &mut self.gateway.sockets[socket])
                && socket.works()
            {
                socket.to_gateway.push_back(request.to_text());
            }
        }
        if let Some(then) = out.hangs_up {
            self.note(|_| format!("tab {tab} of browser {browser} hangs up: {then:?}"));
            self.count(format!("page hangs up: {then:?}"));
            if let Some(socket) = socket {
                self.close_by_browser(socket);
            }
            let now = self.now();
            let opening = self.browsers[browser].opening;
            self.browsers[browser].hang_up(then, now, &mut self.rng);
            if let (Some((socket, _)), None) = (opening, self.browsers[browser].opening) {
                self.gateway.sockets[socket].cut.get_or_insert(now);
            }
        }
    }

    /// A page shows an update, which must be its login's, and newer than what it showed of that log.
    fn show(&mut self, browser: usize, tab: usize, update: Update) {
        let serial = Pipeline::serial(&update.id);
        self.note(|_| {
            format!(
                "tab {tab} of browser {browser} shows {} of {:?}",
                update.id, update.topics
            )
        });
        self.count("update shown");
        let own = &mut self.browsers[browser];
        let event = &self.pipeline.events[serial];
        let mut wrong = None;
        if !event.logins.contains(&own.login) {
            wrong = Some("a page shows another login's update");
        }
        let tab = &mut own.tabs[tab];
        let epoch = tab.page.cursor().map(|cursor| cursor.epoch.clone());
        for topic in update.topics {
            if !event.topics.contains(&topic) {
                wrong = Some("a page shows an update of a topic that it is not about");
            }
            let shown = Shown {
                epoch: epoch.clone(),
                serial,
            };
            let before = tab.shown.insert(topic, shown);
            if before.is_some_and(|before| before.epoch.is_some() && before.epoch == epoch && before.serial >= serial) {
                wrong = Some("a page shows an update twice, or one that is older than what it showed");
            }
        }
        if let Some(wrong) = wrong {
            self.violate(wrong);
        }
    }

    /// A browser closes a socket. The gateway learns of it, unless nothing passes any more.
    fn close_by_browser(&mut self, socket: usize) {
        let now = self.now();
        let at = &mut self.gateway.sockets[socket];
        if at.works() {
            at.to_browser.clear();
            at.cut = Some(now);
            self.end_socket(socket);
        } else {
            at.cut.get_or_insert(now);
        }
    }

    /// What is due at a browser happens.
    pub(super) fn fire_browser(&mut self, browser: usize) {
        let now = self.now();
        for tab in 0..self.browsers[browser].tabs.len() {
            let own = &mut self.browsers[browser].tabs[tab];
            if own.hears && own.page.deadline().is_some_and(|at| at <= now) {
                let out = own.page.time(now);
                self.follow(browser, tab, out);
            }
        }
        let own = &self.browsers[browser];
        if let Some((socket, end)) = own.opening
            && end <= now
        {
            self.gateway.sockets[socket].cut.get_or_insert(now);
            self.refused(browser, 1006);
        }
        let own = &self.browsers[browser];
        if own.retry_at.is_some_and(|at| at <= now) {
            if own.opening.is_none() && !own.is_closed {
                self.open_socket(browser);
            } else {
                self.browsers[browser].retry_at = None;
            }
        }
    }

    /// All pages of a browser are loaded anew.
    pub(super) async fn reload(&mut self, browser: usize) {
        self.note(|_| format!("browser {browser} is loaded anew"));
        self.count("page loaded anew");
        let now = self.now();
        self.give_up_sockets(browser);
        let login = self.browsers[browser].login.clone();
        for tab in 0..self.browsers[browser].tabs.len() {
            let topics = self.browsers[browser].tabs[tab].topics.clone();
            self.browsers[browser].tabs[tab] = self.load_tab(&login, Some(topics));
        }
        self.browsers[browser].retry_at = Some(now);
        // What happens now is later than what the page has.
        self.pass(Duration::from_millis(2)).await;
    }

    /// A tab is opened.
    pub(super) async fn open_tab(&mut self, browser: usize) {
        self.count("tab opened");
        let login = self.browsers[browser].login.clone();
        let tab = self.load_tab(&login, None);
        self.note(|_| format!("browser {browser} opens a tab on {:?}", tab.topics));
        self.browsers[browser].tabs.push(tab);
        self.pass(Duration::from_millis(2)).await;
        let last = self.browsers[browser].tabs.len() - 1;
        if !self.browsers[browser].tabs[last].hears {
            self.join(browser, last);
            self.widen(browser);
        }
    }

    /// A tab is closed. If it was the one with the socket, the others need a new one.
    pub(super) fn close_tab(&mut self, browser: usize) {
        let tab = self.rng.usize(..self.browsers[browser].tabs.len());
        self.note(|_| format!("browser {browser} closes tab {tab}"));
        self.count("tab closed");
        self.browsers[browser].tabs.remove(tab);
        if tab == 0 {
            self.give_up_sockets(browser);
        }
    }

    /// The page that has the browser's socket, or is opening one, is gone.
    fn give_up_sockets(&mut self, browser: usize) {
        let now = self.now();
        if let Some(socket) = self.browsers[browser].socket {
            self.close_by_browser(socket);
        }
        if let Some((socket, _)) = self.browsers[browser].opening.take() {
            self.gateway.sockets[socket].cut.get_or_insert(now);
        }
        self.browsers[browser].lose_socket(now, &mut self.rng);
    }

    /// Whether nothing is under way on any socket.
    pub(super) fn are_sockets_quiet(&self) -> bool {
        let is_quiet = |socket: &super::gateway::Socket| socket.to_browser.is_empty() && socket.to_gateway.is_empty();
        self.gateway.sockets.iter().all(is_quiet)
    }
}

/// A frame in few words.
fn told(frame: &Frame) -> String {
    match frame {
        Frame::Open => "the socket is open".to_owned(),
        Frame::Refused(status) => format!("refused, {status}"),
        Frame::Close => "the socket has ended".to_owned(),
        Frame::Text(text) => {
            let mut message: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
            if let Some(message) = message.as_object_mut() {
                for field in ["now", "at", "body", "login", "topic"] {
                    message.remove(field);
                }
            }
            message.to_string()
        }
    }
}
