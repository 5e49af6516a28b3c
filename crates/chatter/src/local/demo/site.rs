//! A stand-in for the site's own backend: it issues a chatter ID at login, renews it, and revokes it at logout.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use chatterbox_core::{ChatterId, Login, Revocation, StoreError, Timestamp, json::Strict};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::sync::watch;

use super::System;
use crate::local::lock::lock;

/// The state of the backend.
#[derive(Clone, Debug)]
pub(in crate::local) struct Site {
    revocation: Revocation,
    chatter_life: Duration,
    system: watch::Receiver<System>,
    address: SocketAddr,
    /// The chatter IDs that this run has issued, and when each expires.
    issued: Arc<Mutex<HashMap<Key, Timestamp>>>,
    /// The chatter IDs that have replaced others, by those that they have replaced, so that all tabs of a session get
    /// the same.
    renewed: Arc<tokio::sync::Mutex<HashMap<Key, ChatterId>>>,
}

/// A chatter ID is remembered by its login and its hash.
type Key = (Login, String);

fn key(login: &Login, chatter_id: &ChatterId) -> Key {
    (login.clone(), chatter_id.hash().as_str().to_owned())
}

impl Site {
    /// How long a request may wait for tables that do not answer for a moment, as in a site's backend.
    const PATIENCE: Duration = Duration::from_secs(8);
    const PAUSE: Duration = Duration::from_millis(200);
    /// How many chatter IDs are remembered. A forgotten one counts as issued by another run.
    const MOST: usize = 10_000;

    pub(in crate::local) fn new(
        revocation: Revocation,
        chatter_life: Duration,
        system: watch::Receiver<System>,
        address: SocketAddr,
    ) -> Site {
        Site {
            revocation,
            chatter_life,
            system,
            address,
            issued: Arc::default(),
            renewed: Arc::default(),
        }
    }

    async fn issue(&self, login: &Login) -> Result<ChatterId, Failure> {
        // If an answer is lost and the call repeated, the first chatter ID stays in the table. Nobody knows it, so it
        // does no harm.
        let chatters = &self.revocation.chatters;
        let chatter_id = self.with_patience(|| chatters.issue(login, self.chatter_life)).await?;
        let mut issued = lock(&self.issued);
        make_room(&mut issued);
        issued.insert(key(login, &chatter_id), Timestamp::now() + self.chatter_life);
        Ok(chatter_id)
    }

    fn expires_at(&self, login: &Login, chatter_id: &ChatterId) -> Option<Timestamp> {
        let issued = lock(&self.issued);
        issued.get(&key(login, chatter_id)).copied()
    }

    /// The chatter ID itself if it is still valid, or the one that replaces it.
    async fn renew(&self, login: &Login, chatter_id: ChatterId) -> Result<ChatterId, Failure> {
        let own = key(login, &chatter_id);
        let current = self.renewed.lock().await.get(&own).cloned().unwrap_or(chatter_id);
        // One that another run has issued may be gone with its tables. If it is not, a new one does no harm.
        let expires_at = self.expires_at(login, &current);
        if expires_at.is_some_and(|expires_at| expires_at > Timestamp::now()) {
            let known = self.with_patience(|| self.revocation.chatters.of(login)).await?;
            let is_valid = known.contains(&current.hash());
            return if is_valid { Ok(current) } else { Err(Failure::LoggedOut) };
        }
        // Held meanwhile: of two tabs that ask at once, the second gets what the first one got.
        let mut renewed = self.renewed.lock().await;
        if let Some(other) = renewed.get(&own)
            && *other != current
        {
            return Ok(other.clone());
        }
        let fresh = self.issue(login).await?;
        make_room(&mut renewed);
        // Under both keys, since a tab may have missed the replacement in between.
        renewed.extend([(key(login, &current), fresh.clone()), (own, fresh.clone())]);
        Ok(fresh)
    }

    /// A chatter ID has expired before its time.
    pub(super) fn expired(&self, login: &Login, chatter_id: &ChatterId, at: Timestamp) {
        if let Some(expires_at) = lock(&self.issued).get_mut(&key(login, chatter_id)) {
            *expires_at = at;
        }
    }

    /// Repeats a call while the tables are only busy or do not answer.
    pub(super) async fn with_patience<T, F>(&self, call: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let start = Instant::now();
        loop {
            match call().await {
                Err(error) if error.is_passing() && start.elapsed() < Self::PATIENCE => {
                    tokio::time::sleep(Self::PAUSE).await;
                }
                Err(error) => {
                    return Err(Failure::Store {
                        error,
                        chaos: self.system.borrow().chaos,
                    });
                }
                Ok(value) => return Ok(value),
            }
        }
    }

    /// The session: what the browser's client needs, and nothing else.
    fn session(&self, headers: &HeaderMap, login: &Login, chatter_id: &ChatterId) -> Json<Value> {
        let url = format!("{}/{}", sockets(headers, self.address), crate::local::STAGE);
        Json(json!({"login": login, "chatterId": chatter_id.reveal(), "url": url}))
    }
}

fn make_room<T>(memory: &mut HashMap<Key, T>) {
    if memory.len() >= Site::MOST {
        memory.clear();
    }
}

/// Where the page reaches the sockets: by the name and the scheme by which it was opened itself, since its content security
/// policy allows no other. The port has made sure that the name is one of this machine's, or an allowed one; and behind a
/// tunnel that speaks TLS, only the page's origin says so.
fn sockets(headers: &HeaderMap, address: SocketAddr) -> String {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let is_secure = text(&header::ORIGIN).is_some_and(|origin| origin.starts_with("https:"));
    let scheme = if is_secure { "wss" } else { "ws" };
    match text(&header::HOST) {
        Some(host) => format!("{scheme}://{host}"),
        None => format!("{scheme}://{address}"),
    }
}

/// Why a request is refused.
pub(super) enum Failure {
    BadRequest(&'static str),
    LoggedOut,
    NoAnswer,
    Store { error: StoreError, chaos: bool },
}

impl Failure {
    pub(super) const BAD_LOGIN: Failure =
        Failure::BadRequest("login: must be 1 to 128 bytes without control characters");
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Failure::BadRequest(message) => (StatusCode::BAD_REQUEST, message.to_owned()),
            Failure::LoggedOut => (
                StatusCode::UNAUTHORIZED,
                "this session has ended: log in again".to_owned(),
            ),
            Failure::NoAnswer => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the tables do not answer: try again".to_owned(),
            ),
            Failure::Store { error, chaos: false } => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!("the tables do not answer ({error}): try again"),
            ),
            Failure::Store { error, chaos: true } => (
                StatusCode::SERVICE_UNAVAILABLE,
                format!("the tables do not answer ({error}), because chaos is on and breaks them: try again"),
            ),
        };
        (status, Json(json!({"message": message}))).into_response()
    }
}

/// A request of the page: its session, or only the login.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    login: String,
    chatter_id: Option<String>,
}

/// Reads a request. It has to be JSON, which a page of another site cannot send without a preflight request.
pub(super) fn read(body: Result<Json<Strict<Request>>, JsonRejection>) -> Result<(Login, Request), Failure> {
    let Ok(Json(Strict(request))) = body else {
        return Err(Failure::BadRequest(
            "login: the request must be a JSON object with a login",
        ));
    };
    let login = Login::parse(&request.login);
    Ok((login.ok_or(Failure::BAD_LOGIN)?, request))
}

impl Request {
    pub(super) fn chatter_id(&self) -> Result<ChatterId, Failure> {
        let chatter_id = self.chatter_id.as_deref().and_then(ChatterId::parse);
        chatter_id.ok_or(Failure::BadRequest("chatterId: must be a chatter ID"))
    }
}

/// `POST /demo/login`: a session for this login, whoever asks. A site would ask for a password first.
pub(super) async fn login(
    State(site): State<Site>,
    headers: HeaderMap,
    body: Result<Json<Strict<Request>>, JsonRejection>,
) -> Result<Json<Value>, Failure> {
    let (login, _) = read(body)?;
    let chatter_id = site.issue(&login).await?;
    Ok(site.session(&headers, &login, &chatter_id))
}

/// `POST /demo/renew`: the same session if its chatter ID is still valid, one with a new chatter ID if it has expired
/// or another run has issued it, and 401 if it was logged out. A site would know its user by a cookie.
pub(super) async fn renew(
    State(site): State<Site>,
    headers: HeaderMap,
    body: Result<Json<Strict<Request>>, JsonRejection>,
) -> Result<Json<Value>, Failure> {
    let (login, request) = read(body)?;
    let chatter_id = site.renew(&login, request.chatter_id()?).await?;
    Ok(site.session(&headers, &login, &chatter_id))
}

/// `POST /demo/logout`, also for a chatter ID that is not known any more: the page is logged out either way.
pub(super) async fn logout(
    State(site): State<Site>,
    body: Result<Json<Strict<Request>>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let (login, request) = read(body)?;
    let hash = request.chatter_id()?.hash();
    site.with_patience(|| site.revocation.revoke(&login, &hash)).await?;
    Ok(StatusCode::NO_CONTENT)
}
