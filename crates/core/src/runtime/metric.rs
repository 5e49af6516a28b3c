//! The metrics that the functions print.

use crate::StoreError;
use serde::Serialize;

/// A metric's unit, by CloudWatch's name for it.
#[derive(Clone, Copy, Debug)]
pub enum Unit {
    /// A number.
    Count,
    /// A duration.
    Milliseconds,
}

/// A metric. Its name in CloudWatch is the variant's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Metric {
    /// Sockets that were admitted.
    Connects,
    /// Handshakes that were refused, also by the dimension `Reason`.
    Refusals,
    /// Events that were not served since DynamoDB failed: the server's fault.
    StoreFailures,
    /// Events that were not served since DynamoDB was asked too much, which users can bring about.
    Throttled,
    /// Sockets that ended.
    Disconnects,
    /// Syncs that were answered.
    Syncs,
    /// Messages that were not understood.
    NotUnderstood,
    /// Updates: one for each login of each event.
    Updates,
    /// Updates that were older than what is recorded.
    Stale,
    /// Posts that API Gateway accepted.
    PostsSent,
    /// Posts answered 410 whose row was deleted.
    PostsGone,
    /// Posts answered 410 whose row was young and was kept.
    PostsEarly,
    /// Posts that failed.
    PostsFailed,
    /// Logins that were deferred to a later invocation.
    Deferred,
    /// Logins with no room for some topic of an update.
    NoRoom,
    /// Events that could not be read.
    BadEvents,
    /// Events with a time ahead of the function's clock.
    ClockAhead,
    /// Records without an event.
    IgnoredRecords,
    /// Records that waited in a stream for longer than [`StreamWait::LATE`](crate::StreamWait::LATE).
    LateRecords,
    /// The time that an invocation of notify took.
    FanOut,
    /// Chatter IDs whose items somebody deleted.
    Revocations,
    /// Sockets that were closed for that.
    SocketsRevoked,
}

impl Metric {
    /// The metric for an event that was not served since a table did not do what it was asked.
    pub fn of_failure(error: &StoreError) -> Metric {
        if error.is_throttling() {
            Metric::Throttled
        } else {
            Metric::StoreFailures
        }
    }

    /// Its unit.
    pub fn unit(self) -> Unit {
        match self {
            Metric::FanOut => Unit::Milliseconds,
            Metric::Connects
            | Metric::Refusals
            | Metric::StoreFailures
            | Metric::Throttled
            | Metric::Disconnects
            | Metric::Syncs
            | Metric::NotUnderstood
            | Metric::Updates
            | Metric::Stale
            | Metric::PostsSent
            | Metric::PostsGone
            | Metric::PostsEarly
            | Metric::PostsFailed
            | Metric::Deferred
            | Metric::NoRoom
            | Metric::BadEvents
            | Metric::ClockAhead
            | Metric::IgnoredRecords
            | Metric::LateRecords
            | Metric::Revocations
            | Metric::SocketsRevoked => Unit::Count,
        }
    }
}
