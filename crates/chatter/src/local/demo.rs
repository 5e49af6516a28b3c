//! The demo page, and the small backend that stands for the site's own: it issues a chatter ID at login, and revokes it at
//! logout.

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{get, post},
};
use chatterbox_core::{ChatterId, Login, Revocation, Settings, StoreError};
use chatterbox_gateway::{Activity, Gateway};
use futures_util::{Stream, stream};
use serde::Deserialize;
use serde_json::json;
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use tokio::sync::broadcast::{self, error::RecvError};

/// What the page's requests need.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    revocation: Revocation,
    chatter_life: Duration,
    /// Each page that watches takes a receiver of its own from this one.
    activity: Arc<broadcast::Receiver<Activity>>,
    address: SocketAddr,
}

impl Backend {
    pub(super) fn new(revocation: Revocation, settings: &Settings, gateway: &Gateway, address: SocketAddr) -> Backend {
        Backend {
            revocation,
            chatter_life: settings.chatter_life,
            activity: Arc::new(gateway.activity()),
            address,
        }
    }
}

/// The files of the page, part of this program.
const FILES: [(&str, &str, &str); 5] = [
    (
        "/",
        "text/html; charset=utf-8",
        include_str!("../../../../web/demo/index.html"),
    ),
    (
        "/demo.css",
        "text/css; charset=utf-8",
        include_str!("../../../../web/demo/demo.css"),
    ),
    (
        "/demo.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../../web/demo/demo.js"),
    ),
    (
        "/icon.svg",
        "image/svg+xml",
        include_str!("../../../../web/demo/icon.svg"),
    ),
    (
        "/chatter.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../../web/chatter.js"),
    ),
];

/// Adds the page to the gateway's own routes.
pub(super) fn router(gateway: Router, backend: Backend) -> Router {
    let files = FILES.into_iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(move || async move { file(kind, text) }))
    });
    let demo = files
        .route("/demo/login", post(login))
        .route("/demo/logout", post(logout))
        .route("/demo/activity", get(activity))
        .with_state(backend);
    gateway.merge(demo)
}

fn file(kind: &'static str, text: &'static str) -> Response {
    const POLICY: &str = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ];
    (
        headers.map(|(name, value)| (name, HeaderValue::from_static(value))),
        text,
    )
        .into_response()
}

/// Why the page is not served.
enum Failure {
    BadRequest(&'static str),
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Store(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Failure::BadRequest(message) => (StatusCode::BAD_REQUEST, message.to_owned()),
            Failure::Store(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        };
        (status, Json(json!({"message": message}))).into_response()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    login: String,
    chatter_id: Option<String>,
}

/// A JSON body is what a page of another site cannot send without asking first.
fn session(body: Result<Json<Session>, JsonRejection>) -> Result<(Login, Option<ChatterId>), Failure> {
    let Ok(Json(Session { login, chatter_id })) = body else {
        return Err(Failure::BadRequest(
            "login: the request must be a JSON object with a login",
        ));
    };
    let login = Login::parse(&login);
    let login = login.ok_or(Failure::BadRequest(
        "login: must be 1 to 128 bytes without control characters",
    ))?;
    Ok((login, chatter_id.as_deref().and_then(ChatterId::parse)))
}

async fn login(
    State(backend): State<Backend>,
    headers: HeaderMap,
    body: Result<Json<Session>, JsonRejection>,
) -> Result<Response, Failure> {
    let (login, _) = session(body)?;
    let chatter_id = backend.revocation.chatters.issue(&login, backend.chatter_life).await?;
    let url = format!("ws://{}/{}", host(&headers, backend.address), super::STAGE);
    Ok(Json(json!({"login": login, "chatterId": chatter_id.reveal(), "url": url})).into_response())
}

/// The page's own name for this machine: its content security policy lets it open a socket to no other.
fn host(headers: &HeaderMap, address: SocketAddr) -> String {
    let localhost = format!("localhost:{}", address.port());
    let is_localhost = headers
        .get(header::HOST)
        .is_some_and(|host| host.as_bytes() == localhost.as_bytes());
    if is_localhost { localhost } else { address.to_string() }
}

/// Also for a chatter ID that is not known any more: the page is logged out either way.
async fn logout(
    State(backend): State<Backend>,
    body: Result<Json<Session>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let (login, chatter_id) = session(body)?;
    let chatter_id = chatter_id.ok_or(Failure::BadRequest("chatterId: must be a chatter ID"))?;
    backend.revocation.revoke(&login, &chatter_id.hash()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the gateway and the functions do, as server-sent events.
async fn activity(State(backend): State<Backend>) -> impl IntoResponse {
    let events = events(backend.activity.resubscribe());
    Sse::new(events).keep_alive(KeepAlive::default())
}

fn events(activity: broadcast::Receiver<Activity>) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(activity, |mut activity| async {
        loop {
            match activity.recv().await {
                Ok(entry) => {
                    let event = Event::default()
                        .json_data(entry)
                        .unwrap_or_else(|_| Event::default().comment("unreadable"));
                    return Some((Ok(event), activity));
                }
                // A slow page misses the oldest entries.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    })
}
