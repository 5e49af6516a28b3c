//! The five functions.

use super::metric::Metric;
use std::time::Duration;

/// A function of Chatterbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `$connect`.
    Connect,
    /// `$disconnect`.
    Disconnect,
    /// `$default`.
    Default,
    /// notify.
    Notify,
    /// revoke.
    Revoke,
}

impl Function {
    /// All five.
    pub const ALL: [Function; 5] = [
        Function::Connect,
        Function::Disconnect,
        Function::Default,
        Function::Notify,
        Function::Revoke,
    ];

    /// Its name: that of its package and program, and its metrics' dimension [`DIMENSION`](crate::metrics::DIMENSION).
    pub fn name(self) -> &'static str {
        match self {
            Function::Connect => "connect",
            Function::Disconnect => "disconnect",
            Function::Default => "default",
            Function::Notify => "notify",
            Function::Revoke => "revoke",
        }
    }

    /// The time limit that it has, deployed as well as on the laptop. The protocol relies on `$connect` taking no longer
    /// ([`Connection::GRACE`](crate::Connection::GRACE) is far above it).
    pub const fn time_limit(self) -> Duration {
        match self {
            Function::Connect | Function::Disconnect | Function::Default => Duration::from_secs(10),
            Function::Notify | Function::Revoke => Duration::from_secs(60),
        }
    }

    /// The metrics that it prints.
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Function::Connect => &[
                Metric::Connects,
                Metric::Refusals,
                Metric::StoreFailures,
                Metric::Throttled,
            ],
            Function::Disconnect => &[Metric::Disconnects, Metric::StoreFailures, Metric::Throttled],
            Function::Default => &[
                Metric::Syncs,
                Metric::NotUnderstood,
                Metric::StoreFailures,
                Metric::Throttled,
            ],
            Function::Notify => &[
                Metric::Updates,
                Metric::Stale,
                Metric::PostsSent,
                Metric::PostsGone,
                Metric::PostsEarly,
                Metric::PostsFailed,
                Metric::Deferred,
                Metric::NoRoom,
                Metric::BadEvents,
                Metric::ClockAhead,
                Metric::IgnoredRecords,
                Metric::LateRecords,
                Metric::FanOut,
            ],
            Function::Revoke => &[Metric::Revocations, Metric::SocketsRevoked, Metric::LateRecords],
        }
    }
}
