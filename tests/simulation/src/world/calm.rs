//! Trouble ends: what is under way comes to its end, and time passes until every page has what it needs.

use super::{Revoking, TOPICS, Task, World, pipeline::Progress};
use std::time::Duration;

/// The most steps to rest. A system that takes more would never come to it.
const STEPS: usize = 20_000;
/// Longer than a page waits for its periodic sync.
const LONG: Duration = Duration::from_secs(16 * 60);

impl World {
    /// Everything calms down, and is checked.
    pub(super) async fn calm_down(&mut self) {
        self.note(|_| "trouble ends".to_owned());
        (self.is_calm, self.is_outage) = (true, false);
        let late = self.wire.find(|held| (!held.is_awaited()).then_some(held.number));
        for number in late {
            if let Some(held) = self.wire.take(number) {
                self.treat_late(held);
            }
        }
        self.rest(Duration::ZERO).await;
        self.check_pages(false);
        self.rest(LONG).await;
        self.check_pages(true);
        self.check_log();
        let topics: Vec<String> = TOPICS.map(ToOwned::to_owned).to_vec();
        let logins = (0..self.plan.logins).map(|login| format!("l{login}")).collect();
        self.send_event(Some((logins, topics)));
        self.rest(Duration::ZERO).await;
        self.check_pages(true);
        self.check_rows();
    }

    /// Until nothing is under way, and at least so much time has passed.
    async fn rest(&mut self, at_least: Duration) {
        let end = self.now() + at_least;
        for _ in 0..STEPS {
            self.settle();
            if self.violation.is_some() {
                return;
            }
            if self.step() {
                continue;
            }
            let now = self.now();
            let is_at_rest = self.is_at_rest();
            if is_at_rest && now >= end {
                return;
            }
            let mut next: Vec<Duration> = self.next_due().into_iter().chain(self.pipeline.next_due()).collect();
            next.extend(is_at_rest.then_some(end));
            let Some(next) = next.into_iter().min() else {
                // An invocation waits for time alone.
                self.pass_to_next(now + LONG).await;
                continue;
            };
            self.pass_to_next(next).await;
        }
        self.violate("it does not come to rest");
    }

    /// Lets time pass until then, or until an invocation can go on.
    async fn pass_to_next(&mut self, next: Duration) {
        let now = self.now();
        if self.jobs.is_empty() {
            self.pass(next.saturating_sub(now)).await;
        } else {
            // Its own waits are not known here.
            self.pass(Duration::from_millis(20).min(next.saturating_sub(now))).await;
        }
    }

    /// Takes the next step of what is under way, without trouble; says whether there was one.
    fn step(&mut self) -> bool {
        let now = self.now();
        let call = self.wire.find(|held| Some(held.number)).first().copied();
        if let Some(held) = call.and_then(|number| self.wire.take(number)) {
            if held.is_awaited() && self.is_doomed(&held.call) {
                self.note(|_| format!("{held}: Refused"));
                self.not_posted(&held.call);
                let answer = self.refusal(&held.call);
                held.answer(answer);
            } else if held.is_awaited() {
                self.note(|_| held.to_string());
                let answer = self.execute(&held);
                held.answer(answer);
            } else {
                self.not_posted(&held.call);
            }
            return true;
        }
        if !self.answers.is_empty() {
            self.arrive(0);
            return true;
        }
        let busy = self
            .gateway
            .sockets
            .iter()
            .position(|socket| !socket.to_gateway.is_empty());
        if let Some(socket) = busy {
            self.reach_gateway(socket);
            return true;
        }
        let busy = self
            .gateway
            .sockets
            .iter()
            .position(|socket| !socket.to_browser.is_empty());
        if let Some(socket) = busy {
            self.reach_browser(socket);
            return true;
        }
        if let Some(socket) = self.disconnects.pop() {
            self.start(Task::Disconnect(socket));
            return true;
        }
        let is_due = |state| matches!(state, Progress::Due(due) if due <= now);
        let due = self
            .pipeline
            .deliveries
            .iter()
            .position(|delivery| is_due(delivery.state));
        if let Some(delivery) = due {
            self.deliver(delivery);
            return true;
        }
        let wanted = self
            .chatters
            .iter()
            .position(|chatter| chatter.revocation == Revoking::Wanted);
        if let Some(chatter) = wanted {
            self.start(Task::Revoke(chatter));
            return true;
        }
        false
    }

    /// Whether nothing is under way, and every page has its socket and has seen everything, as far as it knows.
    fn is_at_rest(&self) -> bool {
        let has_working_socket = |browser: &super::Browser| {
            let socket = browser.socket.map(|socket| &self.gateway.sockets[socket]);
            socket.is_none_or(super::gateway::Socket::works)
        };
        self.jobs.is_empty()
            && self.pipeline.is_done()
            && self.are_sockets_quiet()
            && self
                .browsers
                .iter()
                .all(|browser| browser.is_calm() && has_working_socket(browser))
    }
}
