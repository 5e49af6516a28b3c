//! Notify's work for one login: it records the update, then reads the login's connections, then posts. Each login has
//! one socket.

use crate::{
    agenda::Millis,
    aws::{TABLE_WORK, WHOLE_PROCESSOR, latency},
    invocation::{DeferReason, SDK_BUDGET, Step},
    world::{Event, World},
};

/// Most tries of a call to DynamoDB by the SDK, if it is throttled.
const SDK_TRIES: u32 = 3;
/// The SDK's waits between tries: ceiling of the first and of all, in milliseconds.
const SDK_BACKOFF: (f64, f64) = (50.0, 20_000.0);
/// Part of the SDK's budget that a retry takes, and gives back if it succeeds.
const SDK_RETRY: f64 = 5.0;

impl World {
    /// The next request for the login in this slot.
    pub(crate) fn step(&mut self, invocation: u32, place: u16) {
        let one = &self.invocations[invocation as usize];
        if one.is_over {
            return;
        }
        match one.places[place as usize].step {
            Step::Record => self.record(invocation, place),
            Step::Query => self.query(invocation, place),
            Step::Post => self.post(invocation, place),
            Step::GiveUp => {
                self.throttled(invocation, place, DeferReason::Posts);
                self.next_login(invocation, place, 0.0);
            }
            Step::Idle => {}
        }
    }

    fn record(&mut self, invocation: u32, place: u16) {
        let is_taken = self.updates.take(1.0, self.agenda.now());
        let login = self.invocations[invocation as usize].places[place as usize].login;
        self.crowd[login as usize].is_recorded |= is_taken;
        self.counts.writes += u64::from(is_taken);
        let time = self.request(invocation, TABLE_WORK, latency::WRITE);
        self.table_answers(invocation, place, is_taken, time, Step::Query);
    }

    fn query(&mut self, invocation: u32, place: u16) {
        let is_taken = self.connections.take(1.0, self.agenda.now());
        self.counts.reads += u64::from(is_taken);
        let time = self.request(invocation, TABLE_WORK, latency::QUERY);
        self.table_answers(invocation, place, is_taken, time, Step::Post);
    }

    /// Time from now until a request is answered, in milliseconds: the wait for the processor, its `work`, and the
    /// `answer`'s latency.
    fn request(&mut self, invocation: u32, work: f64, answer: f64) -> f64 {
        let now = f64::from(self.agenda.now());
        let share = (self.design.notify.memory / WHOLE_PROCESSOR).min(1.0);
        let answer = self.about(answer);
        let one = &mut self.invocations[invocation as usize];
        one.processor_free_at = one.processor_free_at.max(now) + work / share;
        one.processor_free_at - now + answer
    }

    /// DynamoDB's answer after `time`: the next step if the call was accepted, otherwise the SDK's retry while there is
    /// one, and then a deferral.
    fn table_answers(&mut self, invocation: u32, place: u16, is_taken: bool, time: f64, then: Step) {
        let one = &mut self.invocations[invocation as usize];
        let here = &mut one.places[place as usize];
        let tries = here.tries;
        if is_taken {
            let given_back = if tries > 0 { SDK_RETRY } else { 1.0 };
            one.retries = (one.retries + given_back).min(SDK_BUDGET);
            here.tries = 0;
            here.step = then;
            self.agenda.after(time as Millis, Event::Step { invocation, place });
        } else if tries + 1 < SDK_TRIES && one.retries >= SDK_RETRY {
            one.retries -= SDK_RETRY;
            here.tries += 1;
            let wait = time + self.jitter(tries, SDK_BACKOFF);
            self.agenda.after(wait as Millis, Event::Step { invocation, place });
        } else {
            self.throttled(invocation, place, DeferReason::Table);
            self.next_login(invocation, place, time);
        }
    }

    fn post(&mut self, invocation: u32, place: u16) {
        let now = self.agenda.now();
        let here = &mut self.invocations[invocation as usize].places[place as usize];
        let login = here.login;
        if here.tries == 0 {
            here.posting_since = now;
        }
        if !self.crowd[login as usize].open {
            return self.next_login(invocation, place, 0.0);
        }
        let time = self.request(invocation, self.design.post_work, latency::POST);
        if self.gateway.post(now) {
            self.counts.sent += 1;
            self.pushed(login);
            return self.next_login(invocation, place, time);
        }
        self.counts.posts_refused += 1;
        let notify = self.design.notify;
        let here = &mut self.invocations[invocation as usize].places[place as usize];
        let (tries, since) = (here.tries, here.posting_since);
        here.tries += 1;
        let wait = self.jitter(tries, notify.backoff);
        let is_last = tries + 1 >= notify.tries;
        let has_patience = f64::from(now - since) + time + wait < notify.patience;
        if is_last || !has_patience {
            self.invocations[invocation as usize].places[place as usize].step = Step::GiveUp;
        }
        let wait = if is_last || !has_patience { 0.0 } else { wait };
        self.agenda
            .after((time + wait) as Millis, Event::Step { invocation, place });
    }
}
