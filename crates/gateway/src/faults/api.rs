//! `/_gateway/…`: the API that sets faults, for tests in any language. It exists only if the configuration has faults,
//! and answers this machine alone.

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

use super::target::Target;
use crate::config::Faults;
use crate::reply;

/// The API's routes.
pub(crate) fn router(target: Arc<Target>) -> Router {
    Router::new()
        .route("/_gateway/faults", get(show).put(replace))
        .route("/_gateway/sockets", delete(end_sockets))
        .route("/_gateway/processes/{function}", delete(kill_processes))
        .layer(from_fn(only_this_machine))
        .with_state(target)
}

async fn only_this_machine(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if peer.is_some_and(|peer| peer.0.ip().is_loopback()) {
        next.run(request).await
    } else {
        reply::forbidden()
    }
}

async fn show(State(target): State<Arc<Target>>) -> Response {
    let injector = &target.injector;
    Json(json!({ "faults": injector.faults(), "injected": injector.counts() })).into_response()
}

async fn replace(State(target): State<Arc<Target>>, body: Bytes) -> Response {
    match Faults::from_json(&body) {
        Ok(faults) => {
            target.injector.set(faults);
            show(State(target)).await
        }
        Err(message) => reply::message(StatusCode::BAD_REQUEST, &message),
    }
}

#[derive(Deserialize)]
struct SocketEnd {
    /// Whether the sockets get a close frame, which they do by default.
    #[serde(default = "yes")]
    frame: bool,
}

fn yes() -> bool {
    true
}

async fn end_sockets(State(target): State<Arc<Target>>, Query(SocketEnd { frame }): Query<SocketEnd>) -> Response {
    let sockets = if frame {
        target.close_sockets()
    } else {
        target.cut_sockets()
    };
    Json(json!({ "sockets": sockets })).into_response()
}

async fn kill_processes(State(target): State<Arc<Target>>, Path(function): Path<String>) -> Response {
    match target.kill_processes(&function) {
        Some(processes) => Json(json!({ "processes": processes })).into_response(),
        None => reply::message(StatusCode::NOT_FOUND, "function: there is none of this name"),
    }
}
