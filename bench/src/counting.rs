//! Counting proxy before DynamoDB: it asks for the consumed capacity of each request.

use crate::Fallible;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{net::TcpListener, task::JoinHandle};

/// The counting proxy. It stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Counting {
    /// The proxy's URL.
    pub(crate) url: String,
    counter: Arc<Counter>,
    server: JoinHandle<()>,
}

/// Requests and capacity that were used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Used {
    /// Number of requests.
    pub(crate) round_trips: u32,
    /// Request units.
    pub(crate) read_units: f64,
    /// Request units.
    pub(crate) write_units: f64,
}

#[derive(Debug)]
struct Counter {
    upstream: String,
    http: reqwest::Client,
    used: Mutex<Used>,
}

impl Counting {
    /// Starts a proxy before the database at this URL.
    pub(crate) async fn start(upstream: &str) -> Fallible<Counting> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let counter = Arc::new(Counter {
            upstream: upstream.to_owned(),
            http: reqwest::Client::new(),
            used: Mutex::default(),
        });
        let router = Router::new().fallback(forward).with_state(Arc::clone(&counter));
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Counting { url, counter, server })
    }

    /// Requests and capacity that were used since the last call.
    pub(crate) fn take(&self) -> Used {
        std::mem::take(&mut self.counter.used.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn forward(State(counter): State<Arc<Counter>>, headers: HeaderMap, body: Bytes) -> Response {
    match counter.forward(&headers, &body).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

impl Counter {
    async fn forward(&self, headers: &HeaderMap, body: &[u8]) -> Fallible<Response> {
        let mut request: Value = serde_json::from_slice(body)?;
        request["ReturnConsumedCapacity"] = "TOTAL".into();
        let mut call = self.http.post(&self.upstream).body(request.to_string());
        for name in ["x-amz-target", "content-type", "authorization", "x-amz-date"] {
            if let Some(value) = headers.get(name) {
                call = call.header(name, value);
            }
        }
        let answer = call.send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        let operation = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        self.count(operation.unwrap_or_default(), &serde_json::from_slice(&body)?);
        let response = Response::builder().status(status);
        Ok(response
            .header("content-type", "application/x-amz-json-1.0")
            .body(Body::from(body))?)
    }

    fn count(&self, operation: &str, answer: &Value) {
        let consumed = &answer["ConsumedCapacity"];
        let tables = consumed
            .as_array()
            .map_or(std::slice::from_ref(consumed), Vec::as_slice);
        let units: f64 = tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum();
        let is_read = operation.ends_with(".GetItem") || operation.ends_with(".Query");
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.round_trips += 1;
        if is_read {
            used.read_units += units;
        } else {
            used.write_units += units;
        }
    }
}
