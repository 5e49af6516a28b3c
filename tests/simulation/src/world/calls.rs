//! What becomes of a call: it is carried out and answered, or one of the two, or neither.

use super::{World, gateway::State, plan::Trouble};
use crate::{Answer, Call, Held};
use serde_json::{Value, json};
use std::time::Duration;

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answered,
    AnsweredLate,
    Refused,
    BrokenBefore,
    BrokenAfter,
    SilentBefore,
    SilentAfter,
}

impl World {
    /// Something becomes of a call.
    pub(super) fn treat(&mut self, number: u64) {
        let Some(held) = self.wire.take(number) else { return };
        if !held.is_awaited() {
            return self.treat_late(held);
        }
        let fate = self.fate(&held.call);
        self.note(|_| format!("{held}: {fate:?}"));
        self.count(format!("call {fate:?}"));
        match fate {
            Fate::Answered => {
                let answer = self.execute(&held);
                held.answer(answer);
            }
            Fate::AnsweredLate => {
                let answer = self.execute(&held);
                self.answers.push((held, answer));
            }
            Fate::Refused => {
                self.not_posted(&held.call);
                let answer = self.refusal(&held.call);
                held.answer(answer);
            }
            Fate::BrokenBefore => {
                self.not_posted(&held.call);
                held.answer(Answer::Broken);
            }
            Fate::BrokenAfter => {
                self.execute(&held);
                held.answer(Answer::Broken);
            }
            Fate::SilentBefore => self.not_posted(&held.call),
            Fate::SilentAfter => drop(self.execute(&held)),
        }
    }

    /// A call whose caller does not wait any more is carried out late, or never arrives.
    pub(super) fn treat_late(&mut self, held: Held) {
        if self.plan.has(Trouble::LateEffects) && self.rng.bool() {
            self.note(|_| format!("{held}: carried out, although nobody waits for it any more"));
            self.count("call carried out late");
            self.execute(&held);
        } else {
            self.not_posted(&held.call);
        }
    }

    fn fate(&mut self, call: &Call) -> Fate {
        if self.is_doomed(call) || self.is_outage && matches!(call, Call::Table { .. }) {
            return Fate::Refused;
        }
        let refused = match call {
            Call::Post { .. } | Call::Close { .. } => Trouble::PostErrors,
            Call::Table { .. } | Call::Send { .. } => Trouble::TableErrors,
        };
        let mut fates = vec![Fate::Answered; 12];
        let mut may = |trouble, fate| fates.extend(self.plan.has(trouble).then_some(fate));
        may(Trouble::SlowAnswers, Fate::AnsweredLate);
        may(Trouble::SlowAnswers, Fate::AnsweredLate);
        may(refused, Fate::Refused);
        may(refused, Fate::Refused);
        may(Trouble::BrokenConnections, Fate::BrokenBefore);
        may(Trouble::BrokenConnections, Fate::BrokenAfter);
        may(Trouble::Silence, Fate::SilentBefore);
        may(Trouble::Silence, Fate::SilentAfter);
        fates[self.rng.usize(..fates.len())]
    }

    /// Whether no try of this post succeeds, which is decided before trouble ends.
    pub(super) fn is_doomed(&mut self, call: &Call) -> bool {
        let Call::Post { socket, text } = call else {
            return false;
        };
        let Some(event) = event_of(text).filter(|_| self.plan.has(Trouble::FailedPosts)) else {
            return false;
        };
        let post = (self.gateway.number(socket), event);
        if !self.is_calm && self.rng.bool() && !self.posted.contains(&post) {
            self.count("post fails");
            self.doomed.insert(post.clone());
        }
        self.doomed.contains(&post)
    }

    /// An answer that says that nothing was done.
    pub(super) fn refusal(&mut self, call: &Call) -> Answer {
        let dynamodb = |name: &str| {
            let error = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": "no"});
            Answer::Status(if name == "InternalServerError" { 500 } else { 400 }, error.to_string())
        };
        match call {
            Call::Table { operation, .. } if operation == "TransactWriteItems" => {
                let reasons = json!([{"Code": "None"}, {"Code": "TransactionConflict"}]);
                let error = json!({
                    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                    "message": "no", "CancellationReasons": reasons,
                });
                Answer::Status(400, error.to_string())
            }
            Call::Table { .. } if self.rng.bool() => dynamodb("InternalServerError"),
            Call::Table { .. } => dynamodb("ProvisionedThroughputExceededException"),
            Call::Post { .. } | Call::Close { .. } | Call::Send { .. } => {
                Answer::status([429, 500, 503][self.rng.usize(..3)])
            }
        }
    }

    /// An answer that is under way arrives.
    pub(super) fn arrive(&mut self, at: usize) {
        let (held, answer) = self.answers.remove(at);
        self.note(|_| format!("{held}: its answer arrives"));
        held.answer(answer);
    }

    /// Carries a call out.
    pub(super) fn execute(&mut self, held: &Held) -> Answer {
        match &held.call {
            Call::Post { socket, text } => self.execute_post(held, socket, text),
            Call::Close { socket } => {
                let socket = self.gateway.number(socket);
                if self.gateway.sockets[socket].state == State::Open {
                    self.end_socket(socket);
                    Answer::status(204)
                } else {
                    Answer::status(410)
                }
            }
            Call::Send { text, delay_seconds } => {
                self.count("event deferred");
                let due = self.now() + Duration::from_secs(*delay_seconds);
                self.pipeline.defer(text, due);
                Answer::Status(200, json!({"MessageId": "m", "MD5OfMessageBody": "0"}).to_string())
            }
            Call::Table { operation, body, .. } => self.execute_table(held, operation, body),
        }
    }

    fn execute_post(&mut self, held: &Held, id: &str, text: &str) -> Answer {
        let socket = self.gateway.number(id);
        if let Some(event) = event_of(text).filter(|_| held.is_awaited()) {
            self.check_fan_out(held.caller, socket, &event);
        }
        let text = self
            .mistake
            .map_or_else(|| text.to_owned(), |mistake| mistake.push(text));
        let status = self.gateway.post(socket, &text);
        self.count(format!("post {status}"));
        if let (200, Some(event)) = (status, event_of(&text)) {
            self.check_version(&text);
            let browser = self.gateway.sockets[socket].browser;
            if self.browsers[browser].socket == Some(socket) {
                for tab in &mut self.browsers[browser].tabs {
                    tab.owed.remove(&event);
                }
            }
            self.posted.insert((socket, event));
        }
        Answer::status(status)
    }

    /// A post that was not carried out: unless another try is, its page depends on the periodic sync.
    pub(super) fn not_posted(&mut self, call: &Call) {
        if let Call::Post { socket, text } = call {
            let socket = self.gateway.number(socket);
            let event = event_of(text).filter(|event| !self.posted.contains(&(socket, event.clone())));
            if let Some(event) = event {
                self.owe(socket, &event);
            }
        }
    }

    /// The pages at a socket depend on their periodic sync.
    fn owe(&mut self, socket: usize, what: &str) {
        let browser = self.gateway.sockets[socket].browser;
        if self.browsers[browser].socket == Some(socket) {
            for tab in &mut self.browsers[browser].tabs {
                tab.owed.insert(what.to_owned());
            }
        }
    }

    fn execute_table(&mut self, held: &Held, operation: &str, body: &str) -> Answer {
        let request = held.call.json();
        if held.call.is("DeleteItem", "connections") {
            let id = request["Key"]["connection_id"]["S"].as_str().unwrap_or_default();
            let socket = self.gateway.number(id);
            if self.gateway.sockets[socket].state != State::Dead {
                self.check_deletion(socket, held.caller);
                self.owe(socket, Self::ROW);
            }
        }
        if held.call.is("UpdateItem", "updates") {
            self.writing.insert((held.caller, text_of(&request["Key"]["login"])));
        } else if held.call.is("Query", "connections") {
            let login = text_of(&request["ExpressionAttributeValues"][":login"]);
            self.writing.remove(&(held.caller, login));
        }
        let is_by_index = !request["IndexName"].is_null();
        if is_by_index && self.plan.has(Trouble::IndexLag) && self.rng.u8(..3) == 0 {
            self.count("index lagged");
            return Answer::Status(200, json!({"Items": [], "Count": 0, "ScannedCount": 0}).to_string());
        }
        let mistaken = self
            .mistake
            .and_then(|mistake| self.execute_mistaken(mistake, held, &request));
        let answer = mistaken.unwrap_or_else(|| self.engine.execute(operation, body));
        if request["Select"] == "COUNT" {
            self.add_to_count(held.caller, &answer);
        }
        answer
    }

    /// The row of a socket was deleted while it was open.
    pub(super) const ROW: &str = "its row";
}

fn text_of(attribute: &Value) -> String {
    attribute["S"].as_str().unwrap_or_default().to_owned()
}

/// The event in a push; `None` if it is another message.
pub(super) fn event_of(text: &str) -> Option<String> {
    let push: Value = serde_json::from_str(text).ok()?;
    push["id"].as_str().map(ToOwned::to_owned)
}
