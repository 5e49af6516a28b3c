//! The page: when it asks, what it takes for an answer, when it gives up its socket.

use crate::{
    Closing, Cursor, Entry, Failure, HangUp, Message, Output, Push, Replica, Reply, Request, Synced, Topics,
    heart::Heart,
    timing::{ANSWER_TIMEOUT, GAP_WAIT, LONGEST_WAIT, PING_AFTER_SYNCS, SECOND, SYNC_EVERY},
};
use std::{collections::VecDeque, time::Duration};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// What a page is told when it is loaded.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whose updates it shows.
    pub login: String,
    /// The topics of those updates.
    pub topics: Topics,
    /// How old the page's own data is when the page is loaded, if it has any: the first sync then leaves out what was
    /// recorded before (R10). `None` shows everything. Pages in browsers have
    /// [`PAGE_DATA_AGE`](crate::timing::PAGE_DATA_AGE).
    pub own_data: Option<Duration>,
    /// The number before that of the first sync. Pages that share a socket must not use each other's numbers.
    pub first_n: u64,
    /// Seed of the page's random waits.
    pub seed: u64,
}

/// A page. Every `now` is the time since a moment of the caller's choice, by a clock that never goes back.
#[derive(Clone, Debug)]
pub struct Page {
    login: String,
    replica: Replica,
    own_data: Option<Duration>,
    loaded_at: Duration,
    is_open: bool,
    heart: Heart,
    /// Whether a sync was ever answered in full.
    has_synced: bool,
    /// The number of the newest sync, the only one whose reply counts.
    n: u64,
    /// How many syncs in a row have had no reply.
    unanswered: u32,
    /// The sync that is under way. It outlives a socket.
    round: Option<Round>,
    next_sync: Option<NextSync>,
    /// The pushes above gaps, with the time until which each waits; the earliest first.
    gaps: VecDeque<(Duration, u64)>,
    rng: fastrand::Rng,
}

/// A sync that is under way, over all parts of its reply.
#[derive(Clone, Debug)]
struct Round {
    /// Whether it is the page's first.
    initial: bool,
    missed: Option<u64>,
    reset: bool,
}

/// When the page syncs by itself.
#[derive(Clone, Debug)]
struct NextSync {
    at: Duration,
    /// Whether the reply to the last one is overdue then.
    is_overdue: bool,
}

/// What time brings.
enum Due {
    Ping,
    Death,
    Sync,
    Gap,
}

impl Page {
    /// A page that was just loaded, and has no socket yet.
    pub fn new(options: Options, now: Duration) -> Page {
        Page {
            login: options.login,
            replica: Replica::new(options.topics),
            own_data: options.own_data,
            loaded_at: now,
            is_open: false,
            heart: Heart::default(),
            has_synced: false,
            n: options.first_n,
            unanswered: 0,
            round: None,
            next_sync: None,
            gaps: VecDeque::new(),
            rng: fastrand::Rng::with_seed(options.seed),
        }
    }

    /// How far the page has seen; `None` before its first reply.
    pub fn cursor(&self) -> Option<&Cursor> {
        self.replica.cursor()
    }

    /// The topics that the page asks for. It must not be given a socket that does not [cover](Topics::covers) them.
    pub fn topics(&self) -> &Topics {
        self.replica.topics()
    }

    /// Whether the page has a socket.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether the page has seen everything, as far as it knows: no reply is missing, and no push is above a gap.
    pub fn is_calm(&self) -> bool {
        self.is_open && self.round.is_none() && !self.replica.has_gap()
    }

    /// When [`Page::time`] is to be called next, if nothing happens before; `None` while there is no socket.
    pub fn deadline(&self) -> Option<Duration> {
        self.next().map(|(at, _)| at)
    }

    /// A socket has opened. If the page had one before, this one takes its place.
    pub fn opened(&mut self, now: Duration) -> Output {
        let mut out = Output::default();
        self.is_open = true;
        self.heart.heard(now);
        self.sync(now, &mut out);
        out
    }

    /// The socket is lost, whether it was closed or has failed.
    pub fn lost(&mut self) {
        self.is_open = false;
        // No socket would bring a reply, and the next one syncs when it opens.
        self.forget_gaps();
        self.next_sync = None;
    }

    /// A text has come on the socket.
    pub fn received(&mut self, text: &str, now: Duration) -> Output {
        self.take(Message::parse(text), now)
    }

    /// A message has come on the socket. Without a socket it is too late, and ignored.
    pub fn take(&mut self, message: Message, now: Duration) -> Output {
        let mut out = Output::default();
        if !self.is_open {
            return out;
        }
        self.heart.heard(now);
        match message {
            Message::StatsUpdated(push) => self.receive_push(push, now, &mut out),
            Message::Sync(reply) => self.receive_reply(reply, now, &mut out),
            Message::Closing(closing) => self.receive_closing(&closing, &mut out),
            Message::Error(failure) => self.receive_error(failure, now, &mut out),
            // A sync that was answered so is sent again after its time-out.
            Message::Malformed => out
                .failures
                .push(Failure::bad_message("The server sent a message of the wrong shape.")),
            Message::Pong | Message::Unknown => {}
        }
        out
    }

    /// Time has passed: does what is due.
    pub fn time(&mut self, now: Duration) -> Output {
        let mut out = Output::default();
        while let Some((at, due)) = self.next()
            && at <= now
        {
            match due {
                Due::Ping => self.ping(now, &mut out),
                Due::Death => self.hang_up(HangUp::Reconnect, &mut out),
                Due::Sync => self.sync_again(now, &mut out),
                Due::Gap => self.fill_gap(now, &mut out),
            }
        }
        out
    }

    fn next(&self) -> Option<(Duration, Due)> {
        let sync = self.next_sync.as_ref().map(|sync| (sync.at, Due::Sync));
        let gap = self.gaps.front().map(|(at, _)| (*at, Due::Gap));
        let ping = self.heart.ping_at().map(|at| (at, Due::Ping));
        let death = self.heart.dead_at().map(|at| (at, Due::Death));
        let all = [gap, sync, ping, death].into_iter().flatten();
        all.min_by_key(|(at, _)| *at).filter(|_| self.is_open)
    }

    fn receive_push(&mut self, push: Push, now: Duration, out: &mut Output) {
        let known = self.replica.is_known(&push);
        let (number, update) = self.replica.push(push);
        if let Some(update) = update {
            out.show(update, false);
        }
        // What is missing before a push of a known log may be on its way. Of an unknown log, only a sync can tell.
        if known {
            self.gaps.push_back((now + GAP_WAIT, number));
            self.forget_filled_gaps();
        } else if self.round.is_none() {
            self.sync(now, out);
        }
    }

    fn receive_reply(&mut self, reply: Reply, now: Duration, out: &mut Output) {
        // The reply to an earlier sync, or to that of another page on the same socket (R5).
        let Some(round) = self.round.as_mut().filter(|_| reply.n == self.n) else {
            return;
        };
        round.reset |= reply.reset;
        round.missed = round.missed.zip(reply.missed).map(|(sum, missed)| sum + missed);
        let Round { initial, missed, reset } = *round;
        let (answered_at, more) = (reply.now.clone(), reply.more);
        for entry in self.replica.answer(reply) {
            if !(initial && self.is_in_own_data(&entry, answered_at.as_deref(), now)) {
                out.show(entry, initial);
            }
        }
        self.unanswered = 0;
        if more || self.replica.has_gap() {
            return self.sync(now, out);
        }
        self.round = None;
        self.has_synced = true;
        self.forget_filled_gaps();
        self.next_sync = Some(NextSync {
            at: now + SYNC_EVERY,
            is_overdue: false,
        });
        out.synced = Some(Synced { missed, reset });
    }

    /// Whether the page's own data has this update. Both times are by the server's clock, and their difference is compared
    /// with a time that has passed here (R10). An update of unknown age is shown.
    fn is_in_own_data(&self, entry: &Entry, answered_at: Option<&str>, now: Duration) -> bool {
        let moment = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
        let recorded = entry.recorded.as_deref().unwrap_or(&entry.at);
        let age = answered_at.and_then(moment).zip(moment(recorded));
        let age = age.map(|(answered, recorded)| answered - recorded);
        let data = self.own_data.map(|age| age + now.saturating_sub(self.loaded_at));
        age.zip(data).is_some_and(|(age, data)| age > data)
    }

    fn receive_closing(&mut self, closing: &Closing, out: &mut Output) {
        let then = match (closing.retry, closing.reason.as_str()) {
            (true, _) => HangUp::Reconnect,
            (false, "replaced") => HangUp::Replaced,
            (false, _) => HangUp::Closed,
        };
        self.hang_up(then, out);
    }

    fn receive_error(&mut self, failure: Failure, now: Duration, out: &mut Output) {
        if self.round.is_some() {
            let ceiling = doubled(SECOND, self.unanswered);
            self.next_sync = Some(NextSync {
                at: now + ceiling.mul_f64(self.rng.f64()),
                is_overdue: false,
            });
        }
        // A socket without a row hears nothing (R6).
        if failure.code == Failure::UNKNOWN_CONNECTION {
            self.hang_up(HangUp::Reconnect, out);
        }
        out.failures.push(failure);
    }

    /// Asks for what the page has not seen, and again, ever more slowly, until the reply comes.
    fn sync(&mut self, now: Duration, out: &mut Output) {
        let initial = !self.has_synced;
        self.round.get_or_insert(Round {
            initial,
            missed: Some(0),
            reset: false,
        });
        self.forget_gaps();
        self.n += 1;
        out.sends.push(Request::Sync {
            login: self.login.clone(),
            cursor: self.replica.cursor().cloned(),
            n: self.n,
        });
        self.next_sync = Some(NextSync {
            at: now + doubled(ANSWER_TIMEOUT, self.unanswered),
            is_overdue: true,
        });
        self.unanswered += 1;
    }

    fn sync_again(&mut self, now: Duration, out: &mut Output) {
        let is_overdue = self.next_sync.as_ref().is_some_and(|sync| sync.is_overdue);
        if is_overdue && self.unanswered >= PING_AFTER_SYNCS {
            self.ping(now, out);
        }
        self.sync(now, out);
    }

    fn fill_gap(&mut self, now: Duration, out: &mut Output) {
        let push = self.gaps.pop_front();
        let is_missing = push.is_some_and(|(_, number)| self.replica.is_above_gap(number));
        // A sync that is under way ends with a look at what came meanwhile.
        if is_missing && self.round.is_none() {
            self.sync(now, out);
        }
    }

    fn forget_gaps(&mut self) {
        self.replica.sync_starts();
        self.gaps.clear();
    }

    fn forget_filled_gaps(&mut self) {
        self.gaps.retain(|(_, number)| self.replica.is_above_gap(*number));
    }

    fn ping(&mut self, now: Duration, out: &mut Output) {
        if self.heart.ping(now) {
            out.sends.push(Request::Ping);
        }
    }

    fn hang_up(&mut self, then: HangUp, out: &mut Output) {
        self.lost();
        out.sends.clear();
        out.hangs_up = Some(then);
    }
}

/// A time, doubled so many times, but at most [`LONGEST_WAIT`].
fn doubled(time: Duration, times: u32) -> Duration {
    time.saturating_mul(2u32.saturating_pow(times)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests;
