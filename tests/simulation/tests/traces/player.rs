//! Plays a trace step by step, and compares after each.

use crate::{
    invocations::Invocations,
    notify::Notify,
    revocation::Revoking,
    tables::{self, Epochs, connection_id},
};
use chatterbox_core::{ChatterId, Handled};
use model::trace::{At, Missed, ServerInput, ServerReply, ServerStep, ServerTrace};
use serde_json::{Value, json};
use simulation::{Call, Clock, Engine, Functions, Outcome, Wire, handshake};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    time::Duration,
};

/// A trace that is played, and the system that plays it.
pub(crate) struct Player<'a> {
    pub(crate) trace: &'a ServerTrace,
    /// The step that is played.
    pub(crate) at: usize,
    pub(crate) wire: Wire,
    /// When each invocation begins by its own clock, in milliseconds since 1970.
    pub(crate) began: i64,
    pub(crate) engine: Engine,
    pub(crate) functions: Functions,
    pub(crate) invocations: Invocations,
    pub(crate) epochs: Epochs,
    pub(crate) notifies: BTreeMap<usize, Notify>,
    pub(crate) revoking: Option<Revoking>,
    chatters: BTreeMap<(String, String), ChatterId>,
}

/// Where core and the model differ.
#[derive(Debug)]
pub(crate) struct Difference {
    step: usize,
    must: String,
    was: String,
}

/// A call that is held: its number, and what it asks.
pub(crate) type Waiting = (u64, Call);

impl<'a> Player<'a> {
    pub(crate) fn new(trace: &'a ServerTrace) -> Player<'a> {
        fastrand::seed(0);
        let wire = Wire::new();
        Player {
            trace,
            at: 0,
            began: Clock::new().millis(),
            engine: Engine::new(),
            functions: Functions::new(&wire, 20).without_queue(),
            invocations: Invocations::new(wire.clone()),
            wire,
            epochs: Epochs::default(),
            notifies: BTreeMap::new(),
            revoking: None,
            chatters: BTreeMap::new(),
        }
    }

    /// Plays all of it, unless something differs.
    pub(crate) fn play(mut self) -> Result<(), Difference> {
        self.issue_chatter_ids();
        let trace = self.trace;
        for (at, step) in trace.steps.iter().enumerate() {
            self.at = at;
            let input = self.take(&step.input)?;
            let done = ServerStep {
                input,
                rows: tables::rows(&self.engine),
                logs: self.logs(step),
            };
            self.same(step, &done)?;
        }
        Ok(())
    }

    /// Takes a step, and returns what it was in truth.
    fn take(&mut self, input: &ServerInput) -> Result<ServerInput, Difference> {
        match input.clone() {
            ServerInput::Admit {
                socket,
                login,
                chatter,
                topics,
                ..
            } => self.admit(socket, login, chatter, topics),
            ServerInput::Disconnect { socket } => {
                let disconnect = self.functions.disconnect(&connection_id(socket));
                self.run_through(disconnect)?;
                Ok(ServerInput::Disconnect { socket })
            }
            ServerInput::Record { notify, event, .. } => self.record(notify, event),
            ServerInput::Read { notify, .. } => self.read(notify),
            ServerInput::Post { notify, socket, answer } => self.post(notify, socket, answer),
            ServerInput::Prune { notify, socket } => self.prune(notify, socket),
            ServerInput::Kill { notify } => {
                self.kill(notify);
                Ok(ServerInput::Kill { notify })
            }
            ServerInput::Sync {
                socket, login, cursor, ..
            } => self.sync(socket, login, cursor),
            ServerInput::NewLog => {
                self.engine.lose_updates();
                Ok(ServerInput::NewLog)
            }
            ServerInput::Revoke { login, chatter } => self.revoke(login, chatter),
            ServerInput::QueryRevoked { closes } => self.query_revoked(closes),
            ServerInput::CloseRevoked { socket } => self.close_revoked(socket),
        }
    }

    fn admit(
        &mut self,
        socket: usize,
        login: String,
        chatter: String,
        topics: Vec<String>,
    ) -> Result<ServerInput, Difference> {
        let secret = self.chatter_id(&login, &chatter).reveal();
        let event = handshake(&connection_id(socket), self.began, &login, &secret, &topics.join(","));
        let connect = self.functions.connect(&event);
        let invocation = self.invocations.start(connect);
        self.expect_running(invocation)?;
        self.count_connections(invocation);
        let (mut number, mut call) = self.only_call(invocation, "a call of $connect")?;
        let mut ended = None;
        // Within a minute of a refusal it first reads the chatter, and refuses by that alone.
        if call.is("GetItem", "chatters") {
            self.must_be_consistent(&call)?;
            ended = self.let_through(invocation, number);
            if ended.is_none() {
                self.count_connections(invocation);
                (number, call) = self.only_call(invocation, "the one transaction of $connect")?;
            }
        }
        if ended.is_none() {
            self.must(
                call.is("TransactWriteItems", ""),
                "the one transaction of $connect",
                &call,
            )?;
            ended = self.let_through(invocation, number);
        }
        let Some(Outcome::Connected(status)) = ended else {
            return Err(self.difference("the handshake is answered", "$connect goes on"));
        };
        self.must([200, 401].contains(&status), "200 or 401", status)?;
        Ok(ServerInput::Admit {
            socket,
            login,
            chatter,
            topics,
            admitted: status == 200,
        })
    }

    /// Lets the count of a login's connections through, which no trace has: they have none with too many.
    fn count_connections(&mut self, invocation: usize) {
        let is_count = |(_, call): &Waiting| call.is("Query", "connections") && call.json()["Select"] == "COUNT";
        if let Some((number, _)) = self.calls(invocation).into_iter().find(is_count) {
            self.let_through(invocation, number);
        }
    }

    fn sync(&mut self, socket: usize, login: String, cursor: Option<At>) -> Result<ServerInput, Difference> {
        const MANY: usize = 9;
        if self.trace.page_size < MANY {
            tables::enlarge_bodies(&self.engine, self.trace.page_size);
        }
        let asked = self.epochs.cursor(&login, cursor.as_ref());
        let message = json!({"action": "sync", "login": login, "cursor": asked, "n": self.at}).to_string();
        let default = self.functions.default(&connection_id(socket), message);
        let Outcome::Handled(Handled::Synced(text)) = self.run_through(default)? else {
            return Err(self.difference("an answer", "an error"));
        };
        let reply: Value = serde_json::from_str(&text).unwrap();
        let reply = match reply["type"].as_str().unwrap() {
            "error" if reply["code"] == "unknown-connection" => ServerReply::Unknown,
            "sync" if reply["n"] == self.at => self.reply(&login, &reply),
            _ => return Err(self.difference("the reply to this sync", text)),
        };
        Ok(ServerInput::Sync {
            socket,
            login,
            cursor,
            reply,
        })
    }

    /// A reply in the words of the trace.
    fn reply(&self, login: &str, reply: &Value) -> ServerReply {
        let version = |version: &Value| u8::try_from(version.as_u64().unwrap()).unwrap();
        let cursor = &reply["cursor"];
        let missed = |update: &Value| Missed {
            version: version(&update["version"]),
            topics: strings(&update["topics"]),
            id: update["id"].as_str().unwrap().to_owned(),
        };
        ServerReply::Updates {
            cursor: (!cursor.is_null()).then(|| At {
                epoch: self.epochs.name(login, cursor["epoch"].as_str().unwrap()),
                version: version(&cursor["version"]),
            }),
            reset: reply["reset"].as_bool().unwrap(),
            more: reply["more"].as_bool().unwrap(),
            updates: reply["updates"].as_array().unwrap().iter().map(missed).collect(),
        }
    }

    fn logs(&self, step: &ServerStep) -> BTreeMap<String, Option<model::trace::LogState>> {
        let log = |login: &String| (login.clone(), tables::log(&self.engine, login, &self.epochs));
        step.logs.keys().map(log).collect()
    }

    /// Every chatter ID of the trace is good from the beginning.
    fn issue_chatter_ids(&mut self) {
        let admits = self.trace.steps.iter().filter_map(|step| match &step.input {
            ServerInput::Admit { login, chatter, .. } | ServerInput::Revoke { login, chatter } => {
                Some((login.clone(), chatter.clone()))
            }
            _ => None,
        });
        let expires_at = (self.began / 1_000 + 3_600).to_string();
        for (login, chatter) in admits.collect::<BTreeSet<_>>() {
            let id = ChatterId::random();
            let item = json!({
                "login": {"S": login}, "chatter_hash": {"S": id.hash().as_str()},
                "issued_at": {"N": "1"}, "expires_at": {"N": expires_at},
            });
            self.engine.put("chatters", &item);
            self.chatters.insert((login, chatter), id);
        }
    }

    pub(crate) fn chatter_id(&self, login: &str, chatter: &str) -> &ChatterId {
        &self.chatters[&(login.to_owned(), chatter.to_owned())]
    }

    /// The calls of an invocation that wait for their answers.
    pub(crate) fn calls(&self, invocation: usize) -> Vec<Waiting> {
        let waits = |held: &simulation::Held| held.caller == invocation && held.is_awaited();
        self.wire
            .find(|held| waits(held).then(|| (held.number, held.call.clone())))
    }

    /// The one call of an invocation that waits.
    pub(crate) fn only_call(&self, invocation: usize, must: &str) -> Result<Waiting, Difference> {
        let mut calls = self.calls(invocation);
        match (calls.pop(), calls.is_empty()) {
            (Some(call), true) => Ok(call),
            (Some(last), false) => Err(self.difference(must, format!("{} more calls, and {}", calls.len(), last.1))),
            (None, _) => Err(self.difference(must, "no call")),
        }
    }

    /// The call of an invocation that is wanted, among those that wait.
    pub(crate) fn call_that(
        &self,
        invocation: usize,
        must: &str,
        is_wanted: impl Fn(&Call) -> bool,
    ) -> Result<Waiting, Difference> {
        let calls = self.calls(invocation);
        let found = calls.iter().find(|(_, call)| is_wanted(call)).cloned();
        found.ok_or_else(|| self.difference(must, format!("{calls:?}")))
    }

    /// Lets a call through to the engine, and its caller go on; returns the caller's result if it has ended.
    pub(crate) fn let_through(&mut self, invocation: usize, number: u64) -> Option<Outcome> {
        let held = self.wire.take(number).unwrap();
        let Call::Table { operation, body, .. } = &held.call else {
            panic!("{held} is no call to DynamoDB")
        };
        let answer = self.engine.execute(operation, body);
        held.answer(answer);
        self.invocations.resume(invocation)
    }

    /// Runs an invocation to its end. Its reads must be strongly consistent, but for those of an index, which cannot be.
    fn run_through(&mut self, function: impl Future<Output = Outcome> + 'static) -> Result<Outcome, Difference> {
        let invocation = self.invocations.start(function);
        let mut ended = self.invocations.run(invocation);
        loop {
            if let Some(outcome) = ended {
                return Ok(outcome);
            }
            let (number, call) = self.only_call(invocation, "the next call")?;
            self.must_be_consistent(&call)?;
            ended = self.let_through(invocation, number);
        }
    }

    /// Lets an invocation begin, which must not end with that.
    pub(crate) fn expect_running(&mut self, invocation: usize) -> Result<(), Difference> {
        match self.invocations.run(invocation) {
            None => Ok(()),
            Some(outcome) => Err(self.difference("a call", format!("{outcome:?}"))),
        }
    }

    /// Lets an invocation's time pass until it holds such a call; returns it, unless it ends before.
    pub(crate) fn wait_for_call(
        &mut self,
        invocation: usize,
        is_wanted: impl Fn(&Call) -> bool,
    ) -> Result<Waiting, Outcome> {
        loop {
            let mut calls = self.calls(invocation).into_iter();
            if let Some(found) = calls.find(|(_, call)| is_wanted(call)) {
                return Ok(found);
            }
            let goes_on = self.invocations.wait_for(invocation, Duration::from_secs(60));
            assert!(goes_on, "it waits for nothing");
            if let Some(outcome) = self.invocations.run(invocation) {
                return Err(outcome);
            }
        }
    }

    pub(crate) fn must_be_consistent(&self, call: &Call) -> Result<(), Difference> {
        let request = call.json();
        let reads =
            call.is("Query", "connections") || matches!(call, Call::Table { operation, .. } if operation == "GetItem");
        let is_of_index = !request["IndexName"].is_null();
        let is_weak = reads && !is_of_index && request["ConsistentRead"] != true;
        self.must(!is_weak, "a strongly consistent read", call)
    }

    pub(crate) fn must(&self, is_so: bool, must: &str, was: impl ToString) -> Result<(), Difference> {
        if is_so {
            Ok(())
        } else {
            Err(self.difference(must, was.to_string()))
        }
    }

    pub(crate) fn difference(&self, must: impl Into<String>, was: impl Into<String>) -> Difference {
        Difference {
            step: self.at,
            must: must.into(),
            was: was.into(),
        }
    }

    fn same(&self, must: &ServerStep, was: &ServerStep) -> Result<(), Difference> {
        let text = |step| serde_json::to_string_pretty(step).unwrap();
        self.must(must == was, &text(must), text(was))
    }
}

impl Difference {
    /// The trace up to the step in question, and both states of it.
    pub(crate) fn tell(&self, trace: &ServerTrace) -> String {
        let mut text = format!("scenario {}: {}\n", trace.scenario, trace.why);
        for (at, step) in trace.steps.iter().take(self.step + 1).enumerate() {
            let _ = writeln!(text, "  {}. {}", at + 1, serde_json::to_string(&step.input).unwrap());
        }
        let _ = writeln!(text, "after step {}:\n  {:52} the model\n  core", self.step + 1, "");
        let (must, was): (Vec<&str>, Vec<&str>) = (self.must.lines().collect(), self.was.lines().collect());
        for line in 0..must.len().max(was.len()) {
            let side = |side: &[&str]| side.get(line).copied().unwrap_or_default().to_owned();
            let (left, right) = (side(&was), side(&must));
            let mark = if left == right { ' ' } else { '≠' };
            let _ = writeln!(text, "{mark} {left:52} {right}");
        }
        text
    }
}

/// A list of strings.
pub(crate) fn strings(list: &Value) -> Vec<String> {
    let texts = list.as_array().unwrap().iter();
    texts.map(|text| text.as_str().unwrap().to_owned()).collect()
}
