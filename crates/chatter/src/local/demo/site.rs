//! What stands for the site's own backend: it issues a chatter ID at login, says whether one is still good, and revokes it
//! at logout.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use chatterbox_core::{ChatterId, Login, Revocation, Settings, StoreError, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

use super::System;

/// What the page's requests need.
#[derive(Clone, Debug)]
pub(in crate::local) struct Site {
    revocation: Revocation,
    chatter_life: Duration,
    system: watch::Receiver<System>,
    address: SocketAddr,
    /// What this run has issued, and when each expires.
    issued: Arc<Mutex<HashMap<Key, Timestamp>>>,
    /// What took the place of others: the tabs of one session stay together.
    renewed: Arc<tokio::sync::Mutex<HashMap<Key, ChatterId>>>,
}

/// What a chatter ID is remembered by: its login and its hash.
type Key = (Login, String);

fn key(login: &Login, chatter_id: &ChatterId) -> Key {
    (login.clone(), chatter_id.hash().as_str().to_owned())
}

impl Site {
    /// How long a request may wait for tables that are away for a moment, as a site's backend would.
    const PATIENCE: Duration = Duration::from_secs(8);
    const PAUSE: Duration = Duration::from_millis(200);
    /// How many are remembered. One that is forgotten counts as one that another run has issued.
    const MOST: usize = 10_000;

    pub(in crate::local) fn new(
        revocation: Revocation,
        settings: &Settings,
        system: watch::Receiver<System>,
        address: SocketAddr,
    ) -> Site {
        Site {
            revocation,
            chatter_life: settings.chatter_life,
            system,
            address,
            issued: Arc::default(),
            renewed: Arc::default(),
        }
    }

    async fn issue(&self, login: &Login) -> Result<ChatterId, Failure> {
        // One whose answer was lost is in the table and opens nothing, since nobody knows it.
        let chatters = &self.revocation.chatters;
        let chatter_id = self.patiently(|| chatters.issue(login, self.chatter_life)).await?;
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut issued);
        issued.insert(key(login, &chatter_id), Timestamp::now() + self.chatter_life);
        Ok(chatter_id)
    }

    fn expires_at(&self, login: &Login, chatter_id: &ChatterId) -> Option<Timestamp> {
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.get(&key(login, chatter_id)).copied()
    }

    /// The chatter ID itself if it is still good, or the one that takes its place.
    async fn renew(&self, login: &Login, chatter_id: ChatterId) -> Result<ChatterId, Failure> {
        let own = key(login, &chatter_id);
        let current = self.renewed.lock().await.get(&own).cloned().unwrap_or(chatter_id);
        // What another run has issued may have gone with its tables; if it has not, a new one does no harm.
        let expires_at = self.expires_at(login, &current);
        if expires_at.is_some_and(|expires_at| expires_at > Timestamp::now()) {
            let known = self.patiently(|| self.revocation.chatters.of(login)).await?;
            let is_good = known.contains(&current.hash());
            return if is_good { Ok(current) } else { Err(Failure::LoggedOut) };
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
        // By both names: a tab may have missed the one in between.
        renewed.extend([(key(login, &current), fresh.clone()), (own, fresh.clone())]);
        Ok(fresh)
    }

    /// Tries again while the tables are only busy or away.
    async fn patiently<T, F>(&self, call: impl Fn() -> F) -> Result<T, Failure>
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

    /// What the browser's client wants to know, and nothing else.
    fn tell(&self, headers: &HeaderMap, login: &Login, chatter_id: &ChatterId) -> Json<Value> {
        let url = format!("ws://{}/{}", host(headers, self.address), crate::local::STAGE);
        Json(json!({"login": login, "chatterId": chatter_id.reveal(), "url": url}))
    }
}

fn make_room<T>(memory: &mut HashMap<Key, T>) {
    if memory.len() >= Site::MOST {
        memory.clear();
    }
}

/// The page's own name for this machine: its content security policy lets it open a socket to no other.
fn host(headers: &HeaderMap, address: SocketAddr) -> String {
    let localhost = format!("localhost:{}", address.port());
    let is_localhost = headers
        .get(header::HOST)
        .is_some_and(|host| host.as_bytes() == localhost.as_bytes());
    if is_localhost { localhost } else { address.to_string() }
}

/// Why a request is not granted.
pub(super) enum Failure {
    BadRequest(&'static str),
    LoggedOut,
    Store { error: StoreError, chaos: bool },
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Failure::BadRequest(message) => (StatusCode::BAD_REQUEST, message.to_owned()),
            Failure::LoggedOut => (
                StatusCode::UNAUTHORIZED,
                "this session has ended: log in again".to_owned(),
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

/// What the page sends: its session, or only the login.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    login: String,
    chatter_id: Option<String>,
}

/// A JSON body is what a page of another site cannot send without asking first.
fn read(body: Result<Json<Request>, JsonRejection>) -> Result<(Login, Request), Failure> {
    let Ok(Json(request)) = body else {
        return Err(Failure::BadRequest(
            "login: the request must be a JSON object with a login",
        ));
    };
    let login = Login::parse(&request.login);
    let login = login.ok_or(Failure::BadRequest(
        "login: must be 1 to 128 bytes without control characters",
    ))?;
    Ok((login, request))
}

fn chatter_id(request: &Request) -> Result<ChatterId, Failure> {
    let chatter_id = request.chatter_id.as_deref().and_then(ChatterId::parse);
    chatter_id.ok_or(Failure::BadRequest("chatterId: must be a chatter ID"))
}

/// `POST /demo/login`: a session for this login, whoever asks. A site would ask for a password first.
pub(super) async fn login(
    State(site): State<Site>,
    headers: HeaderMap,
    body: Result<Json<Request>, JsonRejection>,
) -> Result<Json<Value>, Failure> {
    let (login, _) = read(body)?;
    let chatter_id = site.issue(&login).await?;
    Ok(site.tell(&headers, &login, &chatter_id))
}

/// `POST /demo/renew`: the same session if its chatter ID is still good, one with a new chatter ID if it has expired or
/// another run has issued it, and 401 if it was logged out. A site would know its user by a cookie.
pub(super) async fn renew(
    State(site): State<Site>,
    headers: HeaderMap,
    body: Result<Json<Request>, JsonRejection>,
) -> Result<Json<Value>, Failure> {
    let (login, request) = read(body)?;
    let chatter_id = site.renew(&login, chatter_id(&request)?).await?;
    Ok(site.tell(&headers, &login, &chatter_id))
}

/// `POST /demo/logout`, also for a chatter ID that is not known any more: the page is logged out either way.
pub(super) async fn logout(
    State(site): State<Site>,
    body: Result<Json<Request>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let (login, request) = read(body)?;
    let hash = chatter_id(&request)?.hash();
    site.patiently(|| site.revocation.revoke(&login, &hash)).await?;
    Ok(StatusCode::NO_CONTENT)
}
