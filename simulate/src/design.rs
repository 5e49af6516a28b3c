//! What is simulated: Chatterbox as its sources say, or as it was before the simulation found fault with it.

use crate::{
    aws::{Quotas, TABLE_WORK},
    sources,
};

/// Everything that can be decided otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Design {
    /// Notify's numbers.
    pub notify: sources::Notify,
    /// The browser client's numbers.
    pub client: sources::Client,
    /// The stage's throttle: requests of browsers a second, and at once.
    pub stage: (f64, f64),
    /// The account's limits.
    pub quotas: Quotas,
    /// What notify does with a login that AWS has no room for.
    pub throttled: Throttled,
    /// Whether API Gateway says so when it throttles a message. AWS does not tell, so the worse is assumed.
    pub says_throttled: bool,
    /// Processor time that a post takes, in milliseconds of a whole processor.
    pub post_work: f64,
}

/// About what a post takes of a processor since it is signed and sent without the SDK; with it, it took what a call to
/// a table does. `make bench` measures it.
const POST_WORK: f64 = 0.03;

/// What notify does with a login that AWS has no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttled {
    /// A post counts as failed; a write fails its whole record.
    Fails,
    /// The login alone is left to a later invocation, by way of the queue.
    PutOff,
}

impl Design {
    /// As the sources say.
    pub fn now() -> Design {
        Design {
            notify: sources::Notify::read(),
            client: sources::Client::read(),
            stage: sources::stage_throttle(),
            quotas: Quotas::DEFAULT,
            throttled: sources::throttled(),
            says_throttled: false,
            post_work: POST_WORK,
        }
    }

    /// As it was first designed. These numbers are history: they are in no source any more.
    pub fn first() -> Design {
        let mut first = Design::now();
        first.throttled = Throttled::Fails;
        first.post_work = TABLE_WORK;
        first.notify.queue_at_once = 1_000;
        first.notify.last_wait = true;
        first.client.heartbeat = 240_000.0;
        first.client.quiet_heartbeat = (240_000.0, 0.0);
        first.client.pulse = 0.0;
        first.client.change_over_spread = 600_000.0;
        first.client.first_change_over_spread = 600_000.0;
        first.client.refused_wait = None;
        first.client.asks_again_every = 1;
        first.client.gap_wait = 0.0;
        first
    }

    /// With tables that were warmed for so many write units a second.
    pub fn warm(mut self, writes: f64) -> Design {
        self.quotas.table_writes = writes;
        self.quotas.table_reads = self.quotas.table_reads.max(writes);
        self
    }

    /// With a part of everything that is so many a second. A part of the crowd then fares as the whole does.
    pub fn part(mut self, part: f64) -> Design {
        let Quotas {
            connects,
            requests,
            request_burst,
            table_writes,
            table_reads,
            ..
        } = &mut self.quotas;
        for limit in [connects, requests, request_burst, table_writes, table_reads] {
            *limit *= part;
        }
        self.stage = (self.stage.0 * part, self.stage.1 * part);
        self
    }
}
