//! The tables, in the words of a trace.

use model::trace::{At, LogState, Newest};
use serde_json::{Value, json};
use simulation::Engine;
use std::collections::BTreeMap;

/// The connection ID of a socket. They sort as the sockets' numbers do.
pub(crate) fn connection_id(socket: usize) -> String {
    format!("S{socket:03}=")
}

/// The socket with this connection ID.
pub(crate) fn socket(connection_id: &str) -> usize {
    let number = connection_id.strip_prefix('S').and_then(|id| id.strip_suffix('='));
    number.unwrap().parse().unwrap()
}

/// The sockets that have a row.
pub(crate) fn rows(engine: &Engine) -> Vec<usize> {
    let items = engine.items("connections");
    let mut rows: Vec<usize> = items
        .iter()
        .map(|item| socket(&string(item, "connection_id")))
        .collect();
    rows.sort_unstable();
    rows
}

/// Sets the age of a socket's row.
pub(crate) fn set_connected_at(engine: &Engine, of: usize, millis: i64) {
    let items = engine.items("connections");
    let is_it = |item: &&Value| string(item, "connection_id") == connection_id(of);
    let mut item = items.iter().find(is_it).unwrap().clone();
    item["connected_at"] = json!({"N": millis.to_string()});
    engine.put("connections", &item);
}

/// Makes every stored body so long that a message holds just so many of them.
pub(crate) fn enlarge_bodies(engine: &Engine, page_size: usize) {
    const MESSAGE: usize = 32 * 1024;
    let length = MESSAGE / (page_size + 1);
    for mut item in engine.items("updates").to_vec() {
        for (name, value) in item.as_object_mut().unwrap() {
            if name.starts_with("u:") {
                value["M"]["body"] = json!({"S": json!("x".repeat(length)).to_string()});
            }
        }
        engine.put("updates", &item);
    }
}

/// A login's log, as its item holds it.
pub(crate) fn log(engine: &Engine, login: &str, epochs: &Epochs) -> Option<LogState> {
    let items = engine.items("updates");
    let item = items.iter().find(|item| string(item, "login") == login)?;
    let topics = item
        .as_object()
        .unwrap()
        .keys()
        .filter_map(|key| key.strip_prefix("u:"));
    let newest = topics.map(|topic| {
        let newest = Newest {
            version: version(&item[format!("v:{topic}")]["N"]),
            id: item[format!("u:{topic}")]["M"]["id"]["S"].as_str().unwrap().to_owned(),
        };
        (topic.to_owned(), newest)
    });
    Some(LogState {
        epoch: epochs.name(login, &string(item, "epoch")),
        version: version(&item["version"]["N"]),
        newest: newest.collect(),
    })
}

/// The epoch of a login's log as it is in the table.
pub(crate) fn epoch(engine: &Engine, login: &str) -> Option<String> {
    let items = engine.items("updates");
    let item = items.iter().find(|item| string(item, "login") == login)?;
    Some(string(item, "epoch"))
}

fn version(digits: &Value) -> u8 {
    digits.as_str().unwrap().parse().unwrap()
}

pub(crate) fn string(item: &Value, attribute: &str) -> String {
    item[attribute]["S"].as_str().unwrap().to_owned()
}

/// The trace's names of the logs' epochs, which are UUIDs in truth.
#[derive(Debug, Default)]
pub(crate) struct Epochs(BTreeMap<(String, String), String>);

impl Epochs {
    /// Notes the name of a login's epoch, unless it has one already.
    pub(crate) fn learn(&mut self, login: &str, epoch: &str, name: &str) {
        let Epochs(names) = self;
        let key = (login.to_owned(), epoch.to_owned());
        names.entry(key).or_insert_with(|| name.to_owned());
    }

    /// The name.
    pub(crate) fn name(&self, login: &str, epoch: &str) -> String {
        let Epochs(names) = self;
        let name = names.get(&(login.to_owned(), epoch.to_owned()));
        name.cloned()
            .unwrap_or_else(|| format!("another than any before: {epoch}"))
    }

    /// A cursor with the name of its epoch, as JSON with the epoch itself.
    pub(crate) fn cursor(&self, login: &str, at: Option<&At>) -> Value {
        let Some(at) = at else { return Value::Null };
        let Epochs(names) = self;
        let known = names.iter().find(|((of, _), name)| of == login && **name == at.epoch);
        let epoch = known.map_or(&at.epoch, |((_, epoch), _)| epoch);
        json!({"epoch": epoch, "version": at.version})
    }
}
