//! Lambda's Invoke API: `POST /2015-03-31/functions/{name}/invocations`.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;

use super::client_context;
use crate::host::{Functions, Outcome, Pool, Reply, Request};
use crate::{ids, reply};

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const LOG_RESULT: HeaderName = HeaderName::from_static("x-amz-log-result");

/// The options of a call, from its headers.
struct Call {
    kind: Kind,
    client_context: Option<String>,
    wants_log: bool,
}

/// How a function is called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Synchronously: the caller waits for the answer.
    RequestResponse,
    /// Asynchronously: the caller is only told that the event was accepted.
    Event,
    /// Not at all: the call is only checked.
    DryRun,
}

/// Runs a function: synchronously, asynchronously or not at all, as `X-Amz-Invocation-Type` says.
pub(crate) async fn invoke(
    State(functions): State<Arc<Functions>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(&functions, &name, &headers, body).await.into_response()
}

/// The answer. `Err` is that of a call that is refused.
async fn answer(
    functions: &Arc<Functions>,
    name: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, ServiceError> {
    let function = find(functions, name).ok_or_else(|| {
        let message = format!("Function not found: {}", functions.config.arn(plain_name(name)));
        refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    })?;
    let call = Call::read(headers)?;
    let limits = &functions.config.limits;
    let limit = if call.kind == Kind::Event {
        limits.async_payload_bytes
    } else {
        limits.payload_bytes
    };
    let request = Request {
        client_context: call.client_context,
        wants_log: call.wants_log,
        ..Request::new(payload(body, limit).await?)
    };
    match call.kind {
        Kind::RequestResponse => Ok(call_now(function, request).await),
        Kind::Event => {
            let accepted = (
                [(REQUEST_ID, request.request_id.clone())],
                reply::status(StatusCode::ACCEPTED),
            );
            let later = call_later(Arc::clone(functions), Arc::clone(function), request);
            functions.tasks.spawn(later);
            Ok(accepted.into_response())
        }
        Kind::DryRun => Ok(reply::status(StatusCode::NO_CONTENT)),
    }
}

impl Call {
    fn read(headers: &HeaderMap) -> Result<Call, ServiceError> {
        let text = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let kind = match text("x-amz-invocation-type").as_deref() {
            None | Some("RequestResponse") => Kind::RequestResponse,
            Some("Event") => Kind::Event,
            Some("DryRun") => Kind::DryRun,
            Some(_) => {
                let message = "InvocationType has to be RequestResponse, Event or DryRun";
                return Err(refused(
                    StatusCode::BAD_REQUEST,
                    "InvalidParameterValueException",
                    message,
                ));
            }
        };
        let is_now = kind == Kind::RequestResponse;
        let wants_log = match text("x-amz-log-type").as_deref() {
            None | Some("None") => false,
            Some("Tail") => is_now,
            Some(other) => {
                let message = format!(
                    "1 validation error detected: Value '{other}' at 'logType' failed to satisfy constraint: Member must \
                     satisfy enum value set: [None, Tail]"
                );
                return Err(refused(StatusCode::BAD_REQUEST, "ValidationException", message));
            }
        };
        let client_context = headers.get("x-amz-client-context").map(|value| {
            client_context::decode(value.as_bytes()).ok_or_else(|| {
                let message = "Client context must be a valid Base64-encoded JSON object.";
                refused(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message)
            })
        });
        Ok(Call {
            kind,
            // Lambda passes it on for synchronous calls only.
            client_context: client_context.transpose()?.filter(|_| is_now),
            wants_log,
        })
    }
}

/// The event, which has to be JSON. An empty body is an empty object.
async fn payload(body: Body, limit: usize) -> Result<Bytes, ServiceError> {
    let payload = to_bytes(body, limit).await.map_err(|_| {
        let message = format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
        refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", message)
    })?;
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match check_json(&payload) {
        Ok(()) => Ok(payload),
        Err(problem) => {
            let message = format!("Could not parse request body into json: {problem}");
            Err(refused(
                StatusCode::BAD_REQUEST,
                "InvalidRequestContentException",
                &message,
            ))
        }
    }
}

/// Whether these bytes are JSON. serde alone would pass over what a text holds, and that has to be UTF-8 (RFC 8259, section 8.1).
fn check_json(payload: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(payload).map_err(|error| error.to_string())?;
    let json = serde_json::from_str::<serde::de::IgnoredAny>(text);
    json.map(drop).map_err(|error| error.to_string())
}

/// A synchronous call.
async fn call_now(function: &Arc<Pool>, request: Request) -> Response {
    let headers = [
        (REQUEST_ID, request.request_id.clone()),
        (EXECUTED_VERSION, "$LATEST".into()),
    ];
    let Reply { outcome, log } = function.invoke(request).await;
    let log = log.map(|log| [(LOG_RESULT, STANDARD.encode(log))]);
    let mut response = match outcome {
        Outcome::Returned(payload) => (headers, Body::from(payload)).into_response(),
        Outcome::Failed(failure) => {
            (headers, [(FUNCTION_ERROR, "Unhandled")], Body::from(failure.payload)).into_response()
        }
    };
    if let Some(log) = log {
        response = (log, response).into_response();
    }
    response
}

/// An asynchronous call. If it fails it is tried again after each of the delays, under the same request id, and then
/// given up.
async fn call_later(functions: Arc<Functions>, function: Arc<Pool>, request: Request) {
    let delays = &functions.config.limits.async_retry_delays;
    let attempts = async {
        for delay in delays.iter().copied().map(Some).chain([None]) {
            match (function.invoke(request.clone()).await.outcome, delay) {
                (Outcome::Failed(_), Some(delay)) => tokio::time::sleep(delay).await,
                _ => return,
            }
        }
    };
    let _ = functions.halt.run_until_cancelled(attempts).await;
}

/// A function by its name, partial ARN or ARN. Its only version is `$LATEST`.
fn find<'a>(functions: &'a Functions, name: &str) -> Option<&'a Arc<Pool>> {
    let name = name.strip_suffix(":$LATEST").unwrap_or(name);
    functions.get(plain_name(name))
}

fn plain_name(name: &str) -> &str {
    name.rsplit_once("function:").map_or(name, |(_, name)| name)
}

/// An error as the Lambda service words it.
struct ServiceError {
    status: StatusCode,
    error_type: &'static str,
    message: String,
}

fn refused(status: StatusCode, error_type: &'static str, message: impl Into<String>) -> ServiceError {
    ServiceError {
        status,
        error_type,
        message: message.into(),
    }
}

impl IntoResponse for ServiceError {
    fn into_response(self) -> Response {
        let headers = [
            (ERROR_TYPE, self.error_type.to_owned()),
            (REQUEST_ID, ids::request_id()),
        ];
        let body = json!({ "Type": "User", "Message": self.message, "message": self.message });
        (self.status, headers, Json(body)).into_response()
    }
}
