//! Throttling before the embedded DynamoDB: a share of the requests is answered as DynamoDB does when a table is asked too
//! much.

use super::lock::lock;
use axum::{
    extract::Request,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

/// Lets requests through to the engine, except for a share of them. At first it lets all through.
#[derive(Debug, Default)]
pub struct TableThrottle {
    share: Mutex<f64>,
    throttled: AtomicU64,
}

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

impl TableThrottle {
    /// Throttles this share of the requests from now on, from 0 to 1.
    pub fn set(&self, share: f64) {
        *lock(&self.share) = share;
    }

    /// How many requests have been throttled.
    pub fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }

    /// The answer to a request, if it is throttled.
    pub(super) fn refusal(&self, request: &Request) -> Option<Response> {
        if self.grants() {
            return None;
        }
        let target = request.headers().get(TARGET).and_then(|target| target.to_str().ok());
        Some(refusal(
            target.is_some_and(|target| target.ends_with(".TransactWriteItems")),
        ))
    }

    /// Decides about one request.
    fn grants(&self) -> bool {
        let share = *lock(&self.share);
        let is_granted = fastrand::f64() >= share;
        if !is_granted {
            self.throttled.fetch_add(1, Ordering::Relaxed);
        }
        is_granted
    }
}

/// DynamoDB's answer to a throttled request. A transaction is cancelled instead, with a reason for each of its items.
fn refusal(is_transaction: bool) -> Response {
    const MESSAGE: &str = "Throughput exceeds the current capacity of your table or index.";
    let error = |name: &str, rest: Value| {
        let mut error = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": MESSAGE});
        if let (Some(error), Value::Object(rest)) = (error.as_object_mut(), rest) {
            error.extend(rest);
        }
        error
    };
    let error = if is_transaction {
        let reason = json!({"Code": "ThrottlingError", "Message": MESSAGE});
        error(
            "TransactionCanceledException",
            json!({"CancellationReasons": [reason, {"Code": "None"}]}),
        )
    } else {
        error("ProvisionedThroughputExceededException", json!({}))
    };
    let kind = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
    (StatusCode::BAD_REQUEST, kind, error.to_string()).into_response()
}
