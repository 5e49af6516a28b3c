//! A running gateway, with all that an embedder can do with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::time::timeout;

use crate::activity::ActivityEntry;
use crate::config::{Config, ConfigError, Faults, FaultsError};
use crate::faults::{self, Injector, Target};
use crate::feeds::{Exchange, Feeds, Line, Reason};
use crate::host::{Functions, Outcome, Request};
use crate::router::router;
use crate::socket::{Goodbye, Sockets};

/// A running API and its functions. Dropping it ends the processes at once; [`Gateway::stop`] does so in good order.
#[derive(Debug)]
pub struct Gateway {
    sockets: Arc<Sockets>,
    functions: Arc<Functions>,
    faults: Arc<Target>,
    feeds: Feeds,
}

impl Gateway {
    /// Starts an API. No process runs yet: each starts with the first event that needs it. It is asynchronous because
    /// the gateway's tasks run on the Tokio runtime that calls it.
    ///
    /// # Errors
    /// The configuration cannot work. The error names the part that cannot.
    pub async fn start(config: Config) -> Result<Gateway, ConfigError> {
        config.check()?;
        let (config, feeds) = (Arc::new(config), Feeds::new());
        let faults = config.faults.clone().unwrap_or_default();
        let injector = Arc::new(Injector::new(faults, feeds.clone()));
        let event_fault = faults::kill_in_event(Arc::clone(&injector));
        let functions = Arc::new(Functions::new(Arc::clone(&config), &feeds, &event_fault));
        let sockets = Arc::new(Sockets::new(config, Arc::clone(&functions), feeds.clone()));
        let faults = Arc::new(Target::new(injector, Arc::clone(&sockets), Arc::clone(&functions)));
        functions.tasks.spawn(faults::degrade(Arc::clone(&faults)));
        Ok(Gateway {
            sockets,
            functions,
            faults,
            feeds,
        })
    }

    /// The API's routes: sockets, `@connections`, the Lambda Invoke API, and 403 or 404 for all other paths, as the
    /// fallback. An embedder can add routes, but not another fallback.
    ///
    /// It has to be served by a [`Server`](crate::Server). Served otherwise, web pages from elsewhere can call it; and
    /// every client seems to come from 127.0.0.1, and to spell the names of headers as browsers do.
    pub fn router(&self) -> Router {
        router(&self.sockets, &self.functions, &self.faults)
    }

    /// The gateway's activity from now on. A receiver that lags 4,096 entries behind misses the oldest.
    pub fn activity(&self) -> broadcast::Receiver<ActivityEntry> {
        self.feeds.activity()
    }

    /// The lines that functions print from now on. A receiver that lags 4,096 lines behind misses the oldest.
    pub fn lines(&self) -> broadcast::Receiver<Line> {
        self.feeds.lines()
    }

    /// Why functions fail from now on, in their own words. A receiver that lags 4,096 entries behind misses the oldest.
    pub fn reasons(&self) -> broadcast::Receiver<Reason> {
        self.feeds.reasons()
    }

    /// The events that functions are given from now on, with their answers: whole, secrets and all. A receiver that lags 256
    /// of them behind misses the oldest.
    pub fn exchanges(&self) -> broadcast::Receiver<Exchange> {
        self.feeds.exchanges()
    }

    /// Invokes a function with this JSON and waits for its answer, as a service of AWS does. `Err` is the failure as Lambda
    /// tells it: JSON with `errorType` and `errorMessage`. `None`: there is no such function.
    pub async fn invoke(&self, function: &str, payload: Bytes) -> Option<Result<Bytes, Bytes>> {
        let pool = self.functions.get(function)?;
        Some(match pool.invoke(Request::new(payload)).await.outcome {
            Outcome::Returned(answer) => Ok(answer),
            Outcome::Failed(failure) => Err(failure.payload),
        })
    }

    /// Whether its functions have been stopped.
    pub fn is_stopped(&self) -> bool {
        self.functions.halt.is_cancelled()
    }

    /// The number of open sockets.
    pub fn connections(&self) -> usize {
        self.sockets.open.len()
    }

    /// The operating system's ids of a function's live processes, ascending.
    pub fn process_ids(&self, function: &str) -> Vec<u32> {
        let pool = self.functions.get(function);
        pool.map(|pool| pool.process_ids()).unwrap_or_default()
    }

    /// The faults that are injected now.
    pub fn faults(&self) -> Faults {
        self.faults.injector.faults()
    }

    /// Injects these faults from now on, and no others.
    ///
    /// # Errors
    /// The field that is wrong. Then the faults stay as they were.
    pub fn set_faults(&self, faults: Faults) -> Result<(), FaultsError> {
        faults.check()?;
        self.faults.injector.set(faults);
        Ok(())
    }

    /// Counts a fault that the embedder has injected by other means, and tells the activity feed.
    pub fn tell_fault(&self, note: &'static str) {
        self.faults.injector.record(note);
    }

    /// How many faults have been injected, by their note in the activity feed.
    pub fn injected(&self) -> BTreeMap<&'static str, u64> {
        self.faults.injector.counts()
    }

    /// Closes the open sockets with 1001, as when API Gateway moves them. Returns how many there were.
    pub fn close_sockets(&self) -> usize {
        self.faults.close_sockets()
    }

    /// Cuts the open sockets without a close frame, as a network does. Returns how many there were.
    pub fn cut_sockets(&self) -> usize {
        self.faults.cut_sockets()
    }

    /// Whether the socket of this connection id is open.
    pub fn is_open(&self, connection_id: &str) -> bool {
        self.sockets.open.get(connection_id).is_some()
    }

    /// Cuts one socket without a close frame, as a network does. `false` if it is not open.
    pub fn cut_socket(&self, connection_id: &str) -> bool {
        self.faults.cut_socket(connection_id)
    }

    /// Kills a function's processes, busy or not. Returns how many there were.
    pub fn kill_processes(&self, function: &str) -> usize {
        self.faults.kill_processes(function).unwrap_or(0)
    }

    /// Takes up a function's changed program: its idle processes end now and the busy ones after their event, and the next
    /// event starts a new process. `false`: there is no such function.
    pub fn renew(&self, function: &str) -> bool {
        let pool = self.functions.get(function);
        pool.inspect(|pool| pool.renew()).is_some()
    }

    /// Takes no more sockets, closes the open ones with 1001, lets `$disconnect` run, then ends every process. It takes
    /// at most [`Limits::stop`](crate::Limits::stop) and two seconds.
    pub async fn stop(&self) {
        let (sockets, functions) = (&self.sockets, &self.functions);
        sockets.open.close(&Goodbye::GOING_AWAY);
        sockets.tasks.close();
        let _ = timeout(sockets.config.limits.stop, sockets.tasks.wait()).await;
        functions.halt.cancel();
        functions.tasks.close();
        let _ = timeout(Duration::from_secs(2), functions.tasks.wait()).await;
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.sockets.open.close(&Goodbye::GOING_AWAY);
        self.functions.halt.cancel();
    }
}
