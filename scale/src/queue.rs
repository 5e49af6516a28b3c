//! The pipeline's queue, and Lambda's polling of it.

use crate::world::{Event, World};
use std::collections::VecDeque;

/// An event for some logins.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) logins: Vec<u32>,
    /// Number of the attempt: 1 for the pipeline's event, one more with each deferral.
    pub(crate) attempt: u32,
    /// Number of times that the message was received from the queue, or that notify was invoked with it.
    pub(crate) receives: u32,
}

/// State of the queue, and of Lambda's pollers.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// Messages that can be received.
    pub(crate) visible: VecDeque<u32>,
    /// Batches that invocations are working on.
    pub(crate) at_once: u32,
    /// Most batches at once that Lambda allows itself by now.
    allowed: f64,
    ramping: bool,
}

/// Time between two steps in which Lambda allows itself more batches at once, in milliseconds.
const RAMP: u32 = 200;

impl World {
    /// The pipeline sends events for all logins into the queue, one after the other, evenly over `over` milliseconds.
    pub fn publish(&mut self, over: f64) {
        let each = self.design.notify.logins_an_event;
        let all = self.crowd.len() as u32;
        let events = all.div_ceil(each);
        for event in 0..events {
            let logins = (event * each..all.min((event + 1) * each)).collect();
            let delay = over * f64::from(event) / f64::from(events);
            self.send(logins, 1, delay);
        }
    }

    /// The pipeline invokes notify for all logins asynchronously, all at once.
    pub fn invoke_all(&mut self) {
        let each = self.design.notify.logins_an_event;
        let all = self.crowd.len() as u32;
        for event in 0..all.div_ceil(each) {
            let logins = (event * each..all.min((event + 1) * each)).collect();
            let message = self.new_message(logins, 1);
            self.agenda.after(0, Event::Invoke { message, refusals: 0 });
        }
    }

    fn new_message(&mut self, logins: Vec<u32>, attempt: u32) -> u32 {
        self.messages.push(Message {
            logins,
            attempt,
            receives: 0,
        });
        self.messages.len() as u32 - 1
    }

    pub(crate) fn send(&mut self, logins: Vec<u32>, attempt: u32, delay: f64) {
        let message = self.new_message(logins, attempt);
        self.counts.queue_requests += 1;
        self.agenda.after(delay as u32, Event::Message(message));
    }

    pub(crate) fn arrives(&mut self, message: u32) {
        self.queue.visible.push_back(message);
        if !self.queue.ramping {
            self.queue.ramping = true;
            self.queue.allowed = self.design.quotas.pollers.0;
            self.agenda.after(RAMP, Event::Poll);
        }
        self.take_batches();
    }

    /// While messages wait, Lambda takes more and more batches at once.
    pub(crate) fn ramp(&mut self) {
        if self.queue.visible.is_empty() && self.queue.at_once == 0 {
            self.queue.ramping = false;
            return;
        }
        if !self.queue.visible.is_empty() {
            self.queue.allowed += self.design.quotas.pollers.1 * f64::from(RAMP) / 1_000.0;
        }
        self.take_batches();
        self.agenda.after(RAMP, Event::Poll);
    }

    pub(crate) fn take_batches(&mut self) {
        let most = self.design.notify.queue_at_once.min(self.queue.allowed as u32);
        while self.queue.at_once < most && !self.queue.visible.is_empty() {
            if !self.has_room_to_notify() {
                return;
            }
            let batch = self.design.notify.batch.min(self.queue.visible.len());
            let messages: Vec<u32> = self.queue.visible.drain(..batch).collect();
            for message in &messages {
                self.messages[*message as usize].receives += 1;
            }
            self.counts.queue_requests += 2;
            self.queue.at_once += 1;
            self.start(messages, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::Design;

    /// Number of batches under way after `millis` milliseconds, if none ever ends.
    fn at_once(queue_at_once: u32, millis: u32) -> u32 {
        let mut design = Design::now();
        design.notify.queue_at_once = queue_at_once;
        design.notify.batch = 1;
        design.post_work = 1e9;
        let mut world = World::new(design, 100_000, millis, 1);
        world.everybody_is_on_line();
        world.publish(0.0);
        world.run();
        world.queue.at_once
    }

    #[test]
    fn lambda_takes_some_batches_at_once_and_then_more_each_second() {
        assert_eq!(at_once(1_000, 100), 5);
        assert_eq!(at_once(1_000, 2_100), 15);
        assert_eq!(at_once(1_000, 50_000), 100, "one for each of the hundred messages");
    }

    #[test]
    fn lambda_takes_no_more_batches_at_once_than_the_event_sources_concurrency() {
        assert_eq!(at_once(8, 50_000), 8);
    }
}
