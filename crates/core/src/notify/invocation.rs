//! An invocation of notify, as Lambda describes it.

use crate::Timestamp;

/// An invocation, without its payload.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Lambda's id for it, the same in each of its own retries.
    pub request_id: String,
    /// When it came, by this machine's clock.
    pub received_at: Timestamp,
    /// When Lambda ends it, by the same clock.
    pub deadline: Timestamp,
}
