//! The browsers: up to a million clients, each with the timers, retries and syncs of the client library, but without
//! the contents of updates.
//!
//! They are no [`Page`](chatterbox_page::Page)s. A page is about what is in messages: which updates, in which log, in which
//! order. Here only their number and their times count, there are a million of them, and most of what they do is when to open
//! a socket, which a page leaves to others. A handful of numbers for each is enough; the times are the page's own.

use crate::{
    agenda::Millis,
    aws::{Gateway, latency},
    world::{Event, Timer, World},
};

/// Stands for "never" where a time is expected.
pub const NEVER: Millis = Millis::MAX;

/// One page of this many is visible; the others are in background tabs and ping less often.
const PAGES_PER_VISIBLE: u32 = 5;

/// Age at which API Gateway ends a socket.
const TWO_HOURS: Millis = 7_200_000;

/// State of one page.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// Number of the current socket, or of the wait for the next one. Timers that were set for an earlier number are
    /// ignored.
    life: u16,
    pub(crate) open: bool,
    losses: u8,
    unopened: u8,
    unanswered: u8,
    /// Time of the next ping. Every message from the server moves it.
    heart_due: Millis,
    heard_at: Millis,
    opened_at: Millis,
    /// Whether notify has recorded the update for this page's login.
    pub(crate) is_recorded: bool,
    /// Time at which its first socket opened.
    pub back_at: Millis,
    /// Time at which it received the update.
    pub got_at: Millis,
    /// Whether the update came in a post, and not in the reply to a sync.
    pub is_live: bool,
}

impl Default for Client {
    fn default() -> Client {
        Client {
            life: 0,
            open: false,
            losses: 0,
            unopened: 0,
            unanswered: 0,
            heart_due: 0,
            heard_at: 0,
            opened_at: 0,
            is_recorded: false,
            back_at: NEVER,
            got_at: NEVER,
            is_live: false,
        }
    }
}

impl World {
    /// Starts with every client on line, in a steady state: the ages of the sockets, and the times of the last sync and
    /// ping, are spread at random.
    pub fn everybody_is_on_line(&mut self) {
        let client = self.design.client;
        for id in 0..self.crowd.len() as u32 {
            // A sync's reply moves the next ping, as the answer to a ping does.
            let since_sync = self.rng.f64() * client.sync_every;
            let beat = self.beat(id);
            let heart = beat - since_sync % beat;
            let sync = client.sync_every - since_sync;
            // A socket that is open at a random moment is more likely one with a long life (inspection paradox).
            let (longest, shortest) = (client.change_over, client.change_over - client.change_over_spread);
            let age = (shortest.powi(2) + self.rng.f64() * (longest.powi(2) - shortest.powi(2))).sqrt();
            let change = self.rng.f64() * age;
            let one = &mut self.crowd[id as usize];
            one.open = true;
            one.heart_due = heart as Millis;
            self.timer(id, heart, Timer::Heart);
            self.timer(id, sync, Timer::Sync);
            self.timer(id, change, Timer::ChangeOver);
        }
    }

    /// Starts with every client's socket being lost at the same moment.
    pub fn everybody_is_lost(&mut self) {
        for id in 0..self.crowd.len() as u32 {
            self.crowd[id as usize].open = true;
            self.lose(id);
        }
    }

    fn timer(&mut self, id: u32, delay: f64, what: Timer) {
        let life = self.crowd[id as usize].life;
        self.agenda.after(delay as Millis, Event::Client { id, life, what });
    }

    pub(crate) fn client(&mut self, id: u32, life: u16, what: Timer) {
        if self.crowd[id as usize].life != life {
            return;
        }
        match what {
            Timer::Dial => self.dial(id, Timer::Opened),
            Timer::Opened | Timer::Succeeded => self.opened(id),
            Timer::Heart => self.heart(id),
            Timer::Silence => self.silence(id),
            Timer::Sync => self.sync(id),
            Timer::Reply => self.reply(id),
            Timer::ChangeOver => self.dial(id, Timer::Succeeded),
            Timer::TwoHours => self.lose(id),
        }
    }

    /// Counts a page's message, and asks API Gateway's limits for it.
    fn ask(&mut self, accepts: fn(&mut Gateway, Millis) -> bool) -> bool {
        let now = self.agenda.now();
        self.asked_in[(now / 1_000) as usize] += 1;
        accepts(&mut self.gateway, now)
    }

    fn dial(&mut self, id: u32, then: Timer) {
        let now = self.agenda.now();
        let asks_again = self.crowd[id as usize].unopened > 0;
        self.counts.credentials += u64::from(asks_again);
        if self.gateway.connect(now) && self.call(latency::CONNECT) {
            let wait = self.about(latency::HANDSHAKE);
            self.timer(id, wait, then);
        } else {
            self.counts.connects_refused += 1;
            self.not_opened(id);
        }
    }

    fn not_opened(&mut self, id: u32) {
        let client = self.design.client;
        let one = &mut self.crowd[id as usize];
        one.unopened = one.unopened.saturating_add(1);
        let are_many = u32::from(one.unopened) >= client.refused_after;
        let longest = if are_many {
            client.refused_wait
        } else {
            client.backoff.1
        };
        let (losses, then) = (one.losses, if one.open { Timer::ChangeOver } else { Timer::Dial });
        one.losses = losses.saturating_add(1);
        let wait = latency::HANDSHAKE / 2.0 + self.jitter(u32::from(losses), (client.backoff.0, longest));
        self.timer(id, wait, then);
    }

    fn opened(&mut self, id: u32) {
        let now = self.agenda.now();
        let client = self.design.client;
        self.counts.opened += 1;
        self.opened_in[(now / 1_000) as usize] += 1;
        let one = &mut self.crowd[id as usize];
        one.life = one.life.wrapping_add(1);
        one.open = true;
        one.unopened = 0;
        one.opened_at = now;
        one.back_at = one.back_at.min(now);
        self.heard(id);
        let heart = f64::from(self.crowd[id as usize].heart_due - now);
        self.timer(id, heart, Timer::Heart);
        let sooner = self.rng.f64() * client.change_over_spread;
        self.timer(id, client.change_over - sooner, Timer::ChangeOver);
        self.timer(id, f64::from(TWO_HOURS), Timer::TwoHours);
        self.sync(id);
    }

    pub(crate) fn lose(&mut self, id: u32) {
        let (now, client) = (self.agenda.now(), self.design.client);
        self.counts.lost += 1;
        let one = &mut self.crowd[id as usize];
        one.open = false;
        one.life = one.life.wrapping_add(1);
        if f64::from(now - one.opened_at) >= client.stable {
            one.losses = 0;
        }
        let losses = one.losses;
        one.losses = one.losses.saturating_add(1);
        let wait = self.jitter(u32::from(losses), client.backoff);
        self.timer(id, wait, Timer::Dial);
    }

    fn heard(&mut self, id: u32) {
        let now = self.agenda.now();
        let beat = self.beat(id);
        let one = &mut self.crowd[id as usize];
        one.heard_at = now;
        one.heart_due = now + beat as Millis;
    }

    /// Time of silence after which the page pings, in milliseconds; drawn anew each time.
    fn beat(&mut self, id: u32) -> f64 {
        let client = self.design.client;
        let (longest, spread) = if id.is_multiple_of(PAGES_PER_VISIBLE) {
            (client.heartbeat, 0.0)
        } else {
            client.quiet_heartbeat
        };
        longest - self.rng.f64() * spread + self.rng.f64() * client.silence_check
    }

    fn heart(&mut self, id: u32) {
        let now = self.agenda.now();
        let due = self.crowd[id as usize].heart_due;
        if now < due {
            self.timer(id, f64::from(due - now), Timer::Heart);
        } else {
            self.ping(id);
        }
    }

    fn ping(&mut self, id: u32) {
        self.counts.pings += 1;
        if self.ask(Gateway::ping) || self.design.says_throttled {
            self.heard(id);
            let due = self.crowd[id as usize].heart_due - self.agenda.now();
            self.timer(id, f64::from(due), Timer::Heart);
        } else {
            self.timer(id, self.design.client.patience, Timer::Silence);
        }
    }

    /// A ping's answer is overdue. The socket counts as dead unless any other message has come since the ping.
    fn silence(&mut self, id: u32) {
        let (now, patience) = (self.agenda.now(), self.design.client.patience as Millis);
        let one = &self.crowd[id as usize];
        if one.heard_at + patience >= now {
            let due = one.heart_due.saturating_sub(now);
            self.timer(id, f64::from(due), Timer::Heart);
        } else {
            self.lose(id);
        }
    }

    fn sync(&mut self, id: u32) {
        let client = self.design.client;
        let taken = self.ask(Gateway::sync) && self.call(latency::DEFAULT);
        if taken {
            self.counts.syncs += 1;
            let wait = self.about(latency::SYNC);
            self.timer(id, wait, Timer::Reply);
            return;
        }
        let one = &mut self.crowd[id as usize];
        let unanswered = one.unanswered;
        one.unanswered = unanswered.saturating_add(1);
        let wait = if self.design.says_throttled {
            self.heard(id);
            self.jitter(u32::from(unanswered), client.backoff)
        } else {
            (client.patience * 2f64.powi(i32::from(unanswered.min(20)))).min(client.backoff.1)
        };
        self.timer(id, wait, Timer::Sync);
    }

    fn reply(&mut self, id: u32) {
        let now = self.agenda.now();
        self.heard(id);
        let one = &mut self.crowd[id as usize];
        one.unanswered = 0;
        if one.is_recorded && one.got_at == NEVER {
            one.got_at = now;
            self.without -= 1;
        }
        self.timer(id, self.design.client.sync_every, Timer::Sync);
    }

    /// A post arrives at the page.
    pub(crate) fn pushed(&mut self, id: u32) {
        let now = self.agenda.now();
        self.heard(id);
        let one = &mut self.crowd[id as usize];
        if one.got_at == NEVER {
            one.got_at = now;
            one.is_live = true;
            self.without -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::Design;

    const HOUR: Millis = 3_600_000;

    fn run_after_loss(design: Design, until: Millis) -> World {
        let mut world = World::new(design, 100, until, 1);
        world.everybody_is_lost();
        world.run();
        world
    }

    #[test]
    fn a_client_that_is_turned_away_keeps_trying_and_asks_for_credentials_before_each_try_but_the_first() {
        let mut design = Design::now();
        design.quotas.connects = 0.0;
        design.client.refused_wait = 600_000.0;
        let counts = run_after_loss(design, 2 * HOUR).counts;
        // Waits of five minutes on average, ten at most: about twenty tries in two hours after the first few.
        assert!((2_500..4_500).contains(&counts.connects_refused));
        let answered = counts.credentials..=counts.credentials + 100;
        assert!(answered.contains(&counts.connects_refused));
    }

    #[test]
    fn a_client_that_is_let_in_stays_on_line_by_replacing_each_socket_before_its_end() {
        let world = run_after_loss(Design::now(), 6 * HOUR);
        assert!(world.crowd.iter().all(|client| client.open && client.back_at < 5_000));
        assert_eq!(
            world.counts.lost, 100,
            "each client loses its first socket and no other"
        );
        assert!(
            world.counts.opened > 300,
            "each client opens one socket and at least two successors: {}",
            world.counts.opened
        );
        assert!(world.counts.pings > 0 && world.counts.syncs > 2_000);
    }

    #[test]
    fn a_ping_that_is_throttled_without_an_answer_costs_the_socket() {
        let mut design = Design::now();
        design.stage.ping = (0.0, 0.0);
        let lost = |says_throttled| {
            let mut world = World::new(
                Design {
                    says_throttled,
                    ..design
                },
                100,
                HOUR / 4,
                1,
            );
            world.everybody_is_on_line();
            world.run();
            world.counts.lost
        };
        assert!(
            lost(false) >= 100,
            "each client loses its socket, and later those that it opens in its place"
        );
        assert_eq!(lost(true), 0);
    }

    #[test]
    fn a_sync_brings_an_update_that_no_post_brought() {
        let mut world = World::new(Design::now(), 100, HOUR, 1);
        world.everybody_is_on_line();
        world.crowd.iter_mut().for_each(|client| client.is_recorded = true);
        world.run_until_all_have_it();
        let sync_every = world.design.client.sync_every as Millis;
        let by_sync = |client: &Client| client.got_at <= sync_every + 1_000 && !client.is_live;
        assert!(world.crowd.iter().all(by_sync));
    }

    #[test]
    fn the_same_seed_gives_the_same_run() {
        let opened = |seed| {
            let mut world = World::new(Design::now().part(0.01), 1_000, HOUR, seed);
            world.everybody_is_lost();
            world.run();
            (world.counts.connects_refused, world.opened_in)
        };
        let first = opened(1);
        assert!(first == opened(1) && first != opened(2) && first.0 > 1_000);
    }
}
