//! What a page has seen of the login's updates. It knows nothing of sockets, clocks and requests.

use crate::{Cursor, Entry, Push, Reply, Topics};
use std::collections::BTreeMap;

/// The page's copy of the log of updates: its cursor, what was shown of each topic, and the pushes above the cursor. It
/// lives as long as what the page shows: across sockets, but not across reloads (R9).
#[derive(Clone, Debug, Default)]
pub struct Replica {
    topics: Topics,
    /// Of every update up to this version, each topic was shown, or something newer of it.
    cursor: Option<Cursor>,
    /// The newest version shown, by topic.
    shown: BTreeMap<String, u64>,
    /// The pushes since the last sync was sent that the cursor has not reached.
    pending: Vec<Pending>,
    /// How many pushes were taken.
    taken: u64,
}

/// A push that the cursor has not reached.
#[derive(Clone, Debug)]
struct Pending {
    number: u64,
    at: Cursor,
    prev: u64,
    /// Whether it was of the log that the page knew. The cursor never passes one that was not, since it was not shown.
    known: bool,
}

impl Replica {
    /// A replica that has seen nothing, of these topics.
    pub fn new(topics: Topics) -> Replica {
        Replica {
            topics,
            ..Replica::default()
        }
    }

    /// How far the page has seen; `None` before its first reply.
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// The topics that the page asks for.
    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    /// A sync is about to be sent. Its reply covers every push received before.
    pub fn sync_starts(&mut self) {
        self.pending.clear();
    }

    /// Whether there are pushes above updates that this page has not received.
    pub fn has_gap(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Whether the push with this number (see [`Replica::push`]) is still above updates that this page has not received.
    pub fn is_above_gap(&self, number: u64) -> bool {
        self.pending.iter().any(|pending| pending.number == number)
    }

    /// Whether a push belongs to the log that the cursor is about.
    pub fn is_known(&self, push: &Push) -> bool {
        self.cursor.as_ref().is_some_and(|cursor| cursor.epoch == push.epoch)
    }

    /// Takes a push, and returns its number among all pushes, and its update if that is new to the page.
    ///
    /// A push of an unknown log is never shown, and the cursor never passes it: only a sync's reply can tell which log is
    /// current, and this may be a late push of an old one (R8).
    pub fn push(&mut self, push: Push) -> (u64, Option<Entry>) {
        let known = self.is_known(&push);
        self.taken += 1;
        self.pending.push(Pending {
            number: self.taken,
            at: Cursor {
                epoch: push.epoch,
                version: push.entry.version,
            },
            prev: push.prev,
            known,
        });
        let shown = match self.cursor.clone().filter(|_| known) {
            Some(cursor) => {
                self.advance(cursor);
                self.show(push.entry)
            }
            None => None,
        };
        (self.taken, shown)
    }

    /// Takes the reply to a sync, and returns the updates in it that are new to the page, oldest first.
    pub fn answer(&mut self, reply: Reply) -> Vec<Entry> {
        let Some(cursor) = reply.cursor else {
            return Vec::new();
        };
        if reply.reset {
            self.cursor = None;
            self.shown.clear();
        }
        self.advance(cursor);
        let updates = reply.updates.into_iter();
        updates.filter_map(|update| self.show(update)).collect()
    }

    /// Reduces an update to those of its topics that the page asks for and of which it has shown nothing newer, and marks
    /// them as shown. `None` if no topic is left.
    fn show(&mut self, mut update: Entry) -> Option<Entry> {
        let shown = |topic: &String| self.shown.get(topic).copied().unwrap_or(0);
        update
            .topics
            .retain(|topic| self.topics.has(topic) && update.version > shown(topic));
        for topic in &update.topics {
            self.shown.insert(topic.clone(), update.version);
        }
        (!update.topics.is_empty()).then_some(update)
    }

    /// Moves the cursor on, never back within a log, and further over each pending push that follows it without a gap.
    fn advance(&mut self, to: Cursor) {
        let mut next = Some(to);
        while let Some(mut cursor) = next {
            if let Some(own) = self.cursor.as_ref().filter(|own| own.epoch == cursor.epoch) {
                cursor.version = cursor.version.max(own.version);
            }
            let is_ahead = |pending: &Pending| pending.at.epoch != cursor.epoch || pending.at.version > cursor.version;
            self.pending.retain(is_ahead);
            let follows = |it: &&Pending| it.known && it.at.epoch == cursor.epoch && it.prev <= cursor.version;
            next = self.pending.iter().find(follows).map(|pending| pending.at.clone());
            self.cursor = Some(cursor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn entry(version: u64, topics: &[&str]) -> Entry {
        Entry {
            topics: topics.iter().copied().map(str::to_owned).collect(),
            version,
            id: format!("u{version}"),
            at: String::new(),
            recorded: None,
            body: Value::Null,
        }
    }

    fn push(epoch: &str, version: u64, prev: u64, topics: &[&str]) -> Push {
        Push {
            epoch: epoch.to_owned(),
            prev,
            entry: entry(version, topics),
        }
    }

    fn reply(epoch: &str, version: u64, reset: bool, updates: Vec<Entry>) -> Reply {
        Reply {
            n: 1,
            now: None,
            cursor: Some(Cursor {
                epoch: epoch.to_owned(),
                version,
            }),
            missed: None,
            reset,
            more: false,
            updates,
        }
    }

    /// A replica of all topics that has seen the log `E` up to this version.
    fn at(version: u64) -> Replica {
        let mut replica = Replica::default();
        replica.answer(reply("E", version, false, Vec::new()));
        replica
    }

    fn position(replica: &Replica) -> (&str, u64) {
        let cursor = replica.cursor().unwrap();
        (&cursor.epoch, cursor.version)
    }

    #[test]
    fn the_cursor_waits_at_a_gap_and_moves_on_when_what_was_overtaken_comes() {
        // The pushes as (version, prev), where the cursor is then, and whether there is a gap.
        type Case<'a> = (&'a [(u64, u64)], u64, bool);
        let cases: [Case<'_>; 7] = [
            (&[(2, 1)], 2, false),
            (&[(2, 0)], 2, false),
            (&[(3, 2)], 1, true),
            (&[(3, 2), (2, 1)], 3, false),
            (&[(4, 3), (3, 2), (2, 1)], 4, false),
            (&[(4, 3), (2, 1)], 2, true),
            (&[(1, 0)], 1, false),
        ];
        for (pushes, cursor, gap) in cases {
            let mut replica = at(1);
            for (version, prev) in pushes {
                replica.push(push("E", *version, *prev, &["a"]));
            }
            assert_eq!(
                (position(&replica), replica.has_gap()),
                (("E", cursor), gap),
                "{pushes:?}"
            );
        }
    }

    #[test]
    fn a_push_is_shown_under_those_of_its_topics_that_have_nothing_newer_on_the_page() {
        let mut replica = Replica::new(Topics::of(["a", "b"]));
        replica.answer(reply("E", 1, false, vec![entry(1, &["a"])]));
        for (version, topics, shown) in [
            (3, &["a", "b"][..], Some(vec!["a", "b"])),
            (3, &["a", "b"], None),
            (2, &["a"], None),
            (4, &["b", "c"], Some(vec!["b"])),
            (5, &["c"], None),
        ] {
            let update = replica.push(push("E", version, version - 1, topics)).1;
            let topics = update.map(|update| update.topics);
            let shown = shown.map(|topics| topics.into_iter().map(str::to_owned).collect());
            assert_eq!(topics, shown, "version {version}");
        }
    }

    #[test]
    fn a_push_of_a_log_that_the_page_does_not_know_is_not_shown_and_stays_a_gap() {
        for mut replica in [Replica::default(), at(1), at(7)] {
            let before = replica.cursor().cloned();
            let (number, update) = replica.push(push("F", 2, 0, &["a"]));
            assert!(update.is_none() && replica.is_above_gap(number));
            assert_eq!(replica.cursor(), before.as_ref());
            replica.push(push("E", 8, 7, &["a"]));
            assert!(replica.is_above_gap(number), "whatever comes of the other log");
            // The reply to a sync from before the push: the cursor must not pass what was not shown.
            replica.answer(reply("F", 1, true, vec![entry(1, &["a"])]));
            assert_eq!((position(&replica), replica.has_gap()), (("F", 1), true));
        }
    }

    #[test]
    fn a_reset_forgets_what_was_shown_and_the_cursor_may_go_back() {
        let mut replica = at(7);
        replica.push(push("E", 8, 7, &["a"]));
        let updates = replica.answer(reply("F", 1, true, vec![entry(1, &["a"])]));
        assert_eq!((updates.len(), position(&replica)), (1, ("F", 1)));
        let mut restored = at(7);
        let updates = restored.answer(reply("E", 3, true, vec![entry(3, &["a"])]));
        assert_eq!(
            (updates.len(), position(&restored)),
            (1, ("E", 3)),
            "a log with the same name, put back"
        );
        let updates = replica.answer(reply("F", 0, false, vec![entry(1, &["a"])]));
        assert_eq!(
            (updates.len(), position(&replica)),
            (0, ("F", 1)),
            "within a log it never goes back"
        );
    }

    #[test]
    fn a_reply_without_a_log_changes_nothing() {
        let mut replica = at(1);
        replica.push(push("E", 3, 2, &["a"]));
        let nothing = Reply {
            cursor: None,
            ..reply("E", 0, false, Vec::new())
        };
        assert_eq!(replica.answer(nothing), []);
        assert_eq!((position(&replica), replica.has_gap()), (("E", 1), true));
    }
}
