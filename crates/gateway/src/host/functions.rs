//! All functions of a gateway, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::context::{EventFault, HostContext};
use super::pool::Pool;
use crate::config::Config;
use crate::feeds::Feeds;

/// The functions, and what ends them.
#[derive(Debug)]
pub(crate) struct Functions {
    pub(crate) config: Arc<Config>,
    pools: BTreeMap<String, Arc<Pool>>,
    /// Processes, what reads their output, and asynchronous events.
    pub(crate) tasks: TaskTracker,
    /// Ends the processes.
    pub(crate) halt: CancellationToken,
}

impl Functions {
    /// The functions of a configuration. No process runs yet: each starts with the first event that needs it.
    pub(crate) fn new(config: Arc<Config>, feeds: &Feeds, event_fault: &EventFault) -> Functions {
        let (tasks, halt) = (TaskTracker::new(), CancellationToken::new());
        let endpoint = config.endpoint.as_ref();
        let endpoint = endpoint.map(|endpoint| endpoint.environment(&config.stage));
        let pools: BTreeMap<String, Arc<Pool>> = config
            .functions
            .iter()
            .map(|(name, function)| {
                let pool = Pool::new(HostContext {
                    name: name.as_str().into(),
                    function: function.clone(),
                    arn: config.arn(name),
                    region: config.region.clone(),
                    endpoint: endpoint.clone().unwrap_or_default(),
                    init: config.limits.init,
                    response_bytes: config.limits.response_bytes,
                    feeds: feeds.clone(),
                    event_fault: event_fault.clone(),
                    tasks: tasks.clone(),
                    halt: halt.clone(),
                });
                (name.clone(), pool)
            })
            .collect();
        Functions {
            pools,
            config,
            tasks,
            halt,
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Pool>> {
        self.pools.get(name)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Pool>> {
        self.pools.values()
    }
}
