//! What happens next, in chaos: one of all the actions that are possible, at random.

use super::{
    Revoking, Task, World,
    gateway::{Socket, State},
    pipeline::Progress,
    plan::Trouble,
};
use std::time::Duration;

/// Something that may happen next.
#[derive(Clone, Copy, Debug)]
enum Action {
    /// Something becomes of a call.
    Call(u64),
    /// An answer that is under way arrives.
    Answer(usize),
    /// The next message arrives at a socket's browser.
    ToBrowser(usize),
    /// The next message arrives at the gateway.
    ToGateway(usize),
    /// An event is delivered to notify.
    Deliver(usize),
    /// `$disconnect` is invoked.
    Disconnect(usize),
    /// Time passes.
    Pass,
    /// The pipeline sends an event.
    Send,
    Crash(usize),
    Vanish(usize),
    Kill(usize),
    Cut(usize),
    Reload(usize),
    OpenTab(usize),
    CloseTab(usize),
    ChangeOver(usize),
    Snoop(usize),
    Duplicate(usize),
    /// DynamoDB serves nobody, or serves again.
    Outage,
    LoseUpdates,
    WantRevocation(usize),
    Revoke(usize),
}

/// The most events of a run.
const EVENTS: usize = 12;

impl World {
    /// Takes one action.
    pub(super) async fn act(&mut self) {
        let actions = self.possible();
        let sum: u32 = actions.iter().map(|(weight, _)| weight).sum();
        let mut at = self.rng.u32(..sum);
        let chosen = actions.iter().find(|(weight, _)| {
            let is_it = at < *weight;
            at = at.saturating_sub(*weight);
            is_it
        });
        let (_, action) = *chosen.expect("time can always pass");
        self.take(action).await;
        self.settle();
    }

    /// What is possible, each with its weight.
    fn possible(&self) -> Vec<(u32, Action)> {
        let mut all = vec![(6, Action::Pass)];
        all.extend(self.wire.find(|held| Some((8, Action::Call(held.number)))));
        all.extend((0..self.answers.len()).map(|at| (4, Action::Answer(at))));
        all.extend((0..self.disconnects.len()).map(|at| (2, Action::Disconnect(at))));
        for (number, socket) in self.gateway.sockets.iter().enumerate() {
            all.extend((!socket.to_browser.is_empty()).then_some((8, Action::ToBrowser(number))));
            all.extend((!socket.to_gateway.is_empty()).then_some((8, Action::ToGateway(number))));
        }
        let now = self.now();
        for (at, delivery) in self.pipeline.deliveries.iter().enumerate() {
            let is_due = matches!(delivery.state, Progress::Due(due) if due <= now);
            all.extend(is_due.then_some((8, Action::Deliver(at))));
        }
        all.extend((self.pipeline.events.len() < EVENTS).then_some((5, Action::Send)));
        let wanted = (0..self.chatters.len()).filter(|at| self.chatters[*at].revocation == Revoking::Wanted);
        all.extend(wanted.map(|at| (4, Action::Revoke(at))));
        self.troubles(&mut all);
        all
    }

    fn troubles(&self, all: &mut Vec<(u32, Action)>) {
        let plan = &self.plan;
        if plan.has(Trouble::Crashes) {
            all.extend(self.jobs.keys().map(|id| (1, Action::Crash(*id))));
        }
        for (at, browser) in self.browsers.iter().enumerate() {
            let works = browser
                .socket
                .is_some_and(|socket| self.gateway.sockets[socket].works());
            let mut may = |trouble, is_possible: bool, action| {
                all.extend((plan.has(trouble) && is_possible).then_some((1, action)));
            };
            may(Trouble::Vanishing, browser.socket.is_some(), Action::Vanish(at));
            may(Trouble::CutSockets, works, Action::Cut(at));
            may(Trouble::Kills, works, Action::Kill(at));
            may(Trouble::Reloads, !browser.is_closed, Action::Reload(at));
            may(
                Trouble::Tabs,
                browser.tabs.len() < 3 && !browser.is_closed,
                Action::OpenTab(at),
            );
            may(Trouble::Tabs, browser.tabs.len() > 1, Action::CloseTab(at));
            may(
                Trouble::ChangeOvers,
                works && browser.opening.is_none(),
                Action::ChangeOver(at),
            );
            may(Trouble::Snoops, works && plan.logins > 1, Action::Snoop(at));
        }
        if plan.has(Trouble::Duplicates) {
            let deliveries = self.pipeline.deliveries.iter().enumerate();
            let begun = deliveries.filter(|(_, delivery)| !matches!(delivery.state, Progress::Due(_)));
            all.extend(begun.map(|(at, _)| (1, Action::Duplicate(at))));
        }
        let outage = if self.is_outage { 4 } else { 1 };
        all.extend(plan.has(Trouble::Outages).then_some((outage, Action::Outage)));
        all.extend(plan.has(Trouble::NewLogs).then_some((1, Action::LoseUpdates)));
        let can_be_revoked =
            |at: &usize| plan.has(Trouble::Revocations) && self.chatters[*at].revocation == Revoking::No;
        // The first chatter ID of each login stays.
        let revocable = (0..self.chatters.len()).filter(|at| at % 2 == 1).filter(can_be_revoked);
        all.extend(revocable.map(|at| (1, Action::WantRevocation(at))));
    }

    async fn take(&mut self, action: Action) {
        match action {
            Action::Call(number) => self.treat(number),
            Action::Answer(at) => self.arrive(at),
            Action::ToBrowser(socket) => self.reach_browser(socket),
            Action::ToGateway(socket) => self.reach_gateway(socket),
            Action::Deliver(at) => self.deliver(at),
            Action::Disconnect(at) => {
                let socket = self.disconnects.remove(at);
                self.start(Task::Disconnect(socket));
            }
            Action::Pass => {
                let time = self.pause();
                self.pass(time).await;
            }
            Action::Send => self.send_event(None),
            Action::Crash(id) => self.crash(id),
            Action::Duplicate(at) => {
                self.count("event delivered twice");
                self.deliver(at);
            }
            Action::Outage => {
                self.is_outage ^= true;
                self.count("outage begins or ends");
                self.note(|world| format!("DynamoDB serves nobody: {}", world.is_outage));
            }
            Action::LoseUpdates => self.lose_updates(),
            Action::WantRevocation(chatter) => self.chatters[chatter].revocation = Revoking::Wanted,
            Action::Revoke(chatter) => {
                self.start(Task::Revoke(chatter));
            }
            of_browser => self.trouble_browser(of_browser).await,
        }
    }

    async fn trouble_browser(&mut self, action: Action) {
        let now = self.now();
        match action {
            Action::Vanish(at) => {
                self.note(|_| format!("browser {at} loses its socket, and the gateway does not know"));
                self.count("socket vanished");
                if let Some(socket) = self.browsers[at].socket {
                    self.gateway.sockets[socket].cut.get_or_insert(now);
                }
                self.browsers[at].lose_socket(now, &mut self.rng);
            }
            Action::Cut(at) => {
                self.note(|_| format!("the socket of browser {at} passes nothing on any more"));
                self.count("socket cut");
                self.with_socket(at, |socket: &mut Socket| socket.cut = Some(now));
            }
            Action::Kill(at) => {
                self.note(|_| format!("the gateway closes the socket of browser {at}"));
                self.count("socket killed");
                if let Some(socket) = self.browsers[at].socket {
                    self.end_socket(socket);
                }
            }
            Action::Reload(at) => self.reload(at).await,
            Action::OpenTab(at) => self.open_tab(at).await,
            Action::CloseTab(at) => self.close_tab(at),
            Action::ChangeOver(at) => {
                self.count("change-over");
                self.open_socket(at);
            }
            Action::Snoop(at) => self.snoop(at),
            other => unreachable!("{other:?} is not a browser's"),
        }
    }

    fn with_socket(&mut self, browser: usize, change: impl FnOnce(&mut Socket)) {
        if let Some(socket) = self.browsers[browser].socket {
            change(&mut self.gateway.sockets[socket]);
        }
    }

    /// How long time passes: mostly as long as an answer takes, sometimes longer.
    fn pause(&mut self) -> Duration {
        let longest = match self.rng.u8(..100) {
            0..85 => 50,
            85..94 => 500,
            94..97 => 4_000,
            97..99 if self.plan.has(Trouble::LongPauses) => 180_000,
            99 if self.plan.has(Trouble::LongPauses) => 2_400_000,
            _ => 1_000,
        };
        Duration::from_millis(self.rng.u64(1..=longest))
    }

    /// The pipeline sends an event about some topics, or these.
    pub(super) fn send_event(&mut self, about: Option<(Vec<String>, Vec<String>)>) {
        let (logins, topics) = about.unwrap_or_else(|| {
            let all = self.plan.logins;
            let first = self.rng.usize(..all);
            let is_for_both = all > 1 && self.rng.u8(..4) == 0;
            let logins = (0..all).filter(|login| *login == first || is_for_both);
            (logins.map(|login| format!("l{login}")).collect(), self.topics())
        });
        // Long ago, by every machine's clock.
        let serial = self.pipeline.events.len();
        let at = self.began - 3_600_000 + 10 * i64::try_from(serial).expect("few events");
        let by_queue = self.rng.bool();
        self.note(|_| format!("event u{serial} for {logins:?} about {topics:?}"));
        self.count("event");
        let now = self.now();
        self.pipeline.send(logins, topics, at, by_queue, now);
    }

    /// The table of updates is lost. Invocations that are writing to it fail: a table is not made anew within the time of one
    /// call. (A write that was carried out, and is tried again on the new table, would give that the epoch of the old.)
    fn lose_updates(&mut self) {
        self.note(|_| "the table of updates is lost".to_owned());
        self.count("log lost");
        let writes = |id: &usize| self.writing.iter().any(|(writer, _)| writer == id);
        let writing: Vec<usize> = self.jobs.keys().copied().filter(writes).collect();
        writing.into_iter().for_each(|id| self.crash(id));
        self.mistakes.lose(self.engine.items("updates").to_vec());
        self.engine.lose_updates();
        self.pipeline
            .events
            .iter_mut()
            .for_each(|event| event.is_of_this_log = false);
        // A write that nobody waits for any more would be of the old table.
        let late = self.wire.find(|held| (!held.is_awaited()).then_some(held.number));
        late.into_iter().for_each(|number| drop(self.wire.take(number)));
    }

    /// A page asks for the updates of another login.
    fn snoop(&mut self, browser: usize) {
        self.count("snooping");
        let own = self.browsers[browser].login.clone();
        let other = (0..self.plan.logins)
            .map(|login| format!("l{login}"))
            .find(|login| *login != own);
        let message = serde_json::json!({"action": "sync", "login": other, "cursor": null, "n": Self::SNOOP});
        self.note(|_| format!("browser {browser} asks for the updates of {other:?}"));
        self.with_socket(browser, |socket: &mut Socket| {
            if socket.state == State::Open {
                socket.to_gateway.push_back(message.to_string());
            }
        });
    }
}
