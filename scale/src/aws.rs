//! AWS's default quotas for an account in a region, and its usual latencies.

use crate::{agenda::Millis, bucket::Bucket, sources::Throttles};

/// Quotas of an account in a region.
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    /// New sockets a second.
    pub connects: f64,
    /// Requests a second to all of the account's APIs together: handshakes, messages from browsers, and posts to them.
    pub requests: f64,
    /// Burst of that limit: the most requests at once.
    pub request_burst: f64,
    /// Invocations at once, of all functions together.
    pub lambda: u32,
    /// Batches that Lambda takes from a queue at the same time: at first, and how many more with each second.
    pub pollers: (f64, f64),
    /// Write units a second of an on-demand table that has not been warmed.
    pub table_writes: f64,
    /// Read units a second of an on-demand table that has not been warmed.
    pub table_reads: f64,
    /// Write units and read units a second of one partition, and so of one item.
    pub partition: (f64, f64),
}

impl Quotas {
    /// AWS's documented quotas of a new account.
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

/// Mean latencies within a region, in milliseconds. The simulation draws each at random, from half to one and a half
/// times the mean.
pub mod latency {
    /// Handshake: from the browser's request until the socket is open, `$connect` included.
    pub const HANDSHAKE: f64 = 80.0;
    /// The part of a handshake in which `$connect` runs.
    pub const CONNECT: f64 = 20.0;
    /// Sync: from the browser's question until the reply has arrived, `$default` included.
    pub const SYNC: f64 = 60.0;
    /// The part of a sync in which `$default` runs.
    pub const DEFAULT: f64 = 15.0;
    /// Post to a socket.
    pub const POST: f64 = 10.0;
    /// Write to DynamoDB.
    pub const WRITE: f64 = 6.0;
    /// Query of DynamoDB.
    pub const QUERY: f64 = 5.0;
}

/// Processor time of a call to DynamoDB, in milliseconds of a whole processor.
pub const TABLE_WORK: f64 = 0.13;
/// Memory with which a function of Lambda has one whole processor, in megabytes. With less memory its share of the
/// processor is smaller in proportion.
pub const WHOLE_PROCESSOR: f64 = 1_769.0;

/// API Gateway's token buckets.
#[derive(Debug)]
pub struct Gateway {
    /// New sockets.
    pub connects: Bucket,
    /// Requests to all of the account's APIs.
    pub requests: Bucket,
    /// Handshakes, by this stage's throttle.
    pub handshakes: Bucket,
    /// Syncs, by this stage's throttle.
    pub syncs: Bucket,
    /// Pings, by this stage's throttle.
    pub pings: Bucket,
}

impl Gateway {
    /// Full buckets for these quotas, and these throttles of the stage's routes.
    pub fn new(quotas: &Quotas, stage: &Throttles) -> Gateway {
        let of = |(rate, burst)| Bucket::new(rate, burst);
        Gateway {
            connects: Bucket::new(quotas.connects, quotas.connects),
            requests: Bucket::new(quotas.requests, quotas.request_burst),
            handshakes: of(stage.connect),
            syncs: of(stage.default),
            pings: of(stage.ping),
        }
    }

    /// Whether a handshake is let through. One that is turned away takes no tokens from the other buckets.
    pub fn connect(&mut self, now: Millis) -> bool {
        self.connects.has(1.0, now)
            && self.handshakes.has(1.0, now)
            && self.requests.take(1.0, now)
            && self.handshakes.take(1.0, now)
            && self.connects.take(1.0, now)
    }

    /// Whether a browser's sync is accepted.
    pub fn sync(&mut self, now: Millis) -> bool {
        self.syncs.has(1.0, now) && self.requests.take(1.0, now) && self.syncs.take(1.0, now)
    }

    /// Whether a browser's ping is accepted.
    pub fn ping(&mut self, now: Millis) -> bool {
        self.pings.has(1.0, now) && self.requests.take(1.0, now) && self.pings.take(1.0, now)
    }

    /// Whether a post is accepted.
    pub fn post(&mut self, now: Millis) -> bool {
        self.requests.take(1.0, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accounts_limit_holds_for_all_requests_and_each_routes_throttle_for_its_own_kind_alone() {
        let quotas = Quotas {
            connects: 2.0,
            requests: 1_000.0,
            request_burst: 10.0,
            ..Quotas::DEFAULT
        };
        let stage = Throttles {
            connect: (10.0, 5.0),
            default: (10.0, 2.0),
            ping: (10.0, 1.0),
        };
        let mut gateway = Gateway::new(&quotas, &stage);
        assert_eq!([0; 3].map(|_| gateway.connect(0)), [true, true, false]);
        assert_eq!([0; 3].map(|_| gateway.sync(0)), [true, true, false]);
        assert_eq!([0; 2].map(|_| gateway.ping(0)), [true, false]);
        let posts = (0..10).filter(|_| gateway.post(0)).count();
        assert_eq!(
            posts, 5,
            "the account's burst of ten, less the five requests of browsers"
        );
        assert!(
            !gateway.sync(1) && gateway.post(1),
            "the route's bucket refills at its own rate, which is lower"
        );
    }
}
