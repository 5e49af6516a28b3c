//! AWS's limits.

use std::time::Duration;

/// AWS's quotas and times, each of which can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A socket without a message in either direction for so long is closed. AWS: 10 minutes.
    pub idle: Duration,
    /// A socket lives no longer. AWS: 2 hours.
    pub life: Duration,
    /// An integration that has not answered by then has failed for its caller. AWS: 29 seconds.
    pub integration: Duration,
    /// A function that has not asked for its first event by then has failed to start. AWS: 10 seconds.
    pub init: Duration,
    /// The largest message, in or out, in bytes. AWS: 128 KB.
    pub message_bytes: usize,
    /// The largest frame that a client may send, in bytes. AWS: 32 KB.
    pub frame_bytes: usize,
    /// Messages that wait for a slow client hold no more bytes than this (more only if one message is larger than it).
    /// Not documented by AWS; 1 MB here.
    pub outgoing_bytes: usize,
    /// The largest event, in bytes. AWS: 6 MB.
    pub payload_bytes: usize,
    /// The largest event of an asynchronous call, in bytes. AWS: 1 MB.
    pub async_payload_bytes: usize,
    /// The largest reply of a function, in bytes. AWS: 6,291,556, which is 6 MB and 100 bytes.
    pub response_bytes: usize,
    /// New sockets a second, and as many in one burst. AWS: 500. `None` is no limit, `Some(0)` lets nobody in.
    pub connects_per_second: Option<u32>,
    /// Messages and posts a second, together. AWS: 10,000. `None` is no limit, `Some(0)` lets nothing through.
    pub requests_per_second: Option<u32>,
    /// Messages and posts in one burst. AWS: 5,000.
    pub requests_burst: u32,
    /// The pauses before an asynchronous event is tried again. AWS: 1 and 2 minutes.
    pub async_retry_delays: Vec<Duration>,
    /// How long a client may take to read what is left for it and the close frame, and again to answer that. Then the
    /// gateway hangs up all the same. Not documented by AWS; 2 seconds here.
    pub closing: Duration,
    /// How long [`Gateway::stop`](crate::Gateway::stop) waits for sockets to say goodbye and `$disconnect` to run.
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
            connects_per_second: Some(500),
            requests_per_second: Some(10_000),
            requests_burst: 5_000,
            async_retry_delays: vec![Duration::from_secs(60), Duration::from_secs(120)],
            closing: Duration::from_secs(2),
            stop: Duration::from_secs(5),
        }
    }
}
