//! What is counted, and what it costs.

use crate::sources::{self, price, units};

/// How often each thing happened.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Posts that API Gateway took.
    pub sent: u64,
    /// Posts that were given up.
    pub failed: u64,
    /// Posts that were throttled.
    pub posts_refused: u64,
    /// Logins that were put off, each as often as it was.
    pub put_off: u64,
    /// Logins whose event ended among the dead letters.
    pub dead_letters: u64,
    /// Sockets that clients gave up, since nobody answered, or that ended after two hours.
    pub lost: u64,
    /// Handshakes that were turned away.
    pub connects_refused: u64,
    /// Sockets opened.
    pub opened: u64,
    /// Times that clients asked the site for other credentials.
    pub credentials: u64,
    /// Pings sent.
    pub pings: u64,
    /// Syncs that were answered.
    pub syncs: u64,
    /// Invocations of notify.
    pub invocations: u64,
    /// Milliseconds of all of them.
    pub busy: u64,
    /// DynamoDB's units that notify used.
    pub writes: u64,
    /// DynamoDB's units that notify used.
    pub reads: u64,
    /// Requests to the queue.
    pub queue_requests: u64,
}

impl Counts {
    /// What notify's work costs, in dollars: functions, tables, queue, and the messages to browsers.
    pub fn notify_dollars(&self, memory: f64) -> f64 {
        let gigabyte_seconds = self.busy as f64 / 1_000.0 * memory / 1_024.0;
        self.sent as f64 * price("messages")
            + self.invocations as f64 * price("Lambda requests")
            + gigabyte_seconds * price("Lambda time")
            + self.writes as f64 * price("DynamoDB writes")
            + self.reads as f64 * price("DynamoDB reads")
            + self.queue_requests as f64 * price("SQS requests")
    }

    /// What opening the sockets costs, in dollars, with the first sync and the end of each.
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
    fn a_million_posts_cost_most_by_their_messages() {
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
    fn a_socket_costs_its_handshake_its_sync_and_its_end() {
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
