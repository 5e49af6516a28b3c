//! `/_gateway/…`: faults from outside, for tests in any language. It exists only if the configuration has faults, and
//! answers this machine alone.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{delete, get};
use serde::Deserialize;
use serde_json::json;

use crate::api::Api;
use crate::config::Faults;
use crate::reply;

/// Its routes.
pub(crate) fn router() -> Router<Arc<Api>> {
    Router::new()
        .route("/_gateway/faults", get(show).put(replace))
        .route("/_gateway/sockets", delete(end_sockets))
        .route("/_gateway/processes/{function}", delete(kill_processes))
        .layer(from_fn(of_this_machine))
}

async fn of_this_machine(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if peer.is_some_and(|peer| peer.0.ip().is_loopback()) {
        next.run(request).await
    } else {
        reply::forbidden()
    }
}

async fn show(State(api): State<Arc<Api>>) -> Response {
    let injector = &api.injector;
    Json(json!({ "faults": injector.faults(), "injected": injector.counts() })).into_response()
}

async fn replace(State(api): State<Arc<Api>>, body: Bytes) -> Response {
    let faults = serde_json::from_slice::<Faults>(&body).map_err(|error| error.to_string());
    let faults = faults.and_then(|faults| match faults.check() {
        Ok(()) => Ok(faults),
        Err(error) => Err(error.to_string()),
    });
    match faults {
        Ok(faults) => {
            api.injector.set(faults);
            show(State(api)).await
        }
        Err(message) => reply::message(StatusCode::BAD_REQUEST, &message),
    }
}

#[derive(Deserialize)]
struct Manner {
    /// Whether the sockets get a close frame, which they do by default.
    #[serde(default = "yes")]
    frame: bool,
}

fn yes() -> bool {
    true
}

async fn end_sockets(State(api): State<Arc<Api>>, Query(Manner { frame }): Query<Manner>) -> Response {
    let sockets = api.connections.all();
    for socket in &sockets {
        if frame {
            api.injector.close(socket);
        } else {
            api.injector.cut(socket);
        }
    }
    Json(json!({ "sockets": sockets.len() })).into_response()
}

async fn kill_processes(State(api): State<Arc<Api>>, Path(function): Path<String>) -> Response {
    match api.functions.get(&function) {
        Some(pool) => Json(json!({ "processes": api.injector.kill(pool) })).into_response(),
        None => reply::message(StatusCode::NOT_FOUND, "function: there is none of this name"),
    }
}
