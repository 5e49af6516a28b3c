//! Notify serves one login: it records, then reads who listens, then posts. Each login has one socket.

use crate::{
    agenda::Millis,
    aws::{TABLE_WORK, WHOLE_PROCESSOR, latency},
    invocation::{SDK_BUDGET, Step, Why},
    world::{Event, World},
};

/// How the SDK retries what DynamoDB throttles: tries, the first wait's ceiling and the highest, and what a retry takes
/// of the budget until it succeeds.
const SDK_TRIES: u32 = 3;
const SDK_BACKOFF: (f64, f64) = (50.0, 20_000.0);
const SDK_RETRY: f64 = 5.0;

impl World {
    /// The next request for the login in this place.
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
                self.no_room(invocation, place, Why::Posts);
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
        self.table_says(invocation, place, is_taken, time, Step::Query);
    }

    fn query(&mut self, invocation: u32, place: u16) {
        let is_taken = self.connections.take(1.0, self.agenda.now());
        self.counts.reads += u64::from(is_taken);
        let time = self.request(invocation, TABLE_WORK, latency::QUERY);
        self.table_says(invocation, place, is_taken, time, Step::Post);
    }

    /// The processor makes a request, and the answer comes: how long both take.
    fn request(&mut self, invocation: u32, work: f64, answer: f64) -> f64 {
        let now = f64::from(self.agenda.now());
        let share = (self.design.notify.memory / WHOLE_PROCESSOR).min(1.0);
        let answer = self.about(answer);
        let one = &mut self.invocations[invocation as usize];
        one.processor_free_at = one.processor_free_at.max(now) + work / share;
        one.processor_free_at - now + answer
    }

    fn table_says(&mut self, invocation: u32, place: u16, is_taken: bool, time: f64, then: Step) {
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
            self.no_room(invocation, place, Why::Table);
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
