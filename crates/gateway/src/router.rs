//! The routes of the API, and the layers of faults between their halves.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};

use crate::faults::{self, Target};
use crate::host::Functions;
use crate::mapping::mapped;
use crate::socket::{self, Sockets};
use crate::{http, reply};

/// All routes of a gateway. The API that sets faults is among them only if the configuration has faults.
pub(crate) fn router(sockets: &Arc<Sockets>, functions: &Arc<Functions>, faults: &Arc<Target>) -> Router {
    // The last layer is the outermost: a request is checked, meets with a fault perhaps, and is then carried out.
    let on_handshake = || from_fn_with_state(Arc::clone(faults), faults::on_handshake);
    let handshake = || from_fn_with_state(Arc::clone(sockets), socket::handshake);
    let socket = || {
        get(socket::connect)
            .layer(on_handshake())
            .layer(handshake())
            .fallback(forbidden)
    };
    let on_post = || from_fn_with_state(Arc::clone(faults), faults::on_post);
    let check_post = || from_fn_with_state(Arc::clone(sockets), http::post);
    let connections = || {
        post(http::deliver)
            .layer(on_post())
            .layer(check_post())
            .get(http::get)
            .delete(http::delete)
            .fallback(unmatched)
    };
    let invoke = Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(http::invoke))
        .with_state(Arc::clone(functions));
    let fault_api = match &sockets.config.faults {
        None => Router::new(),
        Some(_) => faults::router(Arc::clone(faults)),
    };
    let routes = Router::new()
        .route("/{stage}", socket())
        .route("/{stage}/", socket())
        .route("/{stage}/@connections/{id}", connections())
        .route("/{stage}/%40connections/{id}", connections())
        .fallback(unmatched)
        .with_state(Arc::clone(sockets))
        .merge(invoke)
        .merge(fault_api);
    mapped(routes, &sockets.config)
}

async fn forbidden() -> Response {
    reply::forbidden()
}

/// A path that does not exist, under the stage or elsewhere.
async fn unmatched(State(sockets): State<Arc<Sockets>>, method: Method, uri: Uri) -> Response {
    let path = uri
        .path()
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(&sockets.config.stage));
    match path.and_then(|path| path.strip_prefix('/')) {
        Some(path) => reply::no_route(path, &method),
        None => reply::forbidden(),
    }
}
