//! The Lambda Runtime API of one process: each has a listener of its own, so that `AWS_LAMBDA_RUNTIME_API` is a plain
//! `host:port`. The requests become [`Call`]s to the task that looks after the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Router, serve::ListenerExt};
use bytes::Bytes;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::Failure;

/// What a process asks of its host.
pub(super) enum Call {
    /// It wants an event. The request stays open until there is one.
    Next(oneshot::Sender<Delivery>),
    /// It answers one.
    Answer {
        request_id: String,
        answer: Result<Bytes, Failure>,
        accepted: oneshot::Sender<bool>,
    },
    /// It cannot start.
    InitError(Failure),
}

/// An event as `next` hands it over.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) request_id: String,
    pub(super) deadline_ms: u64,
    pub(super) arn: String,
    pub(super) trace_id: String,
    pub(super) client_context: Option<String>,
    pub(super) payload: Bytes,
}

/// One process's side of the API.
#[derive(Clone)]
struct Api {
    calls: mpsc::Sender<Call>,
    response_bytes: usize,
    function: Arc<str>,
    /// Set when the process registers an internal extension: it then wants SIGTERM before it is killed.
    has_extension: Arc<AtomicBool>,
    ended: CancellationToken,
}

/// Serves the API until `ended`. The calls come out of the receiver.
pub(super) fn serve(
    listener: TcpListener,
    function: Arc<str>,
    response_bytes: usize,
    ended: CancellationToken,
) -> (impl Future<Output = ()>, mpsc::Receiver<Call>, Arc<AtomicBool>) {
    let (calls, receiver) = mpsc::channel(4);
    let has_extension = Arc::new(AtomicBool::new(false));
    let api = Api {
        calls,
        response_bytes,
        function,
        has_extension: Arc::clone(&has_extension),
        ended: ended.clone(),
    };
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .route("/2020-01-01/extension/register", post(register))
        .route("/2020-01-01/extension/event/next", get(extension_next))
        .with_state(api);
    let listener = listener.tap_io(|stream| {
        // Without it an answer of two packets waits for the peer's delayed acknowledgement, 40 ms.
        let _ = stream.set_nodelay(true);
    });
    let served = async move {
        let _ = axum::serve(listener, router)
            .with_graceful_shutdown(ended.cancelled_owned())
            .await;
    };
    (served, receiver, has_extension)
}

async fn next(State(api): State<Api>) -> Response {
    let (park, delivery) = oneshot::channel();
    if api.calls.send(Call::Next(park)).await.is_err() {
        return gone();
    }
    let Ok(delivery) = delivery.await else { return gone() };
    let mut response = Response::new(Body::from(delivery.payload));
    let mut set = |name, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set("content-type", "application/json".into());
    set("lambda-runtime-aws-request-id", delivery.request_id);
    set("lambda-runtime-deadline-ms", delivery.deadline_ms.to_string());
    set("lambda-runtime-invoked-function-arn", delivery.arn);
    set("lambda-runtime-trace-id", delivery.trace_id);
    if let Some(client_context) = delivery.client_context {
        set("lambda-runtime-client-context", client_context);
    }
    response
}

async fn response(State(api): State<Api>, Path(request_id): Path<String>, body: Body) -> Response {
    match to_bytes(body, api.response_bytes).await {
        Ok(body) => answer(&api, request_id, Ok(body)).await,
        Err(_) => {
            let message = format!(
                "Response payload size exceeded maximum allowed payload size ({} bytes).",
                api.response_bytes
            );
            let failure = Failure::new("Function.ResponseSizeTooLarge", &message, "reply too large");
            answer(&api, request_id, Err(failure)).await;
            refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
        }
    }
}

async fn error(State(api): State<Api>, Path(request_id): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let failure = reported(&api, &headers, body, "function error").await;
    answer(&api, request_id, Err(failure)).await
}

async fn init_error(State(api): State<Api>, headers: HeaderMap, body: Body) -> Response {
    let failure = reported(&api, &headers, body, "init error").await;
    match api.calls.send(Call::InitError(failure)).await {
        Ok(()) => accepted(),
        Err(_) => gone(),
    }
}

/// The error that a process reports about itself, in its own words if they are JSON.
async fn reported(api: &Api, headers: &HeaderMap, body: Body, note: &'static str) -> Failure {
    let payload = to_bytes(body, api.response_bytes).await.unwrap_or_default();
    if serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&payload).is_ok() {
        return Failure::reported(payload, note);
    }
    let error_type = headers
        .get("lambda-runtime-function-error-type")
        .and_then(|value| value.to_str().ok());
    Failure::new(error_type.unwrap_or("Runtime.UnknownReason"), "Unknown", note)
}

async fn answer(api: &Api, request_id: String, answer: Result<Bytes, Failure>) -> Response {
    let (accepted_by, is_accepted) = oneshot::channel();
    if api
        .calls
        .send(Call::Answer {
            request_id,
            answer,
            accepted: accepted_by,
        })
        .await
        .is_err()
    {
        return gone();
    }
    match is_accepted.await {
        Ok(true) => accepted(),
        // Late, repeated or invented: nobody waits for it.
        Ok(false) => refused(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
        Err(_) => gone(),
    }
}

/// The runtime's `graceful-shutdown` feature registers an extension without events, for the sake of SIGTERM.
async fn register(State(api): State<Api>) -> Response {
    api.has_extension.store(true, Ordering::Relaxed);
    let identifier = [("lambda-extension-identifier", crate::ids::request_id())];
    let about = json!({ "functionName": *api.function, "functionVersion": "$LATEST", "handler": "bootstrap" });
    (identifier, Json(about)).into_response()
}

async fn extension_next(State(api): State<Api>) -> Response {
    api.ended.cancelled().await;
    gone()
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response()
}

fn gone() -> Response {
    refused(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Runtime.Ended",
        "This process is being ended",
    )
}

fn refused(status: StatusCode, error_type: &str, message: &str) -> Response {
    (
        status,
        Json(json!({ "errorType": error_type, "errorMessage": message })),
    )
        .into_response()
}
