//! All that the parts of a running gateway share.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::activity::Feeds;
use crate::bucket::Bucket;
use crate::config::Config;
use crate::faults::injector::Injector;
use crate::host::{Pool, Setting};
use crate::socket::connection::Connections;

/// A running API and its functions.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) config: Config,
    pub(crate) functions: BTreeMap<String, Arc<Pool>>,
    pub(crate) connections: Connections,
    /// New sockets.
    pub(crate) connects: Bucket,
    /// Messages and posts, which share one quota on AWS.
    pub(crate) requests: Bucket,
    pub(crate) feeds: Feeds,
    pub(crate) injector: Arc<Injector>,
    /// The sockets, and the events they have caused.
    pub(crate) sockets: TaskTracker,
    /// Everything else that runs: processes, their feeds, asynchronous events.
    pub(crate) tasks: TaskTracker,
    /// Ends the processes.
    pub(crate) halt: CancellationToken,
}

impl Api {
    pub(crate) fn new(config: Config) -> Api {
        let (feeds, tasks, halt) = (Feeds::new(), TaskTracker::new(), CancellationToken::new());
        let injector = Arc::new(Injector::new(config.faults.clone().unwrap_or_default(), feeds.clone()));
        let endpoint = config
            .endpoint
            .as_ref()
            .map(|endpoint| endpoint.environment(&config.stage));
        let functions = config.functions.iter().map(|(name, function)| {
            let pool = Pool::new(Setting {
                name: name.as_str().into(),
                function: function.clone(),
                arn: config.arn(name),
                region: config.region.clone(),
                endpoint: endpoint.clone().unwrap_or_default(),
                init: config.limits.init,
                response_bytes: config.limits.response_bytes,
                feeds: feeds.clone(),
                injector: Arc::clone(&injector),
                tasks: tasks.clone(),
                halt: halt.clone(),
            });
            (name.clone(), pool)
        });
        let limits = &config.limits;
        Api {
            functions: functions.collect(),
            connections: Connections::default(),
            connects: Bucket::new(limits.connects_per_second, limits.connects_per_second.unwrap_or(0)),
            requests: Bucket::new(limits.requests_per_second, limits.requests_burst),
            feeds,
            injector,
            sockets: TaskTracker::new(),
            tasks,
            halt,
            config,
        }
    }
}
