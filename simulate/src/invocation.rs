//! One invocation of notify: how it begins, what it leaves to others, how it ends. `serve.rs` is what lies between.

use crate::{
    agenda::Millis,
    world::{Event, World},
};

/// What an invocation has done and has yet to do.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    is_from_queue: bool,
    messages: Vec<u32>,
    /// The logins, each with the place of its message among those above.
    todo: Vec<(u32, u8)>,
    next: usize,
    pub(crate) places: Vec<Place>,
    /// How many of them are at work.
    busy: usize,
    /// Which messages have to come again.
    pub(crate) failed: Vec<bool>,
    /// What is left to others.
    pub(crate) left: Vec<Left>,
    pub(crate) processor_free_at: f64,
    /// What is left of the SDK's budget for retries.
    pub(crate) retries: f64,
    started_at: Millis,
    pub(crate) is_over: bool,
}

/// The login that is served in one of the places, and how far that is.
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
pub(crate) struct Left {
    pub(crate) login: u32,
    pub(crate) message: u8,
    pub(crate) why: Why,
}

/// What there was too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Time,
    Table,
    Posts,
}

/// What the SDK may spend on retries of one client.
pub(crate) const SDK_BUDGET: f64 = 500.0;
/// How often Lambda runs an event that came without a queue: once, and two retries.
const DIRECT_RUNS: u32 = 3;

impl World {
    pub(crate) fn has_room_to_notify(&self) -> bool {
        self.notifying + self.calls < self.design.quotas.lambda
    }

    /// Lambda is asked for an invocation without a queue, and asks itself again if there is no room.
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
            left: Vec::new(),
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

    /// The place is free after so long: for the next login, if there is one.
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

    /// What is under way is dropped where it stands, and left to others with what was not begun.
    pub(crate) fn time_is_up(&mut self, invocation: u32) {
        let one = &mut self.invocations[invocation as usize];
        if one.is_over {
            return;
        }
        let begun = one.places.iter().filter(|place| place.step != Step::Idle);
        let begun = begun.map(|place| (place.login, place.message));
        let rest = begun.chain(one.todo[one.next..].iter().copied());
        one.left.extend(rest.map(|(login, message)| Left {
            login,
            message,
            why: Why::Time,
        }));
        self.finish(invocation);
    }

    fn finish(&mut self, invocation: u32) {
        let now = self.agenda.now();
        let one = &mut self.invocations[invocation as usize];
        one.is_over = true;
        one.todo = Vec::new();
        let (is_from_queue, started_at) = (one.is_from_queue, one.started_at);
        let (messages, left) = (std::mem::take(&mut one.messages), std::mem::take(&mut one.left));
        let mut failed = std::mem::take(&mut one.failed);
        self.notifying -= 1;
        self.counts.busy += u64::from(now - started_at);
        for (n, message) in messages.iter().enumerate() {
            for why in [Why::Time, Why::Table, Why::Posts] {
                let of_this = left
                    .iter()
                    .filter(|left| usize::from(left.message) == n && left.why == why);
                let logins: Vec<u32> = of_this.map(|left| left.login).collect();
                failed[n] |= !self.put_off(*message, &logins, why);
            }
        }
        for (message, _) in messages.into_iter().zip(failed).filter(|(_, failed)| *failed) {
            self.comes_again(message, is_from_queue, started_at);
        }
        if is_from_queue {
            self.queue.at_once -= 1;
        }
        self.take_batches();
    }

    /// Leaves these logins of a message to a later invocation; `false` if the message fails for them.
    fn put_off(&mut self, message: u32, logins: &[u32], why: Why) -> bool {
        let notify = self.design.notify;
        let attempt = self.messages[message as usize].attempt;
        if logins.is_empty() {
            return true;
        }
        if attempt >= notify.attempts {
            // They have it in the log, and their pages will ask.
            let is_recorded = why == Why::Posts;
            self.counts.failed += if is_recorded { logins.len() as u64 } else { 0 };
            return is_recorded;
        }
        self.counts.put_off += logins.len() as u64;
        for chunk in logins.chunks(notify.logins_put_off) {
            let delay = match why {
                Why::Time => 0.0,
                Why::Table | Why::Posts => self.jitter(attempt - 1, notify.rest),
            };
            self.send(chunk.to_vec(), attempt + 1, delay);
        }
        true
    }

    /// A message that failed shows again when its time is over; an event without a queue, a minute later, then two.
    fn comes_again(&mut self, message: u32, is_from_queue: bool, received_at: Millis) {
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
    /// What becomes of a login that a table, or API Gateway, had no room for.
    pub(crate) fn no_room(&mut self, invocation: u32, place: u16, why: Why) {
        let one = &mut self.invocations[invocation as usize];
        let Place { login, message, .. } = one.places[place as usize];
        one.left.push(Left { login, message, why });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{counts::Counts, design::Design};

    const DAY: Millis = 86_400_000;

    /// An event for each thousand of two thousand logins, by the queue, until all is settled.
    fn settle(design: Design) -> Counts {
        let mut world = World::new(design, 2_000, DAY / 8, 1);
        world.crowd.iter_mut().for_each(|client| client.open = true);
        world.publish(0.0);
        world.run();
        assert_eq!((world.notifying, world.queue.at_once), (0, 0));
        world.counts
    }

    #[test]
    fn where_there_is_room_everybody_is_told_once() {
        let counts = settle(Design::now());
        assert_eq!((counts.sent, counts.writes, counts.reads), (2_000, 2_000, 2_000));
        assert_eq!((counts.failed, counts.put_off, counts.dead_letters), (0, 0, 0));
    }

    #[test]
    fn what_a_table_has_no_room_for_is_put_off_until_it_fails() {
        let now = settle(Design::now().warm(0.0));
        assert_eq!(
            (now.dead_letters, now.failed),
            (2_000, 0),
            "what is not in the log must not be forgotten"
        );
        assert_eq!(now.put_off, 2_000 * 4);
    }

    #[test]
    fn what_api_gateway_has_no_room_for_is_put_off_and_then_left_to_the_next_sync() {
        let mut design = Design::now();
        design.quotas.request_burst = 0.0;
        let now = settle(design);
        assert_eq!((now.failed, now.put_off, now.dead_letters), (2_000, 2_000 * 4, 0));
        assert_eq!(now.posts_refused, 2_000 * 5 * u64::from(Design::now().notify.tries));
    }

    #[test]
    fn what_there_is_no_time_for_goes_on_in_another_invocation() {
        let mut design = Design::now();
        design.post_work = 50.0; // of a whole processor; it has a third of one
        let counts = settle(design);
        assert!(counts.put_off > 500, "{}", counts.put_off);
        assert_eq!((counts.failed, counts.dead_letters), (0, 0));
        assert!(counts.sent >= 2_000 && counts.invocations > 2);
    }

    #[test]
    fn invocations_for_which_lambda_has_no_room_come_later() {
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
