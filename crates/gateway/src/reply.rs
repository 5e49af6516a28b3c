//! HTTP responses as AWS words them.

use axum::body::Body;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use serde_json::json;

/// AWS names an error in this header; its SDKs go by it.
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// A status and nothing else.
pub(crate) fn status(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// `{"message": …}`.
pub(crate) fn message(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}

/// An error that the SDKs know by its name.
pub(crate) fn error(status: StatusCode, error_type: &'static str, text: &str) -> Response {
    ([(ERROR_TYPE, error_type)], message(status, text)).into_response()
}

/// `GoneException`, whose body is empty.
pub(crate) fn gone() -> Response {
    ([(ERROR_TYPE, "GoneException")], status(StatusCode::GONE)).into_response()
}

/// `ForbiddenException`: a path that there is not.
pub(crate) fn forbidden() -> Response {
    error(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden")
}
