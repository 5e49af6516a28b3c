//! Pushes of one login that overtake one another, and what a page asks because of that.

use crate::{
    agenda::{Agenda, Millis},
    aws::latency,
};
use chatterbox_page::{Cursor, Entry, Message, Options, Output, Page, Push, Reply, Request};
use fastrand::Rng;
use std::time::Duration;

/// What the page does at a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtAGap {
    /// As it is: it waits for what was overtaken before it asks.
    Waits,
    /// It asks at once, as when it gets another socket.
    Asks,
}

/// Syncs a second that a page sends because of gaps, if its login gets this many `updates` a second. Each update has an
/// invocation of its own, so pushes overtake one another, and a page that receives the later one first has a gap.
pub fn syncs_a_second(at_a_gap: AtAGap, updates: f64, seed: u64) -> f64 {
    const SECONDS: Millis = 120;
    let mut login = Login::new(at_a_gap, SECONDS * 1_000, seed);
    let mut at = 0.0;
    let mut version = 0;
    while at < f64::from(SECONDS) * 1_000.0 {
        version += 1;
        let recorded = latency::WRITE * (0.5 + login.rng.f64());
        let posted = (latency::QUERY + latency::POST) * (0.5 + login.rng.f64());
        login.agenda.after((at + recorded) as Millis, Event::Recorded(version));
        login
            .agenda
            .after((at + recorded + posted) as Millis, Event::Pushed(version));
        // Exponentially distributed pauses: the updates are a Poisson process.
        at += -(1.0 - login.rng.f64()).ln() * 1_000.0 / updates;
    }
    f64::from(login.run()) / f64::from(SECONDS)
}

/// A login with one topic, and one page.
struct Login {
    agenda: Agenda<Event>,
    rng: Rng,
    at_a_gap: AtAGap,
    /// The newest version in the log.
    log: u64,
    page: Page,
    /// Whether a sync is under way.
    is_asking: bool,
    syncs: u32,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Recorded(u64),
    Pushed(u64),
    /// `$default` reads the log for the sync with this number.
    Read(u64),
    /// The reply to it has arrived, with this version.
    Reply(u64, u64),
    /// The page wants to be told the time.
    Time,
}

impl Login {
    /// A login whose page knows the log, and has nothing of it.
    fn new(at_a_gap: AtAGap, until: Millis, seed: u64) -> Login {
        let mut page = Page::new(Options::default(), Duration::ZERO);
        let first = page.opened(Duration::ZERO);
        assert!(matches!(first.sends[..], [Request::Sync { n: 1, .. }]));
        let known = page.take(Message::Sync(reply(1, 0)), Duration::ZERO);
        assert!(known.synced.is_some());
        Login {
            agenda: Agenda::until(until),
            rng: Rng::with_seed(seed),
            at_a_gap,
            log: 0,
            page,
            is_asking: false,
            syncs: 0,
        }
    }

    /// Runs to the end, and returns the number of syncs.
    fn run(mut self) -> u32 {
        while let Some(event) = self.agenda.next() {
            let now = Duration::from_millis(self.agenda.now().into());
            let output = match event {
                Event::Recorded(version) => {
                    self.log = self.log.max(version);
                    continue;
                }
                Event::Read(n) => {
                    let back = latency::SYNC / 2.0 * (0.5 + self.rng.f64());
                    self.agenda.after(back as Millis, Event::Reply(n, self.log));
                    continue;
                }
                Event::Pushed(version) => self.page.take(Message::StatsUpdated(push(version)), now),
                Event::Reply(n, version) => {
                    self.is_asking = false;
                    self.page.take(Message::Sync(reply(n, version)), now)
                }
                Event::Time => self.page.time(now),
            };
            self.follow(output);
            if self.at_a_gap == AtAGap::Asks && !self.is_asking && !self.page.is_calm() {
                let output = self.page.opened(now);
                self.follow(output);
            }
        }
        self.syncs
    }

    fn follow(&mut self, output: Output) {
        for request in output.sends {
            if let Request::Sync { n, .. } = request {
                self.syncs += 1;
                self.is_asking = true;
                let there = latency::SYNC / 2.0 * (0.5 + self.rng.f64());
                self.agenda.after(there as Millis, Event::Read(n));
            }
        }
        let now = Duration::from_millis(self.agenda.now().into());
        if let Some(deadline) = self.page.deadline() {
            let wait = deadline.saturating_sub(now).as_millis();
            self.agenda.after(wait as Millis, Event::Time);
        }
    }
}

/// All updates are on one topic, so each comes after the version before it.
fn push(version: u64) -> Push {
    Push {
        epoch: "E".to_owned(),
        prev: version - 1,
        entry: Entry {
            topics: vec!["updates".to_owned()],
            version,
            id: String::new(),
            at: String::new(),
            recorded: None,
            body: Default::default(),
        },
    }
}

fn reply(n: u64, version: u64) -> Reply {
    Reply {
        n,
        now: None,
        cursor: Some(Cursor {
            epoch: "E".to_owned(),
            version,
        }),
        missed: None,
        reset: false,
        more: false,
        updates: (version > 0).then(|| push(version).entry).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_waits_at_a_gap_for_the_overtaken_push_needs_almost_no_syncs() {
        assert!(syncs_a_second(AtAGap::Asks, 20.0, 1) > 0.5);
        assert!(syncs_a_second(AtAGap::Waits, 20.0, 1) < 0.05);
        let far_apart = syncs_a_second(AtAGap::Asks, 0.01, 1);
        assert_eq!(far_apart, 0.0, "updates that are far apart do not overtake one another");
    }

    #[test]
    fn a_page_syncs_once_for_a_push_that_never_comes() {
        for at_a_gap in [AtAGap::Asks, AtAGap::Waits] {
            let mut login = Login::new(at_a_gap, 10_000, 1);
            login.log = 3;
            login.agenda.after(0, Event::Pushed(1));
            login.agenda.after(10, Event::Pushed(3));
            assert_eq!(login.run(), 1, "{at_a_gap:?}");
        }
    }
}
