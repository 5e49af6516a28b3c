//! HTTP responses, worded as AWS words them.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::ids;

/// The header in which AWS names an error. Its SDKs go by it.
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// The header with the request's id, which SDKs put into their errors.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// A status without a body.
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

/// `LimitExceededException`, AWS's 429.
pub(crate) fn limit_exceeded(text: &str) -> Response {
    error(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", text)
}

/// A 500, as when API Gateway itself fails.
pub(crate) fn internal_error() -> Response {
    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
}

/// `ForbiddenException`: there is no such stage.
pub(crate) fn forbidden() -> Response {
    identified(error(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden"))
}

/// `NotFoundException`: there is no such path under the stage. The path is named as AWS names it: without the stage,
/// decoded.
pub(crate) fn no_route(path: &str, method: &Method) -> Response {
    let path = percent_decode_str(path).decode_utf8_lossy();
    let text = format!("No method found matching route {path} for http method {method}.");
    identified(error(StatusCode::NOT_FOUND, "NotFoundException", &text))
}

/// The response with a request id, if it has none yet.
pub(crate) fn identified(mut response: Response) -> Response {
    // A UUID can always be the value of a header.
    if let Ok(id) = HeaderValue::try_from(ids::request_id()) {
        response.headers_mut().entry(REQUEST_ID).or_insert(id);
    }
    response
}
