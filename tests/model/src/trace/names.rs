//! The names that traces have for the model's numbers.

use super::At;
use crate::state::Cursor;
use crate::topics::Topics;

/// `a`, `b`, `c`.
pub(super) fn topics(topics: Topics) -> Vec<String> {
    topics.iter().map(topic).collect()
}

pub(super) fn topic(topic: usize) -> String {
    ["a", "b", "c"][topic].to_owned()
}

pub(super) fn epoch(epoch: u8) -> String {
    format!("e{epoch}")
}

pub(super) fn update(id: usize) -> String {
    format!("u{id}")
}

pub(super) fn login(login: usize) -> String {
    format!("l{login}")
}

pub(super) fn chatter(chatter: usize) -> String {
    format!("c{chatter}")
}

pub(super) fn at(cursor: Cursor) -> At {
    At {
        epoch: epoch(cursor.epoch),
        version: cursor.version,
    }
}
