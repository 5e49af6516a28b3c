//! Lambda's Invoke API: `POST /2015-03-31/functions/{name}/invocations`.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use bytes::Bytes;
use serde_json::json;

use crate::api::Api;
use crate::lambda::{Outcome, Pool};
use crate::{ids, reply};

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");

/// Runs a function: now, later, or not at all, as `X-Amz-Invocation-Type` says.
pub(crate) async fn invoke(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let Some(function) = find(&api, &name) else {
        let message = format!("Function not found: {}", api.config.arn(plain_name(&name)));
        return refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message);
    };
    let limit = api.config.limits.payload_bytes;
    let Ok(mut payload) = to_bytes(body, limit).await else {
        let message = format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &message);
    };
    if payload.is_empty() {
        payload = Bytes::from_static(b"{}");
    }
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        let message = format!("Could not parse request body into json: {error}");
        return refused(StatusCode::BAD_REQUEST, "InvalidRequestContentException", &message);
    }
    let client_context = text("x-amz-client-context");
    match text("x-amz-invocation-type").as_deref() {
        None | Some("RequestResponse") => now(function, payload, client_context).await,
        Some("Event") => {
            let request_id = ids::request_id();
            let event = later(
                Arc::clone(&api),
                Arc::clone(function),
                request_id.clone(),
                payload,
                client_context,
            );
            api.tasks.spawn(event);
            ([(REQUEST_ID, request_id)], reply::status(StatusCode::ACCEPTED)).into_response()
        }
        Some("DryRun") => reply::status(StatusCode::NO_CONTENT),
        Some(_) => {
            let message = "InvocationType has to be RequestResponse, Event or DryRun";
            refused(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message)
        }
    }
}

async fn now(function: &Arc<Pool>, payload: Bytes, client_context: Option<String>) -> Response {
    let request_id = ids::request_id();
    let outcome = function.invoke(request_id.clone(), payload, client_context).await;
    let headers = [(REQUEST_ID, request_id), (EXECUTED_VERSION, "$LATEST".into())];
    match outcome {
        Outcome::Returned(payload) => (headers, Body::from(payload)).into_response(),
        Outcome::Failed(failure) => {
            (headers, [(FUNCTION_ERROR, "Unhandled")], Body::from(failure.payload)).into_response()
        }
    }
}

/// An asynchronous event: tried again after each of the delays, under the same request id, then given up.
async fn later(api: Arc<Api>, function: Arc<Pool>, request_id: String, payload: Bytes, client_context: Option<String>) {
    let delays = &api.config.limits.async_retry_delays;
    let attempts = async {
        for delay in delays.iter().copied().map(Some).chain([None]) {
            let outcome = function
                .invoke(request_id.clone(), payload.clone(), client_context.clone())
                .await;
            match (outcome, delay) {
                (Outcome::Failed(_), Some(delay)) => tokio::time::sleep(delay).await,
                _ => return,
            }
        }
    };
    let _ = api.halt.run_until_cancelled(attempts).await;
}

/// A function by its name, partial ARN or ARN; of its versions there is only `$LATEST`.
fn find<'a>(api: &'a Api, name: &str) -> Option<&'a Arc<Pool>> {
    let name = name.strip_suffix(":$LATEST").unwrap_or(name);
    api.functions.get(plain_name(name))
}

fn plain_name(name: &str) -> &str {
    name.rsplit_once("function:").map_or(name, |(_, name)| name)
}

/// An error as the Lambda service words it.
fn refused(status: StatusCode, error_type: &'static str, message: &str) -> Response {
    let headers = [(ERROR_TYPE, error_type.to_owned()), (REQUEST_ID, ids::request_id())];
    (
        status,
        headers,
        Json(json!({ "Type": "User", "Message": message, "message": message })),
    )
        .into_response()
}
