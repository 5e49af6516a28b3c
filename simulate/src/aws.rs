//! What AWS allows an account in a region unless it is asked for more, and how fast it answers.

use crate::{agenda::Millis, bucket::Bucket};

/// AWS's documented limits.
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    /// New sockets a second.
    pub connects: f64,
    /// Requests a second to all APIs of all kinds together: handshakes, messages from browsers, and posts to them.
    pub requests: f64,
    /// How many of those at once.
    pub request_burst: f64,
    /// Invocations at once, of all functions together.
    pub lambda: u32,
    /// Batches that Lambda takes from a queue at once at first, and how many more each second.
    pub pollers: (f64, f64),
    /// Write units a second of an on-demand table that has not been warmed.
    pub table_writes: f64,
    /// Read units a second of such a table.
    pub table_reads: f64,
    /// Units a second of one partition, and so of one item: writes and reads.
    pub partition: (f64, f64),
}

impl Quotas {
    /// What a new account has.
    pub const DEFAULT: Quotas = Quotas {
        connects: 500.0,
        requests: 10_000.0,
        request_burst: 5_000.0,
        lambda: 1_000,
        pollers: (5.0, 5.0),
        table_writes: 4_000.0,
        table_reads: 12_000.0,
        partition: (1_000.0, 3_000.0),
    };
}

/// How long things take, in milliseconds: what is usual within a region. Each is drawn from half to one and a half
/// times as long.
pub mod latency {
    /// A handshake, from the browser until it is open, with `$connect`.
    pub const HANDSHAKE: f64 = 80.0;
    /// How long `$connect` takes of that.
    pub const CONNECT: f64 = 20.0;
    /// A sync and its reply.
    pub const SYNC: f64 = 60.0;
    /// How long `$default` takes of that.
    pub const DEFAULT: f64 = 15.0;
    /// A post to a socket.
    pub const POST: f64 = 10.0;
    /// A write to DynamoDB.
    pub const WRITE: f64 = 6.0;
    /// A query of DynamoDB.
    pub const QUERY: f64 = 5.0;
}

/// Processor time of a call to DynamoDB, in milliseconds of a whole processor.
pub const TABLE_WORK: f64 = 0.13;
/// The memory for which Lambda gives a whole processor, in megabytes; with less, it gives less in proportion.
pub const WHOLE_PROCESSOR: f64 = 1_769.0;

/// API Gateway's limits at work.
#[derive(Debug)]
pub struct Gateway {
    /// New sockets.
    pub connects: Bucket,
    /// Requests to all the account's APIs.
    pub requests: Bucket,
    /// What browsers ask of this stage.
    pub stage: Bucket,
}

impl Gateway {
    /// With these quotas, and a throttle of the stage's own on what browsers ask.
    pub fn new(quotas: &Quotas, (rate, burst): (f64, f64)) -> Gateway {
        Gateway {
            connects: Bucket::new(quotas.connects, quotas.connects),
            requests: Bucket::new(quotas.requests, quotas.request_burst),
            stage: Bucket::new(rate, burst),
        }
    }

    /// Whether a handshake may begin. One that may not takes nothing from the other limits.
    pub fn connect(&mut self, now: Millis) -> bool {
        self.connects.has(1.0, now) && self.message(now) && self.connects.take(1.0, now)
    }

    /// Whether a browser's message is taken.
    pub fn message(&mut self, now: Millis) -> bool {
        self.stage.has(1.0, now) && self.requests.take(1.0, now) && self.stage.take(1.0, now)
    }

    /// Whether a post is taken.
    pub fn post(&mut self, now: Millis) -> bool {
        self.requests.take(1.0, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_posts_draw_on_one_limit_and_browsers_on_two_more() {
        let quotas = Quotas {
            connects: 2.0,
            requests: 1_000.0,
            request_burst: 10.0,
            ..Quotas::DEFAULT
        };
        let mut gateway = Gateway::new(&quotas, (10.0, 5.0));
        assert_eq!([0; 3].map(|_| gateway.connect(0)), [true, true, false]);
        assert_eq!([0; 4].map(|_| gateway.message(0)), [true, true, true, false]);
        let posts = (0..10).filter(|_| gateway.post(0)).count();
        assert_eq!(posts, 5, "ten at once, less the five that browsers took");
        assert!(
            !gateway.message(1) && gateway.post(1),
            "the stage's own limit fills up at its own pace"
        );
    }
}
