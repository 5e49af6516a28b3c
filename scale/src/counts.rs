//! Counters of a run, and the costs that follow from them.

use crate::sources::{self, price, units};

/// Counters of a run.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Posts that API Gateway accepted.
    pub sent: u64,
    /// Logins whose posts still failed in the last attempt.
    pub failed: u64,
    /// Posts that were throttled, each try counted.
    pub posts_refused: u64,
    /// Logins that were deferred, counted once for each deferral.
    pub deferred: u64,
    /// Logins whose event ended in the dead-letter queue.
    pub dead_letters: u64,
    /// Sockets that were lost: at once at the beginning, given up by the client for want of an answer, or ended by API
    /// Gateway after two hours.
    pub lost: u64,
    /// Handshakes that were turned away.
    pub connects_refused: u64,
    /// Sockets opened.
    pub opened: u64,
    /// Requests for fresh credentials that clients sent to the site's backend.
    pub credentials: u64,
    /// Pings sent.
    pub pings: u64,
    /// Syncs that were answered.
    pub syncs: u64,
    /// Invocations of notify.
    pub invocations: u64,
    /// Run time of all invocations of notify together, in milliseconds.
    pub busy: u64,
    /// DynamoDB's write units that notify used.
    pub writes: u64,
    /// DynamoDB's read units that notify used.
    pub reads: u64,
    /// Requests to the queue.
    pub queue_requests: u64,
}

impl Counts {
    /// Cost of notify's work, in dollars: function, tables, queue, and the messages to browsers. `memory` is notify's,
    /// in megabytes.
    pub fn notify_dollars(&self, memory: f64) -> f64 {
        let gigabyte_seconds = self.busy as f64 / 1_000.0 * memory / 1_024.0;
        self.sent as f64 * price("messages")
            + self.invocations as f64 * price("Lambda requests")
            + gigabyte_seconds * price("Lambda time")
            + self.writes as f64 * price("DynamoDB writes")
            + self.reads as f64 * price("DynamoDB reads")
            + self.queue_requests as f64 * price("SQS requests")
    }

    /// Cost of the sockets, in dollars: for each its `$connect`, first sync and `$disconnect`; and all other syncs and
    /// pings. Connection minutes are not included.
    pub fn socket_dollars(&self) -> f64 {
        let function = |name: &str| {
            let (read, write) = units(name);
            let time = sources::gigabyte_seconds(name) * price("Lambda time");
            read * price("DynamoDB reads") + write * price("DynamoDB writes") + price("Lambda requests") + time
        };
        let sync = 2.0 * price("messages") + function("default");
        let others = self.syncs.saturating_sub(self.opened) as f64 * sync + 2.0 * self.pings as f64 * price("messages");
        self.opened as f64 * (function("connect") + function("disconnect") + sync) + others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_more_than_half_of_the_cost_of_a_million_posts() {
        let counts = Counts {
            sent: 1_000_000,
            writes: 1_000_000,
            reads: 1_000_000,
            invocations: 1_000,
            busy: 1_000_000,
            queue_requests: 3_000,
            ..Counts::default()
        };
        let dollars = counts.notify_dollars(512.0);
        assert!((1.75..1.77).contains(&dollars), "{dollars}");
        let posts_alone = Counts {
            sent: 1_000_000,
            ..Counts::default()
        };
        assert!(posts_alone.notify_dollars(512.0) > dollars / 2.0);
    }

    #[test]
    fn a_socket_costs_its_connect_its_first_sync_and_its_disconnect() {
        let one = Counts {
            opened: 1,
            syncs: 1,
            ..Counts::default()
        };
        let with_a_ping = Counts {
            pings: 1,
            ..one.clone()
        };
        assert!(
            (5e-6..10e-6).contains(&one.socket_dollars()),
            "{}",
            one.socket_dollars()
        );
        assert!((with_a_ping.socket_dollars() - one.socket_dollars() - 2.0 * price("messages")).abs() < 1e-12);
    }
}
