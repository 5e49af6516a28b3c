//! One very busy login: many updates, many sockets, many handshakes.

use crate::{
    agenda::{Agenda, Millis},
    aws::{Gateway, WHOLE_PROCESSOR, latency},
    design::Design,
    sources,
};
use fastrand::Rng;
use std::collections::BTreeSet;

/// Syncs a second that a page sends because of gaps, if its login gets this many `updates` a second. Each update has an
/// invocation of its own, so pushes overtake one another, and a page that receives the later one first has a gap.
pub fn syncs_a_second(design: &Design, updates: f64, seed: u64) -> f64 {
    const SECONDS: Millis = 120;
    let mut page = Page::new(design.client.gap_wait as Millis, SECONDS * 1_000, seed);
    let mut at = 0.0;
    let mut version = 0;
    while at < f64::from(SECONDS) * 1_000.0 {
        version += 1;
        let recorded = latency::WRITE * (0.5 + page.rng.f64());
        let posted = (latency::QUERY + latency::POST) * (0.5 + page.rng.f64());
        page.agenda
            .after((at + recorded) as Millis, PageEvent::Recorded(version));
        page.agenda
            .after((at + recorded + posted) as Millis, PageEvent::Pushed(version));
        // Exponentially distributed pauses: the updates are a Poisson process.
        at += -(1.0 - page.rng.f64()).ln() * 1_000.0 / updates;
    }
    f64::from(page.run()) / f64::from(SECONDS)
}

/// A page's cursor, and its syncs at a gap.
struct Page {
    agenda: Agenda<PageEvent>,
    rng: Rng,
    gap_wait: Millis,
    log: u32,
    cursor: u32,
    /// Versions above the cursor that were pushed since the page's last sync.
    above: BTreeSet<u32>,
    is_asking: bool,
    syncs: u32,
}

#[derive(Clone, Copy, Debug)]
enum PageEvent {
    Recorded(u32),
    Pushed(u32),
    /// The page has waited long enough for the pushes that this version had overtaken.
    Due(u32),
    Read,
    Reply(u32),
}

impl Page {
    fn new(gap_wait: Millis, until: Millis, seed: u64) -> Page {
        Page {
            agenda: Agenda::until(until),
            rng: Rng::with_seed(seed),
            gap_wait,
            log: 0,
            cursor: 0,
            above: BTreeSet::new(),
            is_asking: false,
            syncs: 0,
        }
    }

    /// Runs to the end, and returns the number of syncs.
    fn run(mut self) -> u32 {
        while let Some(event) = self.agenda.next() {
            match event {
                PageEvent::Recorded(version) => self.log = self.log.max(version),
                PageEvent::Pushed(version) => self.pushed(version),
                PageEvent::Due(version) => self.fill(version),
                PageEvent::Read => {
                    let back = latency::SYNC / 2.0 * (0.5 + self.rng.f64());
                    self.agenda.after(back as Millis, PageEvent::Reply(self.log));
                }
                PageEvent::Reply(version) => {
                    self.is_asking = false;
                    self.reach(version);
                    if !self.above.is_empty() {
                        self.ask();
                    }
                }
            }
        }
        self.syncs
    }

    fn pushed(&mut self, version: u32) {
        self.above.insert(version);
        let is_next = self.cursor + 1 >= version;
        self.reach(if is_next { version } else { 0 });
        match self.gap_wait {
            0 => self.fill(version),
            wait => self.agenda.after(wait, PageEvent::Due(version)),
        }
    }

    fn fill(&mut self, version: u32) {
        if self.above.contains(&version) && !self.is_asking {
            self.ask();
        }
    }

    /// Moves the cursor to the version, and on over the versions directly above it that were pushed already.
    fn reach(&mut self, version: u32) {
        self.cursor = self.cursor.max(version);
        while let Some(version) = self.above.first().copied() {
            let is_next = version == self.cursor + 1 && self.gap_wait > 0;
            if version > self.cursor && !is_next {
                break;
            }
            self.cursor = self.cursor.max(version);
            self.above.pop_first();
        }
    }

    fn ask(&mut self) {
        self.above.clear();
        self.syncs += 1;
        self.is_asking = true;
        let there = latency::SYNC / 2.0 * (0.5 + self.rng.f64());
        self.agenda.after(there as Millis, PageEvent::Read);
    }
}

/// Milliseconds until the last of this many sockets of a login has an update, and the number of posts that API Gateway
/// throttled.
pub fn fan_out(design: &Design, sockets: u32, seed: u64) -> (Millis, u64) {
    let notify = design.notify;
    let mut agenda = Agenda::until(600_000);
    let mut rng = Rng::with_seed(seed);
    let mut gateway = Gateway::new(&design.quotas, design.stage);
    let work = design.post_work * WHOLE_PROCESSOR / notify.memory.min(WHOLE_PROCESSOR);
    let mut processor_free_at = 0.0;
    let mut waiting = sockets;
    let mut last = 0;
    for _ in 0..notify.posts_at_once.min(sockets as usize) {
        agenda.after(0, ());
    }
    while agenda.next().is_some() {
        if waiting == 0 {
            continue;
        }
        let now = agenda.now();
        processor_free_at = f64::max(processor_free_at, f64::from(now)) + work;
        let answer = processor_free_at - f64::from(now) + latency::POST * (0.5 + rng.f64());
        if gateway.post(now) {
            waiting -= 1;
            last = now + answer as Millis;
        }
        agenda.after(answer as Millis, ());
    }
    (last, gateway.requests.refused)
}

/// Handshakes a second that succeed, of `a_second` that all carry the same chatter ID. Each is a transaction that
/// checks the chatter ID's item; one that meets another under way there is cancelled and tried again.
pub fn handshakes_of_one_chatter(a_second: u32, seed: u64) -> f64 {
    const SECONDS: u32 = 60;
    let (patience, backoff) = sources::connect_patience();
    let mut agenda = Agenda::until((SECONDS + 10) * 1_000);
    let mut rng = Rng::with_seed(seed);
    for n in 0..a_second * SECONDS {
        let at = n * 1_000 / a_second;
        agenda.after(at, (at, 0));
    }
    let (mut free_at, mut opened) = (0, 0);
    while let Some((since, attempt)) = agenda.next() {
        let now = agenda.now();
        let time = latency::WRITE * 1.5 * (0.5 + rng.f64());
        if now >= free_at {
            free_at = now + time.ceil() as Millis;
            opened += 1;
            continue;
        }
        let ceiling = (backoff.0 * 2f64.powi(attempt)).min(backoff.1);
        let wait = time + ceiling * rng.f64();
        if f64::from(now - since) + wait < patience {
            agenda.after(wait as Millis, (since, attempt + 1));
        }
    }
    f64::from(opened) / f64::from(SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_waits_at_a_gap_for_the_overtaken_push_needs_almost_no_syncs() {
        let waits = Design::now();
        let mut asks_at_once = waits;
        asks_at_once.client.gap_wait = 0.0;
        assert!(syncs_a_second(&asks_at_once, 20.0, 1) > 1.0);
        assert!(syncs_a_second(&waits, 20.0, 1) < 0.05);
        let far_apart = syncs_a_second(&asks_at_once, 0.01, 1);
        assert_eq!(far_apart, 0.0, "updates that are far apart do not overtake one another");
    }

    #[test]
    fn a_page_syncs_once_for_a_push_that_never_comes() {
        for gap_wait in [0, 1_000] {
            let mut page = Page::new(gap_wait, 10_000, 1);
            page.log = 3;
            page.agenda.after(0, PageEvent::Pushed(1));
            page.agenda.after(10, PageEvent::Pushed(3));
            assert_eq!(page.run(), 1);
        }
    }

    #[test]
    fn ten_times_the_sockets_take_about_ten_times_as_long() {
        let design = Design::now();
        let (thousand, ten_thousand) = (fan_out(&design, 1_000, 1).0, fan_out(&design, 10_000, 1).0);
        assert!(
            (8..13).contains(&(ten_thousand / thousand)),
            "{thousand} {ten_thousand}"
        );
    }

    #[test]
    fn handshakes_with_one_chatter_id_exclude_one_another() {
        assert_eq!(handshakes_of_one_chatter(10, 1), 10.0);
        assert!(handshakes_of_one_chatter(500, 1) < 200.0);
    }
}
