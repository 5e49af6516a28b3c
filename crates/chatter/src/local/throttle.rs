//! Stands before the embedded DynamoDB and answers a share of its requests as DynamoDB does when a table is asked for more
//! than it can give.

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
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Hands requests on to the engine, but for a share of them.
#[derive(Debug)]
pub struct Throttle {
    engine: SocketAddr,
    client: Client<HttpConnector, Body>,
    share: Mutex<f64>,
    throttled: AtomicU64,
}

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

impl Throttle {
    /// Lets everything through, so far.
    pub(super) fn new(engine: SocketAddr) -> Throttle {
        Throttle {
            engine,
            client: Client::builder(TokioExecutor::new()).build_http(),
            share: Mutex::new(0.0),
            throttled: AtomicU64::new(0),
        }
    }

    /// Which share of the requests is throttled from now on, from 0 to 1.
    pub fn set(&self, share: f64) {
        *self.share.lock().unwrap_or_else(PoisonError::into_inner) = share;
    }

    /// How many requests have been.
    pub fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }

    pub(super) fn router(self: &Arc<Self>) -> Router {
        Router::new().fallback(handle).with_state(Arc::clone(self))
    }

    fn grants(&self) -> bool {
        let share = *self.share.lock().unwrap_or_else(PoisonError::into_inner);
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
    // A request's own path is a path.
    *request.uri_mut() = uri.unwrap_or_default();
    match throttle.client.request(request).await {
        Ok(response) => response.map(Body::new),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// A transaction is not throttled but cancelled, and says for which of its items.
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
