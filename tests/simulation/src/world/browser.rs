//! A browser: its tabs, each with a page, and the socket that they share.
//!
//! It keeps the socket as the browser client does: it connects again after a random wait, replaces an old socket before it
//! closes it, and stops when it is told that its chatter ID is no longer good.

use chatterbox_page::{HangUp, Options, Page, Topics, timing};
use fastrand::Rng;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// A browser.
#[derive(Clone, Debug)]
pub(super) struct Browser {
    pub(super) login: String,
    /// Which of the login's chatter IDs it has.
    pub(super) chatter: usize,
    pub(super) tabs: Vec<Tab>,
    /// The socket that its tabs use.
    pub(super) socket: Option<usize>,
    /// The socket that it is opening, and when it gives that up.
    pub(super) opening: Option<(usize, Duration)>,
    /// When it tries again to open one.
    pub(super) retry_at: Option<Duration>,
    /// Attempts in a row that did not open.
    pub(super) attempts: u32,
    /// Whether it was told never to come back.
    pub(super) is_closed: bool,
    /// Whether it waits because its login has too many sockets.
    pub(super) is_replaced: bool,
}

/// A tab.
#[derive(Clone, Debug)]
pub(super) struct Tab {
    pub(super) page: Page,
    /// Its topics; `None` for all.
    pub(super) topics: Option<Vec<String>>,
    /// Whether it uses the browser's socket.
    pub(super) hears: bool,
    /// What it shows of each topic.
    pub(super) shown: BTreeMap<String, Shown>,
    /// What a failed post or a deleted row may have cost it: until its next sync it depends on the periodic one (R7).
    pub(super) owed: BTreeSet<String>,
}

/// An update that a page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// Its log; `None` if the page was loaded with it.
    pub(super) epoch: Option<String>,
    /// The number of its event.
    pub(super) serial: usize,
}

impl Tab {
    /// A page that is loaded now. It shows the data that it was loaded with, if it has any.
    pub(super) fn new(
        login: &str,
        topics: Option<Vec<String>>,
        own_data: Option<BTreeMap<String, Shown>>,
        now: Duration,
        rng: &mut Rng,
    ) -> Tab {
        let options = Options {
            login: login.to_owned(),
            topics: topics.clone().map_or(Topics::ALL, Topics::of),
            own_data: own_data.as_ref().map(|_| Duration::ZERO),
            first_n: rng.u64(0..1 << 50),
            seed: rng.u64(..),
        };
        Tab {
            page: Page::new(options, now),
            topics,
            hears: false,
            shown: own_data.unwrap_or_default(),
            owed: BTreeSet::new(),
        }
    }

    /// Whether a socket with these topics will do.
    pub(super) fn is_covered_by(&self, socket: &Option<Vec<String>>) -> bool {
        match (&self.topics, socket) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(listens)) => own.iter().all(|topic| listens.contains(topic)),
        }
    }
}

impl Browser {
    /// A browser with one tab, which has no socket yet.
    pub(super) fn new(login: String, chatter: usize, tab: Tab, now: Duration) -> Browser {
        Browser {
            login,
            chatter,
            tabs: vec![tab],
            socket: None,
            opening: None,
            retry_at: Some(now),
            attempts: 0,
            is_closed: false,
            is_replaced: false,
        }
    }

    /// The topics of all its tabs.
    pub(super) fn topics(&self) -> Option<Vec<String>> {
        let of_tabs: Option<Vec<&Vec<String>>> = self.tabs.iter().map(|tab| tab.topics.as_ref()).collect();
        let all: BTreeSet<String> = of_tabs?.into_iter().flatten().cloned().collect();
        Some(all.into_iter().collect())
    }

    /// Its socket is gone; nobody hears on it any more. It opens another after a random wait.
    pub(super) fn lose_socket(&mut self, now: Duration, rng: &mut Rng) {
        self.socket = None;
        for tab in &mut self.tabs {
            tab.page.lost();
            tab.hears = false;
            tab.owed.clear();
        }
        if self.opening.is_none() && !self.is_closed {
            self.retry(now, rng);
        }
    }

    /// It tries again after a random wait.
    pub(super) fn retry(&mut self, now: Duration, rng: &mut Rng) {
        let ceiling = timing::SECOND.saturating_mul(2u32.saturating_pow(self.attempts));
        let ceiling = ceiling.min(timing::LONGEST_WAIT);
        self.attempts += 1;
        self.retry_at = Some(now + ceiling.mul_f64(rng.f64()));
    }

    /// One of its pages has hung up.
    pub(super) fn hang_up(&mut self, then: HangUp, now: Duration, rng: &mut Rng) {
        self.lose_socket(now, rng);
        match then {
            HangUp::Reconnect => {}
            HangUp::Replaced => {
                self.is_replaced = true;
                self.opening = None;
                self.retry_at = Some(now + timing::REPLACED_WAIT.mul_f64(1.0 + rng.f64()));
            }
            HangUp::Closed => {
                self.is_closed = true;
                self.opening = None;
                self.retry_at = None;
            }
        }
    }

    /// When something is due at it next.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let pages = self
            .tabs
            .iter()
            .filter(|tab| tab.hears)
            .filter_map(|tab| tab.page.deadline());
        let own = [self.retry_at, self.opening.map(|(_, end)| end)];
        pages.chain(own.into_iter().flatten()).min()
    }

    /// Whether it waits for nothing but time: it has its socket and has seen everything, as far as it knows; or it has
    /// given up.
    pub(super) fn is_calm(&self) -> bool {
        let sees_all = self.tabs.iter().all(|tab| tab.hears && tab.page.is_calm());
        let is_settled = self.socket.is_some() && self.opening.is_none() && sees_all;
        self.is_closed || self.is_replaced && self.socket.is_none() || is_settled
    }
}
