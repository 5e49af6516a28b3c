//! What must be so.

use super::{Revoking, TOPICS, Task, World, browser::Browser, gateway::State, pipeline::Pipeline, plan::Trouble};
use crate::Answer;
use chatterbox_core::Admission;
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

impl World {
    /// A push gives an event the same version as every earlier one of the same log: it is recorded once.
    pub(super) fn check_version(&mut self, text: &str) {
        let push: Value = serde_json::from_str(text).expect("JSON");
        let text = |name: &str| push[name].as_str().unwrap_or_default().to_owned();
        let version = push["version"].as_u64().unwrap_or_default();
        let known = *self.versions.entry((text("epoch"), text("id"))).or_insert(version);
        if known != version {
            self.violate(format!(
                "{} was recorded twice: as {known} and as {version}",
                text("id")
            ));
        }
    }

    /// notify deletes the row of a socket that is opening or open only if the login has too many; or if its machine's clock is
    /// so wrong that the row looks old.
    pub(super) fn check_deletion(&mut self, socket: usize, caller: usize) {
        let is_notify = self
            .jobs
            .get(&caller)
            .is_some_and(|job| matches!(job.task, Task::Notify(_)));
        let may_be_too_many = self.rows().len() > self.plan.max_connections;
        if is_notify && !may_be_too_many && !self.plan.has(Trouble::Cap) && !self.plan.has(Trouble::Skew) {
            self.violate(format!(
                "the row of socket {socket} is deleted, which is opening or open"
            ));
        }
    }

    /// A page's cursor has passed no update that the page does not show (R4).
    pub(super) fn check_cursor(&mut self, browser: usize, tab: usize) {
        let (login, tab) = (&self.browsers[browser].login, &self.browsers[browser].tabs[tab]);
        let Some(cursor) = tab.page.cursor() else { return };
        let logs = self.engine.items("updates");
        let is_its = |log: &&Value| log["login"]["S"] == **login && log["epoch"]["S"] == *cursor.epoch;
        let Some(log) = logs.iter().find(is_its) else { return };
        let passed = |topic: &&&str| {
            let version = log[format!("v:{topic}")]["N"]
                .as_str()
                .and_then(|digits| digits.parse().ok());
            let listens = tab
                .topics
                .as_ref()
                .is_none_or(|topics| topics.iter().any(|of| of == **topic));
            listens && version.is_some_and(|version: u64| version <= cursor.version)
        };
        let missed = TOPICS.iter().filter(passed).find_map(|topic| {
            let (newest, shown) = (newest(log, topic), tab.shown.get(*topic).map(|shown| shown.serial));
            (shown < newest).then(|| format!("a page has passed {newest:?} of topic {topic}, and shows {shown:?}"))
        });
        if let Some(missed) = missed {
            self.violate(missed);
        }
    }

    /// Every page shows the newest update of each of its topics, and its socket has a row. Unless `all` are to, one to which
    /// a post failed, or whose row was deleted, need not before its periodic sync.
    pub(super) fn check_pages(&mut self, all: bool) {
        if self.violation.is_some() {
            return;
        }
        let (logs, rows) = (self.engine.items("updates"), self.rows());
        let mut wrong = Vec::new();
        for (at, browser) in self.browsers.iter().enumerate() {
            let Some(socket) = browser.socket.filter(|_| !browser.is_closed) else {
                continue;
            };
            let log = logs.iter().find(|log| log["login"]["S"] == *browser.login);
            for (number, tab) in browser.tabs.iter().enumerate() {
                if !all && !tab.owed.is_empty() {
                    continue;
                }
                if !rows.contains(&self.gateway.sockets[socket].id) {
                    wrong.push(format!("the socket of browser {at} is open and has no row"));
                }
                for topic in TOPICS {
                    let listens = tab
                        .topics
                        .as_ref()
                        .is_none_or(|topics| topics.iter().any(|of| of == topic));
                    let newest = log.and_then(|log| newest(log, topic)).filter(|_| listens);
                    let shown = tab.shown.get(topic).map(|shown| shown.serial);
                    if newest.is_some() && shown < newest {
                        wrong.push(format!(
                            "tab {number} of browser {at} shows {shown:?} of topic {topic}, and the newest is {newest:?}"
                        ));
                    }
                }
            }
        }
        wrong.extend(self.revoked_that_live(&rows));
        if let Some(wrong) = wrong.into_iter().next() {
            self.violate(wrong);
        }
    }

    /// A chatter ID that was revoked has no row and no socket. Where clocks differ by minutes, a 410 may have taken the row of a
    /// socket that was just opening, so that its revocation did not find it: that one ends at its page's next sync.
    fn revoked_that_live(&self, rows: &BTreeSet<String>) -> Option<String> {
        let may_lack_its_row = self.plan.has(Trouble::Skew);
        let is_revoked = |browser: &Browser| self.chatters[browser.chatter].revocation == Revoking::Done;
        let mut sockets = self.gateway.sockets.iter();
        let lives = sockets.find(|socket| {
            let is_alive = rows.contains(&socket.id) || (socket.works() && !may_lack_its_row);
            is_alive && is_revoked(&self.browsers[socket.browser])
        });
        lives.map(|socket| {
            format!(
                "socket {} is open or has a row, and its chatter ID was revoked",
                socket.id
            )
        })
    }

    /// Of every topic the log holds the newest event that was sent since the table was lost.
    pub(super) fn check_log(&mut self) {
        let logs = self.engine.items("updates");
        for login in (0..self.plan.logins).map(|login| format!("l{login}")) {
            let log = logs.iter().find(|log| log["login"]["S"] == *login);
            for topic in TOPICS {
                let is_of_it = |event: &super::pipeline::Event| {
                    event.is_of_this_log && event.logins.contains(&login) && event.topics.iter().any(|of| of == topic)
                };
                let must = self.pipeline.events.iter().rposition(is_of_it);
                let was = log.and_then(|log| newest(log, topic));
                if must.is_some() && was < must {
                    self.violate(format!(
                        "the log of {login} has {was:?} of topic {topic}, and must have {must:?}"
                    ));
                }
            }
        }
    }

    /// Once something was posted to every socket, there is a row for each socket that is open, and no other; and no login
    /// has more of them than it may.
    pub(super) fn check_rows(&mut self) {
        let rows = self.rows();
        let open = self.gateway.sockets.iter().filter(|socket| socket.state == State::Open);
        let open: BTreeSet<String> = open.map(|socket| socket.id.clone()).collect();
        if rows != open {
            self.violate(format!("there are rows for {rows:?}, and {open:?} are open"));
        }
        for login in (0..self.plan.logins).map(|login| format!("l{login}")) {
            let is_its = |browser: &&Browser| browser.login == login && browser.socket.is_some();
            let sockets = self.browsers.iter().filter(is_its).count();
            if sockets > self.plan.max_connections {
                self.violate(format!("{login} has {sockets} sockets"));
            }
        }
    }

    /// An invocation of notify posts an event to no more sockets of a login than the login may have, besides those that were just
    /// opening.
    pub(super) fn check_fan_out(&mut self, caller: usize, socket: usize, event: &str) {
        // Longer than a row is young, and than an invocation takes; and the clocks' difference.
        let young = Duration::from_secs(120 + if self.plan.has(Trouble::Skew) { 480 } else { 0 });
        let login = self.browsers[self.gateway.sockets[socket].browser].login.clone();
        if self.gateway.sockets[socket].since + young > self.now() {
            return;
        }
        let posted = self.fan_outs.entry((caller, login, event.to_owned())).or_default();
        posted.insert(socket);
        if posted.len() > self.plan.max_connections {
            let posted = format!("{posted:?}");
            self.violate(format!(
                "{event} is posted to {posted} of one login, more than it may have"
            ));
        }
    }

    /// A handshake is refused for too many sockets only if `$connect` has counted as many.
    pub(super) fn check_crowd(&mut self, caller: usize) {
        let counted = self.counted.get(&caller).copied().unwrap_or_default();
        if counted < self.plan.max_connections * Admission::TIMES_THE_CAP {
            self.violate(format!("a handshake was refused for too many sockets, of {counted}"));
        }
    }

    /// What `$connect` is told of how many connections its login has: page by page.
    pub(super) fn add_to_count(&mut self, caller: usize, answer: &Answer) {
        if let Answer::Status(200, text) = answer {
            let answer: Value = serde_json::from_str(text).expect("JSON");
            let count = answer["Count"].as_u64().unwrap_or_default();
            *self.counted.entry(caller).or_default() += usize::try_from(count).expect("few rows");
        }
    }

    /// The sockets that have a row which has not expired.
    fn rows(&self) -> BTreeSet<String> {
        let items = self.engine.items("connections");
        let now = self.clock.millis() / 1_000;
        let lasts = |item: &&Value| item["expires_at"]["N"].as_str().and_then(|at| at.parse().ok()) > Some(now);
        let id = |item: &Value| item["connection_id"]["S"].as_str().unwrap_or_default().to_owned();
        items.iter().filter(lasts).map(id).collect()
    }
}

/// The number of the event that a log holds of a topic.
fn newest(log: &Value, topic: &str) -> Option<usize> {
    let id = log[format!("u:{topic}")]["M"]["id"]["S"].as_str()?;
    Some(Pipeline::serial(id))
}
