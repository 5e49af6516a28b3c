//! Mistakes that the wire makes on purpose: they show that the checks would find a real one.

use super::{Task, World};
use crate::{Answer, Call, Held};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mistake {
    /// notify reads the connections eventually consistently: as they were before the last write to them (R1).
    StaleRows,
    /// notify reads the connections as they were before it began to record (R1).
    ReadBeforeRecord,
    /// The log is read eventually consistently: as it was before its last write (R2).
    StaleLog,
    /// Every row looks old, so that any 410 deletes it (R3).
    NoGrace,
    /// Every push says that nothing came before it (R4).
    PrevTooLow,
    /// A table of updates that was lost begins anew under its old epoch (R8).
    OldEpoch,
    /// The write of an update has no condition: what comes late takes the place of what is newer (T1, T3).
    NoCondition,
    /// A push names the first topic of its update only (M1).
    FirstTopicOnly,
    /// A sync is answered to whoever asks (M2).
    AnyLogin,
    /// A handshake is admitted whether or not its chatter ID is good.
    AnyChatter,
    /// notify finds no more than one socket of a login.
    OneSocket,
    /// The deletion of a row has no effect.
    RowsStay,
}

/// What a mistake has to remember.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// A table as it was.
    items: Vec<Value>,
    /// The connections as an invocation found them.
    rows: BTreeMap<usize, Vec<Value>>,
    /// The epoch that each login's log had.
    epochs: BTreeMap<String, Value>,
    /// The sockets whose rows were deleted.
    deleted: BTreeSet<String>,
}

impl Memory {
    /// The table of updates is lost.
    pub(super) fn lose(&mut self, items: Vec<Value>) {
        for item in items {
            let login = item["login"]["S"].as_str().unwrap_or_default().to_owned();
            self.epochs.insert(login, item["epoch"].clone());
        }
    }
}

impl Mistake {
    /// All of them.
    pub const ALL: [Mistake; 12] = [
        Mistake::StaleRows,
        Mistake::ReadBeforeRecord,
        Mistake::StaleLog,
        Mistake::NoGrace,
        Mistake::PrevTooLow,
        Mistake::OldEpoch,
        Mistake::NoCondition,
        Mistake::FirstTopicOnly,
        Mistake::AnyLogin,
        Mistake::AnyChatter,
        Mistake::OneSocket,
        Mistake::RowsStay,
    ];

    /// A message as it is posted with this mistake.
    pub(super) fn push(self, text: &str) -> String {
        let mut push: Value = serde_json::from_str(text).expect("JSON");
        match self {
            Mistake::PrevTooLow if push["type"] == "stats-updated" => push["prev"] = json!(0),
            Mistake::FirstTopicOnly if push["type"] == "stats-updated" => push["topics"] = json!([push["topic"]]),
            _ => return text.to_owned(),
        }
        push.to_string()
    }
}

impl World {
    /// Carries out a call to DynamoDB with a mistake; `None` if the mistake has nothing to do with it.
    pub(super) fn execute_mistaken(&mut self, mistake: Mistake, held: &Held, request: &Value) -> Option<Answer> {
        let is_query = self.is_query_of_notify(held);
        let is_write = matches!(&held.call, Call::Table { operation, .. } if operation == "TransactWriteItems");
        let is_update = held.call.is("UpdateItem", "updates");
        let rows = || self.engine.items("connections").to_vec();
        match mistake {
            Mistake::StaleRows if is_write => {
                self.mistakes.items = rows();
                None
            }
            Mistake::StaleRows if is_query => Some(found(self.mistakes.items.clone(), request)),
            Mistake::ReadBeforeRecord if is_query => {
                let before = self.mistakes.rows.get(&held.caller).cloned();
                Some(found(before.unwrap_or_default(), request))
            }
            Mistake::StaleLog if is_update => {
                self.mistakes.items = self.engine.items("updates").to_vec();
                None
            }
            Mistake::StaleLog if held.call.is("GetItem", "updates") => {
                let is_it = |item: &&Value| item["login"] == request["Key"]["login"];
                Some(item(self.mistakes.items.iter().find(is_it)))
            }
            Mistake::NoGrace if is_query => {
                let mut rows = rows();
                let long_ago = json!({"N": (self.began - 600_000).to_string()});
                rows.iter_mut().for_each(|row| row["connected_at"] = long_ago.clone());
                Some(found(rows, request))
            }
            Mistake::OneSocket if is_query => {
                let mut rows = rows();
                rows.retain(|row| is_of_login(row, request));
                rows.truncate(1);
                Some(found(rows, request))
            }
            Mistake::OldEpoch if is_update => self.with_old_epoch(request),
            Mistake::NoCondition if is_update => Some(self.without_condition(request)),
            Mistake::AnyLogin if held.call.is("GetItem", "connections") => {
                let is_it = |item: &&Value| item["connection_id"] == request["Key"]["connection_id"];
                Some(item(rows().iter().find(is_it)))
            }
            Mistake::AnyChatter if is_write => {
                let put = &request["TransactItems"][1]["Put"];
                self.engine.put("connections", &put["Item"]);
                Some(Answer::Status(200, "{}".to_owned()))
            }
            Mistake::RowsStay if held.call.is("DeleteItem", "connections") => {
                let id = request["Key"]["connection_id"]["S"].as_str().unwrap_or_default();
                let is_first = self.mistakes.deleted.insert(id.to_owned());
                is_first.then(|| Answer::Status(200, "{}".to_owned()))
            }
            _ => None,
        }
    }

    /// An invocation of notify begins.
    pub(super) fn begin_mistaken(&mut self, id: usize) {
        if self.mistake == Some(Mistake::ReadBeforeRecord) {
            self.mistakes.rows.insert(id, self.engine.items("connections").to_vec());
        }
    }

    fn is_query_of_notify(&self, held: &Held) -> bool {
        let job = self.jobs.get(&held.caller);
        held.call.is("Query", "connections") && job.is_some_and(|job| matches!(job.task, Task::Notify(_)))
    }

    fn with_old_epoch(&self, request: &Value) -> Option<Answer> {
        let login = request["Key"]["login"]["S"].as_str().unwrap_or_default();
        let epoch = self.mistakes.epochs.get(login)?;
        let mut request = request.clone();
        request["ExpressionAttributeValues"][":epoch"] = epoch.clone();
        Some(self.engine.execute("UpdateItem", &request.to_string()))
    }

    fn without_condition(&self, request: &Value) -> Answer {
        let mut request = request.clone();
        let fields = request.as_object_mut().expect("an object");
        fields.remove("ConditionExpression");
        let used = fields["UpdateExpression"].as_str().unwrap_or_default().to_owned();
        for names in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
            let names = fields[names].as_object_mut().expect("an object");
            names.retain(|name, _| used.contains(name.as_str()));
        }
        self.engine.execute("UpdateItem", &request.to_string())
    }
}

fn is_of_login(row: &Value, request: &Value) -> bool {
    row["login"] == request["ExpressionAttributeValues"][":login"]
}

/// The answer to a query that finds those of these rows that are of its login.
fn found(mut rows: Vec<Value>, request: &Value) -> Answer {
    rows.retain(|row| is_of_login(row, request));
    let count = rows.len();
    let answer = json!({"Items": rows, "Count": count, "ScannedCount": count});
    Answer::Status(200, answer.to_string())
}

/// The answer to a read of an item.
fn item(found: Option<&Value>) -> Answer {
    let answer = found.map_or_else(|| json!({}), |item| json!({"Item": item}));
    Answer::Status(200, answer.to_string())
}
