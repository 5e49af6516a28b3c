//! One invocation of notify: its start, the logins that it defers, its end. `serve.rs` has how it serves each login.

use crate::{
    agenda::Millis,
    world::{Event, World},
};

/// State of an invocation.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    is_from_queue: bool,
    messages: Vec<u32>,
    /// The logins to serve, each with its message's position in `messages`.
    todo: Vec<(u32, u8)>,
    /// Position in `todo` of the first login that is not begun.
    next: usize,
    /// Slots in which logins are served at the same time.
    pub(crate) places: Vec<Place>,
    /// Number of slots that serve a login.
    busy: usize,
    /// Whether each message failed, and so has to be delivered again.
    pub(crate) failed: Vec<bool>,
    /// Logins that later invocations have to serve.
    pub(crate) unserved: Vec<Unserved>,
    pub(crate) processor_free_at: f64,
    /// Rest of the SDK's budget for retries.
    pub(crate) retries: f64,
    started_at: Millis,
    pub(crate) is_over: bool,
}

/// One slot of an invocation: the login that is being served there, and the step that comes next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) login: u32,
    pub(crate) message: u8,
    pub(crate) step: Step,
    pub(crate) tries: u32,
    pub(crate) posting_since: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Record,
    Query,
    Post,
    GiveUp,
    Idle,
}

/// A login that a later invocation has to serve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unserved {
    pub(crate) login: u32,
    pub(crate) message: u8,
    pub(crate) reason: DeferReason,
}

/// Why a login was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeferReason {
    /// The invocation's time was over.
    Time,
    /// A table throttled, also after the SDK's retries.
    Table,
    /// API Gateway throttled, also after notify's tries of the post.
    Posts,
}

/// The SDK's budget for retries, for each of its clients.
pub(crate) const SDK_BUDGET: f64 = 500.0;
/// Runs of an event with which notify is invoked asynchronously: one, and Lambda's two retries.
const DIRECT_RUNS: u32 = 3;

impl World {
    pub(crate) fn has_room_to_notify(&self) -> bool {
        self.notifying + self.calls < self.design.quotas.lambda
    }

    /// An asynchronous invocation of notify. While all functions together are at the account's limit, Lambda tries
    /// again later by itself.
    pub(crate) fn invoke(&mut self, message: u32, refusals: u8) {
        if self.has_room_to_notify() {
            self.messages[message as usize].receives += 1;
            return self.start(vec![message], false);
        }
        self.lambda_full_at.get_or_insert(self.agenda.now());
        let wait = self.jitter(u32::from(refusals), (1_000.0, 300_000.0));
        let refusals = refusals.saturating_add(1);
        let again = Event::Invoke { message, refusals };
        self.agenda.after(wait as Millis + 1, again);
    }

    pub(crate) fn start(&mut self, messages: Vec<u32>, is_from_queue: bool) {
        let mut todo = Vec::new();
        for (n, message) in messages.iter().enumerate() {
            let logins = &self.messages[*message as usize].logins;
            todo.extend(logins.iter().map(|login| (*login, n as u8)));
        }
        let id = self.invocations.len() as u32;
        let notify = self.design.notify;
        let places = notify.logins_at_once.min(todo.len());
        let idle = Place {
            login: 0,
            message: 0,
            step: Step::Idle,
            tries: 0,
            posting_since: 0,
        };
        self.invocations.push(Invocation {
            is_from_queue,
            failed: vec![false; messages.len()],
            messages,
            todo,
            next: 0,
            places: vec![idle; places],
            busy: places,
            unserved: Vec::new(),
            processor_free_at: 0.0,
            retries: SDK_BUDGET,
            started_at: self.agenda.now(),
            is_over: false,
        });
        self.notifying += 1;
        self.counts.invocations += 1;
        let stops_after = (notify.timeout - notify.margin) as Millis;
        self.agenda.after(stops_after, Event::TimeIsUp(id));
        for place in 0..places as u16 {
            self.next_login(id, place, 0.0);
        }
    }

    /// The slot is free after `delay` milliseconds, and then begins the next login if there is one.
    pub(crate) fn next_login(&mut self, invocation: u32, place: u16, delay: f64) {
        let one = &mut self.invocations[invocation as usize];
        let here = &mut one.places[place as usize];
        if let Some((login, message)) = one.todo.get(one.next) {
            one.next += 1;
            *here = Place {
                login: *login,
                message: *message,
                step: Step::Record,
                tries: 0,
                posting_since: 0,
            };
            self.agenda.after(delay as Millis, Event::Step { invocation, place });
            return;
        }
        here.step = Step::Idle;
        one.busy -= 1;
        if one.busy == 0 {
            self.finish(invocation);
        }
    }

    /// The invocation stops in time: logins that are being served, and those not begun, are deferred.
    pub(crate) fn time_is_up(&mut self, invocation: u32) {
        let one = &mut self.invocations[invocation as usize];
        if one.is_over {
            return;
        }
        let begun = one.places.iter().filter(|place| place.step != Step::Idle);
        let begun = begun.map(|place| (place.login, place.message));
        let rest = begun.chain(one.todo[one.next..].iter().copied());
        one.unserved.extend(rest.map(|(login, message)| Unserved {
            login,
            message,
            reason: DeferReason::Time,
        }));
        self.finish(invocation);
    }

    fn finish(&mut self, invocation: u32) {
        let now = self.agenda.now();
        let one = &mut self.invocations[invocation as usize];
        one.is_over = true;
        one.todo = Vec::new();
        let (is_from_queue, started_at) = (one.is_from_queue, one.started_at);
        let (messages, unserved) = (std::mem::take(&mut one.messages), std::mem::take(&mut one.unserved));
        let mut failed = std::mem::take(&mut one.failed);
        self.notifying -= 1;
        self.counts.busy += u64::from(now - started_at);
        for (n, message) in messages.iter().enumerate() {
            for reason in [DeferReason::Time, DeferReason::Table, DeferReason::Posts] {
                let of_this = unserved
                    .iter()
                    .filter(|login| usize::from(login.message) == n && login.reason == reason);
                let logins: Vec<u32> = of_this.map(|unserved| unserved.login).collect();
                failed[n] |= !self.defer(*message, &logins, reason);
            }
        }
        for (message, _) in messages.into_iter().zip(failed).filter(|(_, failed)| *failed) {
            self.redeliver(message, is_from_queue, started_at);
        }
        if is_from_queue {
            self.queue.at_once -= 1;
        }
        self.take_batches();
    }

    /// Defers these logins of a message: sends them to the queue for a later invocation. `false` if the message fails
    /// because this was its last attempt.
    fn defer(&mut self, message: u32, logins: &[u32], reason: DeferReason) -> bool {
        let notify = self.design.notify;
        let attempt = self.messages[message as usize].attempt;
        if logins.is_empty() {
            return true;
        }
        if attempt >= notify.attempts {
            // Logins whose posts failed have the update in the log, where their pages' next sync finds it.
            let is_recorded = reason == DeferReason::Posts;
            self.counts.failed += if is_recorded { logins.len() as u64 } else { 0 };
            return is_recorded;
        }
        self.counts.deferred += logins.len() as u64;
        for chunk in logins.chunks(notify.logins_deferred) {
            let delay = match reason {
                DeferReason::Time => 0.0,
                DeferReason::Table | DeferReason::Posts => self.jitter(attempt - 1, notify.rest),
            };
            self.send(chunk.to_vec(), attempt + 1, delay);
        }
        true
    }

    /// Delivers a failed message again: from the queue once its visibility timeout is over; after an asynchronous
    /// invocation one minute later, then two.
    fn redeliver(&mut self, message: u32, is_from_queue: bool, received_at: Millis) {
        let notify = self.design.notify;
        let Self { agenda, messages, .. } = self;
        let receives = messages[message as usize].receives;
        if receives >= if is_from_queue { notify.receives } else { DIRECT_RUNS } {
            self.counts.dead_letters += messages[message as usize].logins.len() as u64;
        } else if is_from_queue {
            let shows_at = received_at + notify.visibility as Millis;
            agenda.after(shows_at - agenda.now(), Event::Message(message));
        } else {
            agenda.after(receives * 60_000, Event::Invoke { message, refusals: 0 });
        }
    }
}

impl World {
    /// Notes that the login in this slot was throttled by a table or by API Gateway. It is deferred when the invocation
    /// ends.
    pub(crate) fn throttled(&mut self, invocation: u32, place: u16, reason: DeferReason) {
        let one = &mut self.invocations[invocation as usize];
        let Place { login, message, .. } = one.places[place as usize];
        one.unserved.push(Unserved { login, message, reason });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{counts::Counts, design::Design};

    const DAY: Millis = 86_400_000;

    /// Runs two events of a thousand logins each through the queue, until nothing is under way any more.
    fn settle(design: Design) -> Counts {
        let mut world = World::new(design, 2_000, DAY / 8, 1);
        world.crowd.iter_mut().for_each(|client| client.open = true);
        world.publish(0.0);
        world.run();
        assert_eq!((world.notifying, world.queue.at_once), (0, 0));
        world.counts
    }

    #[test]
    fn without_throttling_every_login_gets_one_post() {
        let counts = settle(Design::now());
        assert_eq!((counts.sent, counts.writes, counts.reads), (2_000, 2_000, 2_000));
        assert_eq!((counts.failed, counts.deferred, counts.dead_letters), (0, 0, 0));
    }

    #[test]
    fn a_login_that_a_table_throttles_is_deferred_four_times_and_then_ends_in_the_dead_letter_queue() {
        let now = settle(Design::now().warm(0.0));
        assert_eq!(
            (now.dead_letters, now.failed),
            (2_000, 0),
            "an update that is not in the log must end in the dead-letter queue"
        );
        assert_eq!(now.deferred, 2_000 * 4);
    }

    #[test]
    fn a_login_whose_posts_are_throttled_is_deferred_four_times_and_then_left_to_its_next_sync() {
        let mut design = Design::now();
        design.quotas.request_burst = 0.0;
        let now = settle(design);
        assert_eq!((now.failed, now.deferred, now.dead_letters), (2_000, 2_000 * 4, 0));
        assert_eq!(now.posts_refused, 2_000 * 5 * u64::from(Design::now().notify.tries));
    }

    #[test]
    fn logins_that_one_invocation_has_no_time_for_are_served_by_another() {
        let mut design = Design::now();
        design.post_work = 50.0; // of a whole processor, while notify's memory buys a third of one
        let counts = settle(design);
        assert!(counts.deferred > 500, "{}", counts.deferred);
        assert_eq!((counts.failed, counts.dead_letters), (0, 0));
        assert!(counts.sent >= 2_000 && counts.invocations > 2);
    }

    #[test]
    fn asynchronous_invocations_beyond_lambdas_limit_run_later() {
        let mut design = Design::now();
        design.quotas.lambda = 1;
        let mut world = World::new(design, 5_000, DAY / 24, 1);
        world.crowd.iter_mut().for_each(|client| client.open = true);
        world.invoke_all();
        world.run();
        assert_eq!(world.counts.sent, 5_000);
        assert_eq!(world.lambda_full_at, Some(0));
    }
}
