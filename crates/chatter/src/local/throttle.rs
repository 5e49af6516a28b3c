//! A proxy before the embedded DynamoDB, which answers a share of the requests as DynamoDB does when a table is
//! throttled.

use super::lock::lock;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderName, StatusCode, Uri, header, uri::PathAndQuery},
    response::{IntoResponse, Response},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// Passes requests on to the engine, except for a share of them, which it throttles.
#[derive(Debug)]
pub struct Throttle {
    engine: SocketAddr,
    client: Client<HttpConnector, Body>,
    share: Mutex<f64>,
    throttled: AtomicU64,
}

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

impl Throttle {
    /// A throttle that lets everything through at first.
    pub(super) fn new(engine: SocketAddr) -> Throttle {
        Throttle {
            engine,
            client: Client::builder(TokioExecutor::new()).build_http(),
            share: Mutex::new(0.0),
            throttled: AtomicU64::new(0),
        }
    }

    /// Throttles this share of the requests from now on, from 0 to 1.
    pub fn set(&self, share: f64) {
        *lock(&self.share) = share;
    }

    /// How many requests have been throttled.
    pub fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }

    pub(super) fn router(self: &Arc<Self>) -> Router {
        Router::new().fallback(handle).with_state(Arc::clone(self))
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

async fn handle(State(throttle): State<Arc<Throttle>>, mut request: Request) -> Response {
    if !throttle.grants() {
        let target = request.headers().get(TARGET).and_then(|target| target.to_str().ok());
        return refusal(target.is_some_and(|target| target.ends_with(".TransactWriteItems")));
    }
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let uri = Uri::try_from(format!("http://{}{path}", throttle.engine));
    // It cannot fail: the path comes from a valid request.
    *request.uri_mut() = uri.unwrap_or_default();
    match throttle.client.request(request).await {
        Ok(response) => response.map(Body::new),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
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
