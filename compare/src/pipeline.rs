//! The pipeline: writes the updates of a login into the site's data and sends each, one after the other. An event that
//! fails is delivered again, and some are delivered twice, as queues do.

use crate::{
    plan::Update,
    site::{Site, lock},
};
use serde_json::json;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

/// How often an event is delivered at most, as by the queue of a deployed Chatterbox.
const DELIVERIES: usize = 5;
/// The pause before it is delivered again.
const PAUSE: Duration = Duration::from_millis(300);

/// One who sends. Clones count together.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    http: reqwest::Client,
    url: String,
    site: Arc<Site>,
    /// Those who failed, as (login, id), and how often.
    delivered_again: Arc<Mutex<usize>>,
    given_up: Arc<Mutex<BTreeSet<(String, String)>>>,
}

impl Pipeline {
    /// One that sends to this URL of Lambda's Invoke API.
    pub(crate) fn new(url: String, site: Arc<Site>) -> Pipeline {
        Pipeline {
            http: reqwest::Client::new(),
            url,
            site,
            delivered_again: Arc::default(),
            given_up: Arc::default(),
        }
    }

    /// Sends a login's updates at their times, and returns when the last one was delivered.
    pub(crate) async fn send(self, updates: Vec<Update>, start: Instant) {
        let mut second_deliveries = JoinSet::new();
        for update in updates {
            sleep_until(start + update.at).await;
            let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            self.site.write(update.clone());
            self.deliver(&update, at).await;
            if let Some(pause) = update.again {
                let this = self.clone();
                second_deliveries.spawn(async move {
                    sleep(pause).await;
                    this.deliver(&update, at).await;
                });
            }
        }
        second_deliveries.join_all().await;
    }

    /// How many deliveries had to be repeated, and how many events failed to the last.
    pub(crate) fn failures(&self) -> (usize, usize) {
        (*lock(&self.delivered_again), lock(&self.given_up).len())
    }

    async fn deliver(&self, update: &Update, at: Duration) {
        let Update { login, topic, id, .. } = update;
        let at = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        let event = json!({"login": login, "topic": topic, "id": id, "at": at, "body": {"message": "Updated"}});
        for _ in 0..DELIVERIES {
            let answer = self.http.post(&self.url).json(&event).send().await;
            let is_done = answer.is_ok_and(|answer| {
                answer.status().is_success() && !answer.headers().contains_key("x-amz-function-error")
            });
            if is_done {
                return;
            }
            *lock(&self.delivered_again) += 1;
            sleep(PAUSE).await;
        }
        lock(&self.given_up).insert((login.clone(), id.clone()));
    }
}
