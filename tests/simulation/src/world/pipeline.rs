//! The pipeline: the events that it sends, and what delivers them to notify until one of its invocations succeeds.

use serde_json::{Value, json};
use std::time::Duration;

/// An event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) logins: Vec<String>,
    pub(super) topics: Vec<String>,
    /// Whether it was sent after the table of updates was lost for the last time.
    pub(super) is_of_this_log: bool,
}

/// A delivery of something to notify.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    /// The payload.
    pub(super) payload: Value,
    pub(super) state: Progress,
}

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It is delivered then.
    Due(Duration),
    /// It is delivered to this invocation.
    Running(usize),
    /// notify has succeeded.
    Done,
}

/// The pipeline, with the queue of what was deferred.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipeline {
    /// The events by their numbers, which order them in time.
    pub(super) events: Vec<Event>,
    pub(super) deliveries: Vec<Delivery>,
}

impl Pipeline {
    /// The name of an event.
    pub(super) fn id(serial: usize) -> String {
        format!("u{serial}")
    }

    /// The number of the event with this name.
    pub(super) fn serial(id: &str) -> usize {
        let serial = id.strip_prefix('u').and_then(|digits| digits.parse().ok());
        serial.expect("an event of ours")
    }

    /// A new event, which happened at this time (milliseconds since 1970) and is delivered as it is or through a queue.
    pub(super) fn send(&mut self, logins: Vec<String>, topics: Vec<String>, at: i64, by_queue: bool, now: Duration) {
        let serial = self.events.len();
        let event = json!({
            "logins": logins, "topics": topics, "id": Self::id(serial), "at": at, "body": {"serial": serial, "logins": logins},
        });
        let payload = if by_queue {
            queued(&format!("m{serial}"), &event.to_string())
        } else {
            event
        };
        self.events.push(Event {
            logins,
            topics,
            is_of_this_log: true,
        });
        self.deliveries.push(Delivery {
            payload,
            state: Progress::Due(now),
        });
    }

    /// notify defers an event.
    pub(super) fn defer(&mut self, message: &str, due: Duration) {
        self.deliveries.push(Delivery {
            payload: queued(&format!("d{}", self.deliveries.len()), message),
            state: Progress::Due(due),
        });
    }

    /// When something is delivered next.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let due = self.deliveries.iter().filter_map(|delivery| match delivery.state {
            Progress::Due(at) => Some(at),
            Progress::Running(_) | Progress::Done => None,
        });
        due.min()
    }

    /// Whether everything was delivered.
    pub(super) fn is_done(&self) -> bool {
        self.deliveries.iter().all(|delivery| delivery.state == Progress::Done)
    }
}

/// A message as SQS delivers it.
fn queued(id: &str, body: &str) -> Value {
    json!({"Records": [{
        "messageId": id, "body": body, "eventSource": "aws:sqs", "attributes": {"SentTimestamp": "1763900000000"},
    }]})
}
