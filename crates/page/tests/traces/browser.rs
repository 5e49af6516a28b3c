//! A browser whose tabs are pages. They share its socket: a push goes to each tab whose topics the socket has, and a reply
//! to each of them too, since only a page knows which replies are its own.

use crate::trace::{Asked, Given, Push, Reply, Shown, Then, Told, Trace};
use chatterbox_page::{
    Entry, Failure, Message, Options, Output, Page, Request, Topics,
    timing::{GAP_WAIT, LONGEST_WAIT, SYNC_EVERY},
};
use serde_json::Value;
use std::time::Duration;
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::datetime};

/// The server's clock when the browser is started, of which no page knows anything.
const SERVER_TIME: OffsetDateTime = datetime!(2026-01-31 09:00 UTC);

/// What the pipeline's clock says, which decides nothing.
const PIPELINE_TIME: &str = "2001-01-01T00:00:00Z";

pub(crate) struct Browser {
    now: Duration,
    own_data: bool,
    /// What the open socket listens to.
    socket: Option<Topics>,
    pub(crate) tabs: Vec<Tab>,
    /// Whether a page has hung up in this step.
    hung_up: bool,
}

pub(crate) struct Tab {
    topics: Topics,
    pub(crate) page: Option<Page>,
    loaded_at: Duration,
    /// The `n` of each sync that the tab has sent.
    asked: Vec<u64>,
    /// Whether the newest of them has had no reply.
    is_asking: bool,
    /// What has followed in this step.
    then: Then,
}

impl Browser {
    pub(crate) fn of(trace: &Trace) -> Browser {
        let tab = |topics: &Vec<String>| Tab {
            topics: Topics::of(topics.clone()),
            page: None,
            loaded_at: Duration::ZERO,
            asked: Vec::new(),
            is_asking: false,
            then: Then::default(),
        };
        let mut browser = Browser {
            now: Duration::ZERO,
            own_data: trace.own_data,
            socket: None,
            tabs: trace.tabs.iter().map(tab).collect(),
            hung_up: false,
        };
        browser.load(0);
        browser
    }

    /// Does what a step says, and returns what followed for each open tab, and whether a page hung up.
    pub(crate) fn take(&mut self, given: &Given) -> (Vec<Then>, bool) {
        self.now += Duration::from_millis(10);
        self.hung_up = false;
        for (number, tab) in self.tabs.iter_mut().enumerate() {
            tab.then = Then {
                tab: number,
                ..Then::default()
            };
        }
        match given {
            Given::Open { topics } => {
                self.socket = Some(Topics::of(topics.clone()));
                (0..self.tabs.len()).for_each(|tab| self.join(tab));
            }
            Given::Lose => self.lose(),
            Given::Push { push } => self.hear(&Message::StatsUpdated(pushed(push))),
            Given::Reply { tab, to, reply } => {
                let reply = self.reply(*tab, *to, reply);
                self.tabs[*tab].is_asking &= *to != self.tabs[*tab].asked.len();
                self.hear(&Message::Sync(reply));
            }
            Given::Unknown { .. } => self.hear(&Message::Error(Failure {
                code: "unknown-connection".to_owned(),
                message: "this socket is not on record for that login: connect anew".to_owned(),
            })),
            Given::Wait { tab } => self.wait(*tab),
            Given::Reload => {
                self.lose();
                let open = (0..self.tabs.len()).filter(|tab| self.tabs[*tab].page.is_some());
                open.collect::<Vec<_>>().into_iter().for_each(|tab| self.load(tab));
            }
            Given::OpenTab { tab } => {
                self.load(*tab);
                self.join(*tab);
            }
            Given::CloseTab { tab } => self.tabs[*tab].page = None,
        }
        if self.hung_up {
            self.lose();
        }
        (self.tabs.iter().filter_map(Tab::then).collect(), self.hung_up)
    }

    /// Whether no page waits for anything but the next push.
    pub(crate) fn is_calm(&self) -> bool {
        let mut pages = self.tabs.iter().filter_map(|tab| tab.page.as_ref());
        pages.all(|page| page.is_calm() || !page.is_open())
    }

    /// The socket is lost, or closed.
    pub(crate) fn lose(&mut self) {
        self.socket = None;
        for tab in &mut self.tabs {
            tab.is_asking = false;
            tab.page.iter_mut().for_each(Page::lost);
        }
    }

    /// The tab's page is loaded, and remembers nothing.
    fn load(&mut self, tab: usize) {
        let (own_data, now) = (self.own_data.then_some(Duration::ZERO), self.now);
        let it = &mut self.tabs[tab];
        it.loaded_at = now;
        let options = Options {
            login: "l0".to_owned(),
            topics: it.topics.clone(),
            own_data,
            first_n: it.asked.last().copied().unwrap_or(1_000 * tab as u64),
            seed: 1,
        };
        it.page = Some(Page::new(options, now));
    }

    /// The tab uses the browser's socket, if that listens to all its topics (R9).
    fn join(&mut self, tab: usize) {
        let it = &mut self.tabs[tab];
        let covers = self.socket.as_ref().is_some_and(|socket| socket.covers(&it.topics));
        match &mut it.page {
            Some(page) if covers => {
                let output = page.opened(self.now);
                self.follow(tab, output);
            }
            Some(page) => page.lost(),
            None => {}
        }
    }

    /// A message comes on the socket.
    fn hear(&mut self, message: &Message) {
        for tab in 0..self.tabs.len() {
            if let Some(page) = &mut self.tabs[tab].page {
                let output = page.take(message.clone(), self.now);
                self.follow(tab, output);
            }
        }
    }

    /// Time passes until the tab asks by itself, but no more than it may wait. A ping on the way is answered.
    fn wait(&mut self, tab: usize) {
        let patience = match &self.tabs[tab] {
            Tab { is_asking: true, .. } => LONGEST_WAIT,
            Tab { page: Some(page), .. } if !page.is_calm() => GAP_WAIT,
            _ => SYNC_EVERY,
        };
        let latest = self.now + patience;
        while self.tabs[tab].then.asks.is_empty()
            && !self.hung_up
            && let Some(page) = &mut self.tabs[tab].page
            && let Some(deadline) = page.deadline()
            && deadline <= latest
        {
            self.now = self.now.max(deadline);
            let mut output = page.time(self.now);
            if output.sends.contains(&Request::Ping) {
                let nothing = page.take(Message::Pong, self.now);
                assert_eq!(nothing, Output::default());
                output.sends.retain(|request| *request != Request::Ping);
            }
            self.follow(tab, output);
        }
    }

    fn follow(&mut self, tab: usize, output: Output) {
        let it = &mut self.tabs[tab];
        it.then.shows.extend(output.shows.into_iter().map(|update| Shown {
            topics: update.topics,
            version: update.version,
            id: update.id,
        }));
        for request in output.sends {
            let Request::Sync { cursor, n, .. } = request else {
                panic!("a ping where time did not pass");
            };
            it.asked.push(n);
            it.is_asking = true;
            it.then.asks.push(Asked { cursor });
        }
        self.hung_up |= output.hangs_up.is_some();
    }

    /// The reply to the tab's sync of this number.
    fn reply(&self, tab: usize, to: usize, reply: &Reply) -> chatterbox_page::Reply {
        let tab = &self.tabs[tab];
        let text = |time: OffsetDateTime| time.format(&Rfc3339).expect("a date of this century");
        // Just before the page was loaded, or when it was.
        let recorded =
            |is_before: bool| SERVER_TIME + tab.loaded_at - Duration::from_millis(if is_before { 1 } else { 0 });
        let update = |told: &Told| Entry {
            recorded: Some(text(recorded(told.before_load))),
            ..entry(&told.topics, told.version, &told.id)
        };
        chatterbox_page::Reply {
            n: tab.asked[to - 1],
            now: Some(text(SERVER_TIME + self.now)),
            cursor: reply.cursor.clone(),
            missed: None,
            reset: reply.reset,
            more: reply.more,
            updates: reply.updates.iter().map(update).collect(),
        }
    }
}

impl Tab {
    fn then(&self) -> Option<Then> {
        self.page.as_ref().map(|page| Then {
            cursor: page.cursor().cloned(),
            ..self.then.clone()
        })
    }
}

fn pushed(push: &Push) -> chatterbox_page::Push {
    chatterbox_page::Push {
        epoch: push.epoch.clone(),
        prev: push.prev,
        entry: entry(&push.topics, push.version, &push.id),
    }
}

fn entry(topics: &[String], version: u64, id: &str) -> Entry {
    Entry {
        topics: topics.to_vec(),
        version,
        id: id.to_owned(),
        at: PIPELINE_TIME.to_owned(),
        recorded: None,
        body: Value::Null,
    }
}
