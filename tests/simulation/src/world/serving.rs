//! The functions' invocations: how they begin and end, and time, by which they run.

use super::{
    Job, Revoking, Task, World,
    gateway::{Frame, State},
    pipeline::Progress,
    plan::Trouble,
};
use crate::{Outcome, handshake};
use chatterbox_core::{Answer, Handled, Notified};
use serde_json::Value;
use std::time::Duration;

impl World {
    /// The number of a sync that asks for another login's updates. No page counts so far.
    pub(super) const SNOOP: u64 = 1 << 52;

    /// A function is invoked.
    pub(super) fn start(&mut self, task: Task) -> usize {
        let skew = self.skew();
        let short = Duration::from_secs(10);
        let (id, timeout) = match task {
            Task::Connect(socket) => {
                let at = &self.gateway.sockets[socket];
                let browser = &self.browsers[at.browser];
                let secret = self.chatters[browser.chatter].id.reveal();
                let topics = at.topics.clone().unwrap_or_default().join(",");
                let event = handshake(&at.id, self.clock.millis(), &browser.login, &secret, &topics);
                (self.invocations.start(skew, self.functions.connect(&event)), short)
            }
            Task::Default { .. } => unreachable!("a message has a text"),
            Task::Disconnect(socket) => {
                let disconnect = self.functions.disconnect(&self.gateway.sockets[socket].id);
                (self.invocations.start(skew, disconnect), short)
            }
            Task::Notify(delivery) => {
                let payload = &self.pipeline.deliveries[delivery].payload;
                let notify = self.functions.notify(format!("request-{delivery}"), payload);
                (self.invocations.start(skew, notify), Duration::from_secs(60))
            }
            Task::Revoke(chatter) => {
                let (login, hash) = (self.login(chatter), self.chatters[chatter].id.hash());
                self.chatters[chatter].revocation = Revoking::Running;
                let revoke = self.functions.revoke(&login, &hash);
                (self.invocations.start(skew, revoke), Duration::from_secs(60))
            }
        };
        self.enlist(id, task, timeout)
    }

    /// `$default` is invoked for a message.
    pub(super) fn start_default(&mut self, socket: usize, message: String) {
        let skew = self.skew();
        let sync: Value = serde_json::from_str(&message).expect("JSON");
        let snoops = sync["n"] == Self::SNOOP;
        let default = self.functions.default(&self.gateway.sockets[socket].id, message);
        let id = self.invocations.start(skew, default);
        self.enlist(id, Task::Default { socket, snoops }, Duration::from_secs(10));
    }

    fn enlist(&mut self, id: usize, task: Task, timeout: Duration) -> usize {
        self.note(|_| format!("invocation {id}: {task:?}"));
        let deadline = self.now() + timeout;
        self.jobs.insert(id, Job { task, deadline });
        id
    }

    /// How far the clock of a machine is ahead, in milliseconds.
    fn skew(&mut self) -> i64 {
        let is_skewed = self.plan.has(Trouble::Skew) && !self.is_calm;
        if is_skewed { self.rng.i64(-240_000..=240_000) } else { 0 }
    }

    /// An event is delivered to notify, whether or not that was done before.
    pub(super) fn deliver(&mut self, delivery: usize) {
        let id = self.start(Task::Notify(delivery));
        self.begin_mistaken(id);
        self.pipeline.deliveries[delivery].state = Progress::Running(id);
    }

    /// Lets every invocation go on that can, until all wait.
    pub(super) fn settle(&mut self) {
        loop {
            let ready = self.invocations.ready();
            if ready.is_empty() {
                return;
            }
            for id in ready {
                if let Some(outcome) = self.invocations.run(id) {
                    self.ended(id, outcome);
                }
            }
        }
    }

    fn ended(&mut self, id: usize, outcome: Outcome) {
        let Some(job) = self.jobs.remove(&id) else { return };
        match (job.task, outcome) {
            (Task::Connect(socket), Outcome::Connected(status)) => {
                if status == 429 {
                    self.check_crowd(id);
                }
                self.answer_handshake(socket, status);
            }
            (Task::Default { socket, snoops }, Outcome::Handled(handled)) => {
                let (Handled::Ponged(text)
                | Handled::Synced(text)
                | Handled::NotUnderstood(text)
                | Handled::Failed { text, .. }) = handled;
                if snoops && text.contains("\"type\":\"sync\"") {
                    self.violate("a sync for another login was answered with its updates");
                }
                self.reply(socket, text);
            }
            (Task::Notify(delivery), Outcome::Notified(notified)) => self.notified(id, delivery, &notified),
            (Task::Revoke(chatter), Outcome::Revoked(closed)) => {
                self.note(|_| format!("chatter ID {chatter} was revoked: {closed:?} sockets"));
                let is_done = closed.is_some();
                self.chatters[chatter].revocation = if is_done { Revoking::Done } else { Revoking::Wanted };
            }
            (Task::Disconnect(_), _) => {}
            (task, outcome) => unreachable!("{task:?} ended with {outcome:?}"),
        }
    }

    /// `$connect` has returned. If the browser has given up meanwhile, nobody is at the other end.
    fn answer_handshake(&mut self, socket: usize, status: u16) {
        let browser = self.gateway.sockets[socket].browser;
        let chatter = self.browsers[browser].chatter;
        self.note(|_| format!("the handshake of socket {socket} is answered {status}"));
        self.count(format!("handshake {status}"));
        if status == 401 && self.chatters[chatter].revocation == Revoking::No {
            self.violate("a good chatter ID was refused");
        }
        if self.gateway.sockets[socket].state == State::Connecting {
            self.gateway.answer_handshake(socket, status);
        }
    }

    /// An answer goes to the browser that asked.
    fn reply(&mut self, socket: usize, text: String) {
        if self.gateway.sockets[socket].state == State::Open {
            self.gateway.sockets[socket].send(Frame::Text(text));
        }
    }

    fn notified(&mut self, id: usize, delivery: usize, notified: &Notified) {
        let succeeded = match &notified.answer {
            Ok(Answer::Report(_)) => true,
            Ok(Answer::Partial { batch_item_failures }) => batch_item_failures.is_empty(),
            Err(_) => false,
        };
        self.note(|_| format!("invocation {id} has notified: {:?}", notified.report));
        if self.pipeline.deliveries[delivery].state == Progress::Running(id) {
            self.pipeline.deliveries[delivery].state = if succeeded { Progress::Done } else { self.later() };
        }
    }

    /// A delivery comes again, some time later.
    fn later(&mut self) -> Progress {
        Progress::Due(self.now() + Duration::from_millis(self.rng.u64(0..30_000)))
    }

    /// An invocation is killed where it is, or its time is up.
    pub(super) fn crash(&mut self, id: usize) {
        let Some(job) = self.jobs.remove(&id) else { return };
        self.note(|_| format!("invocation {id} is killed: {:?}", job.task));
        self.count("invocation killed");
        self.invocations.kill(id);
        match job.task {
            Task::Connect(socket) => self.answer_handshake(socket, 502),
            Task::Default { socket, .. } => {
                let id = &self.gateway.sockets[socket].id;
                let text = format!(r#"{{"message": "Internal server error", "connectionId":"{id}", "requestId":"r"}}"#);
                self.reply(socket, text);
            }
            Task::Notify(delivery) => {
                if self.pipeline.deliveries[delivery].state == Progress::Running(id) {
                    self.pipeline.deliveries[delivery].state = self.later();
                }
            }
            Task::Revoke(chatter) => self.chatters[chatter].revocation = Revoking::Wanted,
            Task::Disconnect(_) => {}
        }
    }

    /// A socket ends at the gateway, which may or may not invoke `$disconnect`.
    pub(super) fn end_socket(&mut self, socket: usize) {
        self.gateway.end(socket);
        if self.plan.has(Trouble::LostDisconnects) && self.rng.bool() {
            self.count("disconnect lost");
        } else {
            self.disconnects.push(socket);
        }
    }

    /// Lets so much time pass, with what becomes due meanwhile.
    pub(super) async fn pass(&mut self, time: Duration) {
        let end = self.now() + time;
        loop {
            let next = self.next_due().map_or(end, |due| due.min(end));
            self.invocations.wait(next.saturating_sub(self.now())).await;
            self.settle();
            self.fire();
            self.settle();
            if self.now() >= end || self.violation.is_some() {
                return;
            }
        }
    }

    /// When something is due next, besides what the invocations themselves wait for.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let browsers = self.browsers.iter().filter_map(super::Browser::deadline);
        let jobs = self.jobs.values().map(|job| job.deadline);
        browsers.chain(jobs).chain(self.gateway.next_end()).min()
    }

    /// What is due happens.
    fn fire(&mut self) {
        let now = self.now();
        let over: Vec<usize> = self
            .jobs
            .iter()
            .filter(|(_, job)| job.deadline <= now)
            .map(|(id, _)| *id)
            .collect();
        over.into_iter().for_each(|id| self.crash(id));
        for socket in 0..self.gateway.sockets.len() {
            if self.gateway.sockets[socket].ends_at().is_some_and(|end| end <= now) {
                self.note(|_| format!("the gateway ends socket {socket}: it is idle or too old"));
                self.end_socket(socket);
            }
        }
        for browser in 0..self.browsers.len() {
            self.fire_browser(browser);
        }
    }
}
