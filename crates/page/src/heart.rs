//! Whether the socket is alive.

use crate::timing::{ANSWER_TIMEOUT, HEARTBEAT};
use std::time::Duration;

/// When something was last received on the open socket, and when it was pinged since. A browser's page looks at this every
/// half a minute, since browsers run the timers of hidden pages late; here each time is exact.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heart {
    heard_at: Duration,
    pinged_at: Option<Duration>,
}

impl Heart {
    /// The socket has opened, or brought something.
    pub(crate) fn heard(&mut self, now: Duration) {
        self.heard_at = now;
        self.pinged_at = None;
    }

    /// A ping is wanted: whether it is to be sent, since none is under way.
    pub(crate) fn ping(&mut self, now: Duration) -> bool {
        let is_new = self.pinged_at.is_none();
        self.pinged_at.get_or_insert(now);
        is_new
    }

    /// When the silence has lasted long enough for a ping; `None` if one is under way.
    pub(crate) fn ping_at(&self) -> Option<Duration> {
        self.pinged_at.is_none().then_some(self.heard_at + HEARTBEAT)
    }

    /// When the socket counts as dead, if a ping is under way and nothing comes before.
    pub(crate) fn dead_at(&self) -> Option<Duration> {
        self.pinged_at.map(|at| at + ANSWER_TIMEOUT)
    }
}
