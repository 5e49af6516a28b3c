//! AWS's quotas and times.

use std::time::Duration;

/// AWS's quotas and times, each of which can be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// After this time without a message in either direction a socket is closed. AWS: 10 minutes.
    pub idle: Duration,
    /// After this time a socket is closed in any case. AWS: 2 hours.
    pub life: Duration,
    /// An integration that has not answered within this time has failed for its caller. AWS: 29 seconds.
    pub integration: Duration,
    /// A process that has not asked for its first event within this time has failed to start. AWS: 10 seconds.
    pub init: Duration,
    /// The largest message, in or out, in bytes. AWS: 128 KB.
    pub message_bytes: usize,
    /// The largest frame that a client may send, in bytes. AWS: 32 KB.
    pub frame_bytes: usize,
    /// The largest sum of the messages that wait for a slow client, in bytes. A single message may be larger. Not
    /// documented by AWS; 1 MB here.
    pub outgoing_bytes: usize,
    /// The largest event, in bytes. AWS: 6 MB.
    pub payload_bytes: usize,
    /// The largest event of an asynchronous call, in bytes. AWS: 1 MB.
    pub async_payload_bytes: usize,
    /// The largest reply of a function, in bytes. AWS: 6,291,556, which is 6 MB and 100 bytes.
    pub response_bytes: usize,
    /// The messages of one socket that are worked on at once. Further ones are not read until one is answered, so that one
    /// socket takes no function from the others. Not documented by AWS; 8 here.
    pub messages_at_once: usize,
    /// New sockets a second, and as many in one burst. AWS: 500. `None` is no limit, `Some(0)` lets no client in.
    pub connects_per_second: Option<u32>,
    /// Messages and posts a second, together. AWS: 10,000. `None` is no limit, `Some(0)` lets nothing through.
    pub requests_per_second: Option<u32>,
    /// Messages and posts in one burst. AWS: 5,000.
    pub requests_burst: u32,
    /// The pauses before an asynchronous event is tried again. AWS: 1 and 2 minutes.
    pub async_retry_delays: Vec<Duration>,
    /// How long a client may take to read the last messages and the close frame, and again to answer the close frame,
    /// before the gateway hangs up. Not documented by AWS; 2 seconds here.
    pub closing: Duration,
    /// How long [`Gateway::stop`](crate::Gateway::stop) waits for sockets to close and for `$disconnect` to run.
    pub stop: Duration,
}

impl Default for Limits {
    /// AWS's numbers.
    fn default() -> Limits {
        Limits {
            idle: Duration::from_secs(10 * 60),
            life: Duration::from_secs(2 * 60 * 60),
            integration: Duration::from_secs(29),
            init: Duration::from_secs(10),
            message_bytes: 128 * 1024,
            frame_bytes: 32 * 1024,
            outgoing_bytes: 1024 * 1024,
            payload_bytes: 6 * 1024 * 1024,
            async_payload_bytes: 1024 * 1024,
            response_bytes: 6_291_556,
            messages_at_once: 8,
            connects_per_second: Some(500),
            requests_per_second: Some(10_000),
            requests_burst: 5_000,
            async_retry_delays: vec![Duration::from_secs(60), Duration::from_secs(120)],
            closing: Duration::from_secs(2),
            stop: Duration::from_secs(5),
        }
    }
}
