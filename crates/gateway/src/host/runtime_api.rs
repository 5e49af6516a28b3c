//! The Lambda Runtime API of one process. Each process has a listener of its own, so that `AWS_LAMBDA_RUNTIME_API` is a
//! plain `host:port`. The requests become [`Call`]s to the task that owns the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Router, serve::ListenerExt};
use bytes::Bytes;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::invocation::Failure;
use crate::ids;

/// A request of a process to its host.
pub(super) enum Call {
    /// It asks for an event.
    Next(PendingNext),
    /// It answers an event. The sender is told whether the event was waiting for an answer.
    Answer {
        request_id: String,
        answer: Result<Bytes, Failure>,
        accepted: oneshot::Sender<bool>,
    },
    /// It reports that it cannot start.
    InitError(Failure),
}

/// A `GET …/invocation/next` that is held open until there is an event.
pub(super) type PendingNext = oneshot::Sender<NextResponse>;

/// The answer to it: an event.
#[derive(Debug)]
pub(super) struct NextResponse {
    pub(super) request_id: String,
    pub(super) deadline_ms: u64,
    pub(super) arn: String,
    pub(super) trace_id: String,
    pub(super) client_context: Option<String>,
    pub(super) payload: Bytes,
}

/// The state that the handlers share.
#[derive(Clone)]
struct RuntimeApi {
    calls: mpsc::Sender<Call>,
    response_bytes: usize,
    function: Arc<str>,
    /// Set when the process registers an internal extension: then it gets SIGTERM before it is killed.
    has_extension: Arc<AtomicBool>,
    ended: CancellationToken,
}

/// Serves the API until `ended`. Its requests come out of the receiver.
pub(super) fn serve(
    listener: TcpListener,
    function: Arc<str>,
    response_bytes: usize,
    ended: CancellationToken,
) -> (impl Future<Output = ()>, mpsc::Receiver<Call>, Arc<AtomicBool>) {
    let (calls, receiver) = mpsc::channel(4);
    let has_extension = Arc::new(AtomicBool::new(false));
    let api = RuntimeApi {
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
        .with_state(api)
        .layer(from_fn(only_programs));
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

/// Refuses web pages: one might guess the port. A browser names the page, or at least says that there is one; and a page
/// that has made a name of its own mean this machine gives that name as `Host`.
async fn only_programs(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_ours = headers
        .get(HOST)
        .is_some_and(|host| host.as_bytes().starts_with(b"127.0.0.1:"));
    if !is_ours || headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site") {
        return refused(
            StatusCode::FORBIDDEN,
            "Forbidden",
            "Only a function's process may call this",
        );
    }
    next.run(request).await
}

async fn next(State(api): State<RuntimeApi>) -> Response {
    let (pending, event) = oneshot::channel();
    if api.calls.send(Call::Next(pending)).await.is_err() {
        return gone();
    }
    let Ok(event) = event.await else { return gone() };
    let mut response = Response::new(Body::from(event.payload));
    let mut set = |name, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set("content-type", "application/json".into());
    set("lambda-runtime-aws-request-id", event.request_id);
    set("lambda-runtime-deadline-ms", event.deadline_ms.to_string());
    set("lambda-runtime-invoked-function-arn", event.arn);
    set("lambda-runtime-trace-id", event.trace_id);
    if let Some(client_context) = event.client_context {
        set("lambda-runtime-client-context", client_context);
    }
    response
}

async fn response(State(api): State<RuntimeApi>, Path(request_id): Path<String>, body: Body) -> Response {
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

async fn error(
    State(api): State<RuntimeApi>,
    Path(request_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let failure = reported(&api, &headers, body, "function error").await;
    answer(&api, request_id, Err(failure)).await
}

async fn init_error(State(api): State<RuntimeApi>, headers: HeaderMap, body: Body) -> Response {
    let failure = reported(&api, &headers, body, "init error").await;
    match api.calls.send(Call::InitError(failure)).await {
        Ok(()) => accepted(),
        Err(_) => gone(),
    }
}

/// The error that a process reports about itself, in its own words if they are JSON.
async fn reported(api: &RuntimeApi, headers: &HeaderMap, body: Body, note: &'static str) -> Failure {
    let payload = to_bytes(body, api.response_bytes).await.unwrap_or_default();
    if serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&payload).is_ok() {
        return Failure::reported(payload, note);
    }
    let error_type = headers
        .get("lambda-runtime-function-error-type")
        .and_then(|value| value.to_str().ok());
    Failure::new(error_type.unwrap_or("Runtime.UnknownReason"), "Unknown", note)
}

async fn answer(api: &RuntimeApi, request_id: String, answer: Result<Bytes, Failure>) -> Response {
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
        // The answer is late or repeated, or the id is invented.
        Ok(false) => refused(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
        Err(_) => gone(),
    }
}

/// Registers an extension. The Rust runtime's `graceful-shutdown` feature does so, without wanting its events, because
/// Lambda sends SIGTERM only to processes with an extension.
async fn register(State(api): State<RuntimeApi>) -> Response {
    api.has_extension.store(true, Ordering::Relaxed);
    let identifier = [("lambda-extension-identifier", ids::request_id())];
    let about = json!({ "functionName": *api.function, "functionVersion": "$LATEST", "handler": "bootstrap" });
    (identifier, Json(about)).into_response()
}

async fn extension_next(State(api): State<RuntimeApi>) -> Response {
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
