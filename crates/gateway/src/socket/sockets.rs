//! The state that all sockets of a gateway share.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::task::TaskTracker;

use super::connections::Connections;
use crate::bucket::Bucket;
use crate::config::{Config, Route};
use crate::feeds::Feeds;
use crate::host::Functions;

/// The sockets of a gateway: the open ones, their limits, and the functions behind their routes.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) config: Arc<Config>,
    pub(crate) open: Connections,
    /// Limits new sockets.
    pub(super) connects: Bucket,
    /// Limits the requests of each route that has a throttle.
    throttles: BTreeMap<String, Bucket>,
    /// Limits messages and posts, which share one quota on AWS.
    pub(crate) requests: Bucket,
    pub(crate) feeds: Feeds,
    pub(super) functions: Arc<Functions>,
    /// One task for each handshake, socket and message.
    pub(crate) tasks: TaskTracker,
}

impl Sockets {
    pub(crate) fn new(config: Arc<Config>, functions: Arc<Functions>, feeds: Feeds) -> Sockets {
        let limits = &config.limits;
        Sockets {
            open: Connections::default(),
            connects: Bucket::new(limits.connects_per_second, limits.connects_per_second.unwrap_or(0)),
            throttles: config.routes.iter().filter_map(throttle).collect(),
            requests: Bucket::new(limits.requests_per_second, limits.requests_burst),
            feeds,
            functions,
            tasks: TaskTracker::new(),
            config,
        }
    }

    /// Whether a route takes one more request now.
    pub(super) fn accepts(&self, route: &str) -> bool {
        self.throttles.get(route).is_none_or(Bucket::take)
    }
}

/// The bucket of a route, if it has a throttle.
fn throttle((key, route): (&String, &Route)) -> Option<(String, Bucket)> {
    let throttle = route.throttle?;
    Some((key.clone(), Bucket::new(Some(throttle.rate), throttle.burst)))
}
