//! Fake of SQS at the wire: it keeps the messages that are sent, for the test to hand to notify as SQS would.

use axum::{Json, Router, routing::post};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// A queue of SQS.
#[derive(Clone, Debug)]
pub struct Queue {
    messages: Arc<Mutex<Vec<Value>>>,
    delays: Arc<Mutex<Vec<u64>>>,
    /// URL of the service, for senders.
    pub endpoint: String,
}

impl Queue {
    /// An empty queue, on a port of its own.
    pub async fn start() -> Queue {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let queue = Queue {
            messages: Arc::default(),
            delays: Arc::default(),
            endpoint,
        };
        let (messages, delays) = (Arc::clone(&queue.messages), Arc::clone(&queue.delays));
        let send = async move |Json(request): Json<Value>| {
            delays.lock().unwrap().push(request["DelaySeconds"].as_u64().unwrap());
            let mut messages = messages.lock().unwrap();
            let id = format!("message-{}", messages.len());
            messages.push(record(&id, request["MessageBody"].as_str().unwrap()));
            Json(json!({"MessageId": id, "MD5OfMessageBody": "0"}))
        };
        // AWS's JSON protocol has a content type of its own, which axum's `Json` does not accept.
        let as_json = axum::middleware::map_request(|mut request: axum::extract::Request| async {
            request
                .headers_mut()
                .insert("content-type", "application/json".parse().unwrap());
            request
        });
        tokio::spawn(axum::serve(listener, Router::new().route("/", post(send)).layer(as_json)).into_future());
        queue
    }

    /// The queue's URL, for the setting `DEFER_QUEUE_URL`.
    pub fn url(&self) -> String {
        format!("{}/000000000000/deferred", self.endpoint)
    }

    /// Delay of each message in seconds (`DelaySeconds`), in the order in which they were sent.
    pub fn delays(&self) -> Vec<u64> {
        self.delays.lock().unwrap().clone()
    }

    /// Takes all messages out, as an event of SQS.
    pub fn receive(&self) -> Value {
        let records: Vec<Value> = self.messages.lock().unwrap().drain(..).collect();
        json!({"Records": records})
    }
}

/// A record of an SQS event.
pub(crate) fn record(id: &str, body: &str) -> Value {
    json!({
        "messageId": id, "receiptHandle": "handle", "body": body, "md5OfBody": "0", "messageAttributes": {},
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1763900000000"},
        "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:updates", "awsRegion": "us-east-1",
    })
}
