//! The log lines of a traced update: what notify does with it, step by step, with its id and the sockets'. `chatter trace` reads
//! them.

use crate::{Connection, Notification, Posted, Recorded};
use std::time::Duration;

/// Logs the steps of an update whose event asks for that: a line for each post is paid for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps<'a> {
    /// The update's id, if it is traced.
    id: Option<&'a str>,
}

impl<'a> Steps<'a> {
    /// The steps of this event, whose id the lines have in this form.
    pub(crate) fn of(event: &Notification, logged_id: &'a str) -> Steps<'a> {
        Steps {
            id: event.is_traced.then_some(logged_id),
        }
    }

    pub(crate) fn is_logged(self) -> bool {
        self.id.is_some()
    }

    /// notify has the event.
    pub(crate) fn began(self, attempt: u32) {
        let Some(id) = self.id else { return };
        tracing::info!(id, attempt, "trace: the event was read");
    }

    /// The table of updates has answered.
    pub(crate) fn recorded(self, recorded: &Recorded) {
        let Some(id) = self.id else { return };
        let (outcome, version) = match recorded {
            Recorded::New { version, .. } => ("new", Some(*version)),
            Recorded::Repeat { version, .. } => ("repeat", Some(*version)),
            Recorded::Stale => ("stale", None),
            Recorded::NoRoom => ("no room", None),
        };
        tracing::info!(id, outcome, version, "trace: the log of updates answered");
    }

    /// The table of connections has answered.
    pub(crate) fn read(self, connections: usize) {
        let Some(id) = self.id else { return };
        tracing::info!(id, connections, "trace: the login's connections were read");
    }

    /// A post was answered, or given up.
    pub(crate) fn posted(self, connection: &Connection, posted: Posted, took: Duration) {
        let Some(id) = self.id else { return };
        let (outcome, status) = match posted {
            Posted::Sent => ("sent", None),
            Posted::Gone { sent_at } if connection.is_dead_after_gone(sent_at) => ("gone", Some(410)),
            Posted::Gone { .. } => ("early", Some(410)),
            Posted::Busy => ("busy", None),
            Posted::Refused { status } => ("refused", Some(status)),
        };
        let milliseconds = took.as_secs_f64() * 1_000.0;
        tracing::info!(id, connection_id = %connection.id, outcome, status, milliseconds, "trace: a post was answered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ChatterId, ConnectionId, Timestamp, Topics,
        test_support::{Log, notification},
    };
    use serde_json::{Value, json};

    #[test]
    fn only_an_event_that_asks_for_it_is_traced() {
        let log = Log::start();
        for (trace, lines) in [
            (json!(true), 1),
            (json!(false), 0),
            (json!("true"), 0),
            (json!(null), 0),
            (json!({"id": 7}), 0),
        ] {
            let event = notification(&json!({"login": "a", "id": "job-1", "trace": trace}));
            Steps::of(&event, "job-1").began(1);
            let logged = log.lines();
            assert_eq!(logged.len(), lines, "{trace}");
            assert!(logged.iter().all(|line| line["id"] == "job-1"), "{logged:?}");
        }
    }

    #[test]
    fn a_line_of_a_post_says_what_became_of_it_and_how_long_it_took() {
        let event = notification(&json!({"login": "a", "id": "job-1", "trace": true}));
        let connected_at = Timestamp::from_millis(1_795_510_800_000).unwrap();
        let connection = Connection {
            login: event.logins[0].clone(),
            id: ConnectionId::new("L0SM9cOFvHcCIhw="),
            connected_at,
            topics: Topics::All,
            chatter_hash: ChatterId::random().hash(),
        };
        let gone = |seconds| Posted::Gone {
            sent_at: connected_at + Duration::from_secs(seconds),
        };
        let log = Log::start();
        for (posted, outcome, status) in [
            (Posted::Sent, "sent", Value::Null),
            (gone(61), "gone", json!(410)),
            (gone(60), "early", json!(410)),
            (Posted::Busy, "busy", Value::Null),
            (Posted::Refused { status: 403 }, "refused", json!(403)),
        ] {
            Steps::of(&event, "job-1").posted(&connection, posted, Duration::from_micros(2_500));
            let lines = log.lines();
            assert_eq!(lines.len(), 1, "{outcome}");
            assert_eq!(lines[0]["outcome"], outcome);
            assert_eq!(lines[0]["status"], status, "{outcome}");
            assert_eq!(lines[0]["milliseconds"], 2.5, "{outcome}");
            assert_eq!(lines[0]["connection_id"], "L0SM9cOFvHcCIhw=");
        }
    }
}
