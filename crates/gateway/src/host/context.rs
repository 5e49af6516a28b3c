//! The context of a function's processes.

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Function;
use crate::feeds::Feeds;

/// A function, its surroundings, and what it shares with the rest of the gateway.
#[derive(Debug)]
pub(crate) struct HostContext {
    pub(crate) name: Arc<str>,
    pub(crate) function: Function,
    pub(crate) arn: String,
    pub(crate) region: String,
    /// Variables that say where the API is.
    pub(crate) endpoint: Vec<(&'static str, OsString)>,
    /// How long a process may take to ask for its first event.
    pub(crate) init: Duration,
    /// The largest reply.
    pub(crate) response_bytes: usize,
    pub(crate) feeds: Feeds,
    pub(crate) event_fault: EventFault,
    /// The tasks of the host: it has stopped when they have ended.
    pub(crate) tasks: TaskTracker,
    /// Ends every process.
    pub(crate) halt: CancellationToken,
}

/// Decides, for each event that a process is given, whether and when the process is killed in the middle of it. It is
/// told the function's name and the process's id; the process is killed when the future ends.
#[derive(Clone)]
pub(crate) struct EventFault(Arc<DecideFault>);

type DecideFault = dyn Fn(&Arc<str>, u32) -> Option<BoxFuture<'static, ()>> + Send + Sync;

impl EventFault {
    pub(crate) fn new(
        decide: impl Fn(&Arc<str>, u32) -> Option<BoxFuture<'static, ()>> + Send + Sync + 'static,
    ) -> EventFault {
        EventFault(Arc::new(decide))
    }

    pub(super) fn decide(&self, function: &Arc<str>, process_id: u32) -> Option<BoxFuture<'static, ()>> {
        (self.0)(function, process_id)
    }
}

impl fmt::Debug for EventFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventFault")
    }
}
