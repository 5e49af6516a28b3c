//! A local API Gateway WebSocket API and Lambda host that behave as AWS does: the same events, statuses, frames, limits
//! and close codes. It runs any program that speaks the Lambda Runtime API, and knows nothing of what the program does.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use chatterbox_gateway::{Config, Function, Gateway, Route, serve};
//!
//! let mut config = Config::default();
//! config.functions.insert("echo".into(), Function::new("./bootstrap"));
//! config.routes.insert("$default".into(), Route::two_way("echo"));
//! let gateway = Gateway::start(config)?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! serve(listener, gateway.router(), async { let _ = tokio::signal::ctrl_c().await; }).await?;
//! gateway.stop().await;
//! # Ok(())
//! # }
//! ```

mod activity;
mod api;
mod bucket;
mod clock;
mod config;
mod faults;
mod host;
mod http;
mod ids;
mod reply;
mod server;
mod socket;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::sync::broadcast;
use tokio::time::timeout;

pub use activity::{Activity, Kind, Line, Reason};
pub use config::{Config, ConfigError, Endpoint, Faults, FaultsError, Function, Integration, Limits, Route};
pub use server::{Certificate, CertificateError, serve, serve_tls};

use api::Api;
use faults::injector;
use http::{invoke, management};
use socket::close::Goodbye;
use socket::handshake;

/// A running API and its functions. Dropping it ends the processes at once; [`Gateway::stop`] does so in good order.
#[derive(Debug)]
pub struct Gateway {
    api: Arc<Api>,
}

impl Gateway {
    /// Starts an API. No process runs yet: each starts with the first event that needs it.
    ///
    /// # Errors
    /// The configuration cannot work, and the error names the part that cannot.
    pub fn start(config: Config) -> Result<Gateway, ConfigError> {
        tokio::runtime::Handle::try_current().map_err(|_| ConfigError::NoRuntime)?;
        config.check()?;
        let api = Arc::new(Api::new(config));
        api.tasks.spawn(injector::wear(Arc::clone(&api)));
        Ok(Gateway { api })
    }

    /// All that the API answers: sockets, `@connections` and the Lambda Invoke API; and 403 or 404 for all the rest, as its
    /// fallback. Routes of the embedder's own can be added, but not another fallback.
    ///
    /// It has to be served by [`serve`] or [`serve_tls`], or every client seems to come from 127.0.0.1, and to write the names
    /// of headers as browsers do.
    pub fn router(&self) -> Router {
        let connections = || {
            post(management::post)
                .get(management::get)
                .delete(management::delete)
                .fallback(unmatched)
        };
        let socket = || get(handshake::handshake).fallback(forbidden);
        let fault_api = match self.api.config.faults {
            None => Router::new(),
            Some(_) => faults::api::router(),
        };
        Router::new()
            .merge(fault_api)
            .route("/{stage}", socket())
            .route("/{stage}/", socket())
            .route("/{stage}/@connections/{id}", connections())
            .route("/{stage}/%40connections/{id}", connections())
            .route("/2015-03-31/functions/{name}/invocations", post(invoke::invoke))
            .fallback(unmatched)
            .with_state(Arc::clone(&self.api))
    }

    /// What the gateway does from now on. A receiver that lags 4,096 entries behind misses the oldest.
    pub fn activity(&self) -> broadcast::Receiver<Activity> {
        self.api.feeds.activity()
    }

    /// What the functions print from now on. A receiver that lags 4,096 lines behind misses the oldest.
    pub fn lines(&self) -> broadcast::Receiver<Line> {
        self.api.feeds.lines()
    }

    /// Why events come to nothing from now on, in the functions' own words. A receiver that lags 4,096 entries behind
    /// misses the oldest.
    pub fn reasons(&self) -> broadcast::Receiver<Reason> {
        self.api.feeds.reasons()
    }

    /// The number of open sockets.
    pub fn connections(&self) -> usize {
        self.api.connections.len()
    }

    /// The operating system's ids of a function's live processes, ascending.
    pub fn process_ids(&self, function: &str) -> Vec<u32> {
        self.api
            .functions
            .get(function)
            .map(|pool| pool.process_ids())
            .unwrap_or_default()
    }

    /// The faults that are injected now.
    pub fn faults(&self) -> Faults {
        self.api.injector.faults()
    }

    /// Injects these faults from now on, and no others.
    ///
    /// # Errors
    /// The field that is wrong; everything stays as it was.
    pub fn set_faults(&self, faults: Faults) -> Result<(), FaultsError> {
        faults.check()?;
        self.api.injector.set(faults);
        Ok(())
    }

    /// Counts a fault that the embedder has injected by other means, and tells the feed.
    pub fn tell_fault(&self, note: &'static str) {
        self.api.injector.record(note, Activity::new(Kind::Fault));
    }

    /// How many faults have been injected, by their note in the feed.
    pub fn injected(&self) -> BTreeMap<&'static str, u64> {
        self.api.injector.counts()
    }

    /// Closes the open sockets with 1001, as when API Gateway moves them. Answers how many there were.
    pub fn close_sockets(&self) -> usize {
        let sockets = self.api.connections.all();
        sockets.iter().for_each(|socket| self.api.injector.close(socket));
        sockets.len()
    }

    /// Cuts the open sockets without a close frame, as a network does. Answers how many there were.
    pub fn cut_sockets(&self) -> usize {
        let sockets = self.api.connections.all();
        sockets.iter().for_each(|socket| self.api.injector.cut(socket));
        sockets.len()
    }

    /// Kills a function's processes, whatever they are doing. Answers how many there were.
    pub fn kill_processes(&self, function: &str) -> usize {
        let pool = self.api.functions.get(function);
        pool.map_or(0, |pool| self.api.injector.kill(pool))
    }

    /// Takes no more sockets, closes the open ones with 1001, lets `$disconnect` run, then ends every process. It takes
    /// no longer than [`Limits::stop`] and two seconds.
    pub async fn stop(&self) {
        let api = &self.api;
        api.connections.close(&Goodbye::GOING_AWAY);
        api.sockets.close();
        let _ = timeout(api.config.limits.stop, api.sockets.wait()).await;
        api.halt.cancel();
        api.tasks.close();
        let _ = timeout(std::time::Duration::from_secs(2), api.tasks.wait()).await;
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.api.connections.close(&Goodbye::GOING_AWAY);
        self.api.halt.cancel();
    }
}

async fn forbidden() -> Response {
    reply::forbidden()
}

/// A path that there is not: under the stage, or anywhere else.
async fn unmatched(State(api): State<Arc<Api>>, method: Method, uri: Uri) -> Response {
    let path = uri
        .path()
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(&api.config.stage));
    match path.and_then(|path| path.strip_prefix('/')) {
        Some(path) => reply::no_route(path, &method),
        None => reply::forbidden(),
    }
}
