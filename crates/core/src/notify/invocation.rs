//! What Lambda says of one invocation of notify.

use crate::Timestamp;

/// What Lambda says of an invocation, beside its payload.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Lambda's id for it, the same in each of its own retries.
    pub request_id: String,
    /// When it came, by this machine's clock.
    pub received_at: Timestamp,
    /// When Lambda ends it, by the same clock.
    pub deadline: Timestamp,
}
