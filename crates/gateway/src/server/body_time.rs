//! The time for a request's body. The HTTP library has a limit for the head of a request and none for its body.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::reply;

/// Answers with 408, and hangs up, if a body has not come to its end in time.
pub(super) async fn limit(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (reading, has_been_read) = oneshot::channel::<Infallible>();
    let request = request.map(|body| {
        // Whoever reads the body drops it at its end, and `reading` with it.
        Body::from_stream(body.into_data_stream().map(move |bytes| {
            let _reading = &reading;
            bytes
        }))
    });
    let late = async {
        tokio::select! {
            biased;
            _ = has_been_read => std::future::pending().await,
            () = sleep(limit) => {}
        }
    };
    tokio::select! {
        response = next.run(request) => response,
        () = late => {
            let mut response = reply::message(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}
