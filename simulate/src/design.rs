//! The design that is simulated: Chatterbox with the numbers that its sources hold, or with some of them changed.

use crate::{aws::Quotas, sources};

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
    /// Whether API Gateway says so when it throttles a message. AWS does not tell, so the worse is assumed.
    pub says_throttled: bool,
    /// Processor time that a post takes, in milliseconds of a whole processor.
    pub post_work: f64,
}

/// About what a post takes of a processor since it is signed and sent without the SDK; with it, it took what a call to
/// a table does. `make bench` measures it.
const POST_WORK: f64 = 0.03;

impl Design {
    /// As the sources say.
    pub fn now() -> Design {
        Design {
            notify: sources::Notify::read(),
            client: sources::Client::read(),
            stage: sources::stage_throttle(),
            quotas: Quotas::DEFAULT,
            says_throttled: false,
            post_work: POST_WORK,
        }
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
