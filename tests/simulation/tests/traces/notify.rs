//! notify, call by call.

use crate::{
    player::{Difference, Player, strings},
    tables::{self, connection_id, socket},
};
use chatterbox_core::{Login, Notified, Poster};
use model::trace::{Answer, Event, Posting, PushMessage, Recorded, ServerInput};
use serde_json::{Value, json};
use simulation::{Answer as Reply, Call, Outcome};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// An invocation of notify that is played.
#[derive(Debug)]
pub(crate) struct Notify {
    invocation: usize,
    event: Event,
    recorded: Recorded,
    /// The posts that are not answered yet.
    open: BTreeSet<usize>,
    /// How many tries of the post to each socket were answered.
    tries: BTreeMap<usize, usize>,
    /// The sockets whose rows it must delete.
    dead: BTreeSet<usize>,
    /// How many posts were answered so: sent, gone, early, failed.
    counts: [usize; 4],
}

/// The grace of a young row, in milliseconds.
const GRACE: i64 = 60_000;
/// How long a 410 for a young row takes: when it comes, the row is young no more.
const LATE: Duration = Duration::from_millis(10);

impl Player<'_> {
    /// An invocation of notify begins, and records its update before it asks for anything else.
    pub(crate) fn record(&mut self, notify: usize, event: Event) -> Result<ServerInput, Difference> {
        self.kill(notify);
        let function = self.functions.notify("request".to_owned(), &self.payload(&event));
        let invocation = self.invocations.start(function);
        self.expect_running(invocation)?;
        let (mut number, call) = self.only_call(invocation, "UpdateItem updates")?;
        self.must(call.is("UpdateItem", "updates"), "UpdateItem updates", &call)?;
        // A write that finds a topic with something newer is followed by one without that topic.
        let (is_new, ended) = loop {
            let before = self.engine.items("updates");
            let ended = self.let_through(invocation, number);
            let is_new = self.engine.items("updates") != before;
            match self.calls(invocation).pop() {
                Some((next, call)) if call.is("UpdateItem", "updates") && !is_new => number = next,
                _ => break (is_new, ended),
            }
        };
        let recorded = self.recorded(&event, is_new, ended.is_none());
        let begun = Notify {
            invocation,
            event: event.clone(),
            recorded: recorded.clone(),
            open: BTreeSet::new(),
            tries: BTreeMap::new(),
            dead: BTreeSet::new(),
            counts: [0; 4],
        };
        self.notifies.insert(notify, begun);
        match ended {
            None => {
                let (_, call) = self.only_call(invocation, "Query connections")?;
                self.must(call.is("Query", "connections"), "Query connections", &call)?;
            }
            Some(outcome) => self.ended(notify, outcome)?,
        }
        Ok(ServerInput::Record {
            notify,
            event,
            recorded,
        })
    }

    /// What became of an event's update, by what its write did and whether notify goes on.
    fn recorded(&mut self, event: &Event, is_new: bool, goes_on: bool) -> Recorded {
        if let (true, Some(epoch)) = (is_new, tables::epoch(&self.engine, &event.login))
            && let ServerInput::Record {
                recorded: Recorded::New { epoch: name, .. },
                ..
            } = &self.trace.steps[self.at].input
        {
            self.epochs.learn(&event.login, &epoch, name);
        }
        let log = tables::log(&self.engine, &event.login, &self.epochs);
        let Some(log) = log.filter(|_| goes_on) else {
            return Recorded::Stale;
        };
        let (epoch, version) = (log.epoch, log.version);
        if is_new {
            return Recorded::New { epoch, version };
        }
        let of_it = log.newest.values().filter(|newest| newest.id == event.id);
        let version = of_it.map(|newest| newest.version).max().unwrap_or_default();
        Recorded::Repeat { epoch, version }
    }

    /// It reads the connections, whose ages are set as the answers to its posts want it, and posts.
    pub(crate) fn read(&mut self, notify: usize) -> Result<ServerInput, Difference> {
        let invocation = self.notifies[&notify].invocation;
        self.set_ages(notify);
        let (number, call) = self.only_call(invocation, "Query connections")?;
        self.must(call.is("Query", "connections"), "Query connections", &call)?;
        self.must_be_consistent(&call)?;
        let ended = self.let_through(invocation, number);
        let mut posts = Vec::new();
        for (_, call) in self.calls(invocation) {
            let Call::Post { socket: id, text } = &call else {
                return Err(self.difference("posts", call.to_string()));
            };
            let push = self.push(&self.notifies[&notify].event, text)?;
            posts.push(Posting {
                socket: socket(id),
                push,
            });
        }
        posts.sort_by_key(|post| post.socket);
        let open = posts.iter().map(|post| post.socket).collect();
        self.notifies.get_mut(&notify).unwrap().open = open;
        self.check(notify, ended)?;
        Ok(ServerInput::Read { notify, posts })
    }

    /// A push in the words of the trace. What the trace leaves out is checked here.
    fn push(&self, event: &Event, text: &str) -> Result<PushMessage, Difference> {
        let push: Value = serde_json::from_str(text).unwrap();
        let topics = strings(&push["topics"]);
        let rest = json!([push["type"], push["login"], push["topic"], push["body"]]);
        let must = json!(["stats-updated", event.login, topics[0], {"of": event.id}]);
        self.must(rest == must, &must.to_string(), rest)?;
        let version = |name: &str| u8::try_from(push[name].as_u64().unwrap()).unwrap();
        Ok(PushMessage {
            epoch: self.epochs.name(&event.login, push["epoch"].as_str().unwrap()),
            version: version("version"),
            prev: version("prev"),
            topics,
            id: push["id"].as_str().unwrap().to_owned(),
        })
    }

    /// One of its posts is answered.
    pub(crate) fn post(&mut self, notify: usize, socket: usize, answer: Answer) -> Result<ServerInput, Difference> {
        let invocation = self.notifies[&notify].invocation;
        let mut ended = None;
        if answer == Answer::Early {
            self.invocations.advance(invocation, LATE);
        }
        let tried = self.notifies[&notify].tries.get(&socket).copied().unwrap_or_default();
        for reply in replies(answer, tried) {
            let found = self.wait_for_call(invocation, |call| is_post_to(call, socket));
            let Ok((number, _)) = found else {
                return Err(self.difference("another try of the post", "notify has ended"));
            };
            self.wire.take(number).unwrap().answer(reply);
            ended = self.invocations.resume(invocation);
            *self.notifies.get_mut(&notify).unwrap().tries.entry(socket).or_default() += 1;
        }
        let state = self.notifies.get_mut(&notify).unwrap();
        let count = match answer {
            Answer::Sent => Some(0),
            Answer::Gone => Some(1),
            Answer::Early => Some(2),
            Answer::Busy => Some(3),
            Answer::Twice => None,
        };
        if let Some(count) = count {
            state.counts[count] += 1;
            state.open.remove(&socket);
        } else {
            // It waits, and posts again.
            let again = self.wait_for_call(invocation, |call| is_post_to(call, socket));
            self.must(again.is_ok(), "the post is tried again", "notify has ended")?;
        }
        if answer == Answer::Gone {
            self.notifies.get_mut(&notify).unwrap().dead.insert(socket);
        }
        self.check(notify, ended)?;
        Ok(ServerInput::Post { notify, socket, answer })
    }

    /// It deletes the row of a dead socket.
    pub(crate) fn prune(&mut self, notify: usize, socket: usize) -> Result<ServerInput, Difference> {
        let invocation = self.notifies[&notify].invocation;
        let deletion = |call: &Call| deletes(call) == Some(socket);
        let (number, _) = self.call_that(invocation, &format!("the deletion of row {socket}"), deletion)?;
        let ended = self.let_through(invocation, number);
        self.notifies.get_mut(&notify).unwrap().dead.remove(&socket);
        self.check(notify, ended)?;
        Ok(ServerInput::Prune { notify, socket })
    }

    /// It is killed, if it is under way. What is in flight is lost.
    pub(crate) fn kill(&mut self, notify: usize) {
        if let Some(Notify { invocation, .. }) = self.notifies.remove(&notify) {
            self.invocations.kill(invocation);
            self.wire.forget(invocation);
        }
    }

    /// It waits for the answers to just the posts that are open; or if there are none, for the deletions of just the rows
    /// that have to go; or if there are none either, it has ended.
    fn check(&mut self, notify: usize, ended: Option<Outcome>) -> Result<(), Difference> {
        let state = &self.notifies[&notify];
        let calls = self.calls(state.invocation);
        let posts = state
            .open
            .iter()
            .map(|socket| format!("post to {}", connection_id(*socket)));
        let deletions = state.dead.iter().filter(|_| state.open.is_empty());
        let must: BTreeSet<String> = posts
            .chain(deletions.map(|socket| format!("delete {socket}")))
            .collect();
        let was = calls.iter().map(|(_, call)| match deletes(call) {
            Some(socket) => format!("delete {socket}"),
            None => call.to_string(),
        });
        let was: BTreeSet<String> = was.collect();
        self.must(must == was, &format!("{must:#?}"), format!("{was:#?}"))?;
        match ended {
            Some(outcome) => self.ended(notify, outcome),
            None => self.must(!must.is_empty(), "the end of notify", "it goes on"),
        }
    }

    /// Its report says what happened.
    fn ended(&self, notify: usize, outcome: Outcome) -> Result<(), Difference> {
        let Outcome::Notified(notified) = outcome else {
            unreachable!()
        };
        let Notified { report, .. } = *notified;
        let state = &self.notifies[&notify];
        let login = Login::parse(&state.event.login).unwrap();
        let word = report.logins[&login].word();
        let must = match &state.recorded {
            Recorded::New { version, .. } => version.to_string(),
            Recorded::Repeat { .. } => "repeat".to_owned(),
            Recorded::Stale => "stale".to_owned(),
        };
        let was = (word, [report.sent, report.gone, report.early, report.failed]);
        let must = (must, state.counts);
        self.must(was == must, &format!("a report of {must:?}"), format!("{was:?}"))
    }

    /// Sets the ages of the rows that it is about to read: old ones are just beyond the grace, young ones almost.
    fn set_ages(&self, notify: usize) {
        let now = self.invocations.millis(self.notifies[&notify].invocation);
        let later = self.trace.steps.iter().skip(self.at + 1);
        for step in later {
            let (socket, age) = match &step.input {
                ServerInput::Record { notify: it, .. } | ServerInput::Kill { notify: it } if *it == notify => return,
                ServerInput::Post {
                    notify: it,
                    socket,
                    answer,
                } if *it == notify => match answer {
                    Answer::Gone => (*socket, GRACE + 1),
                    Answer::Early => (*socket, GRACE - 5),
                    Answer::Sent | Answer::Busy | Answer::Twice => continue,
                },
                _ => continue,
            };
            tables::set_connected_at(&self.engine, socket, now - age);
        }
    }

    fn payload(&self, event: &Event) -> Value {
        let Event { login, id, topics, at } = event;
        let at = self.began - 3_600_000 + 1_000 * i64::from(*at);
        json!({"login": login, "id": id, "topics": topics, "at": at, "body": {"of": id}})
    }
}

/// The gateway's answers to the tries of a post, so many of which were answered before.
fn replies(answer: Answer, tried: usize) -> Vec<Reply> {
    let passing = [429, 500, 503].map(Reply::status);
    match answer {
        Answer::Sent => vec![Reply::status(200)],
        Answer::Early | Answer::Gone => vec![Reply::status(410)],
        Answer::Twice => vec![Reply::status(500)],
        Answer::Busy => {
            let tries = passing.into_iter().chain([Reply::Broken]).cycle();
            tries.take(Poster::TRIES as usize - tried).collect()
        }
    }
}

/// Whether a call is a post to this socket.
pub(crate) fn is_post_to(call: &Call, socket: usize) -> bool {
    matches!(call, Call::Post { socket: id, .. } if *id == connection_id(socket))
}

/// The socket whose row a call deletes.
pub(crate) fn deletes(call: &Call) -> Option<usize> {
    let is_one = call.is("DeleteItem", "connections");
    is_one.then(|| socket(&tables::string(&call.json()["Key"], "connection_id")))
}
