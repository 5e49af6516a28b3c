//! Parameters of a simulated system: Chatterbox's constants as its sources have them, or with some of them changed.

use crate::{aws::Quotas, sources};

/// Parameters of a simulated system.
#[derive(Clone, Copy, Debug)]
pub struct Design {
    /// Constants of notify.
    pub notify: sources::Notify,
    /// Constants of the browser client.
    pub client: sources::Client,
    /// The throttles of the stage's routes.
    pub stage: sources::Throttles,
    /// Quotas of the AWS account.
    pub quotas: Quotas,
    /// Whether API Gateway answers a message that it throttles. AWS does not document it, so the worse is assumed: no.
    pub says_throttled: bool,
    /// Processor time of a post, in milliseconds of a whole processor.
    pub post_work: f64,
}

/// Processor time of a post that is signed and sent without the SDK, about, in milliseconds of a whole processor;
/// `make bench` measures it. Through the SDK it would be that of a call to a table.
const POST_WORK: f64 = 0.03;

impl Design {
    /// Chatterbox as its sources have it, in a new account. Its throttles are meant for 100,000 pages on line.
    pub fn now() -> Design {
        Design {
            notify: sources::Notify::read(),
            client: sources::Client::read(),
            stage: sources::Throttles::read(),
            quotas: Quotas::DEFAULT,
            says_throttled: false,
            post_work: POST_WORK,
        }
    }

    /// The same with throttles for a million pages on line: all handshakes that an account may have, and half of its
    /// requests for heartbeats.
    pub fn for_a_million() -> Design {
        Design {
            stage: sources::Throttles {
                connect: (500.0, 500.0),
                default: (2_000.0, 1_000.0),
                ping: (5_000.0, 2_500.0),
            },
            ..Design::now()
        }
    }

    /// The same with tables that were warmed for this many write units a second.
    pub fn warm(mut self, writes: f64) -> Design {
        self.quotas.table_writes = writes;
        self.quotas.table_reads = self.quotas.table_reads.max(writes);
        self
    }

    /// The same with all rates scaled down to this part. An equal part of the crowd then fares as the whole crowd does
    /// before the whole rates, and is simulated in less time.
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
        self.stage = self.stage.part(part);
        self
    }
}
