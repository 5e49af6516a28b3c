//! SQS's wire, as far as a sender sees it: what is sent is kept, to be handed to notify as SQS would.

use axum::{Json, Router, routing::post};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// A queue that takes messages.
#[derive(Clone, Debug)]
pub struct Queue {
    messages: Arc<Mutex<Vec<Value>>>,
    delays: Arc<Mutex<Vec<u64>>>,
    /// Where senders find the service.
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
        // The AWS protocol's JSON has a content type of its own.
        let as_json = axum::middleware::map_request(|mut request: axum::extract::Request| async {
            request
                .headers_mut()
                .insert("content-type", "application/json".parse().unwrap());
            request
        });
        tokio::spawn(axum::serve(listener, Router::new().route("/", post(send)).layer(as_json)).into_future());
        queue
    }

    /// The queue's URL, as `DEFER_QUEUE_URL` has it.
    pub fn url(&self) -> String {
        format!("{}/000000000000/deferred", self.endpoint)
    }

    /// How many seconds each message is to be held back, in the order in which they were sent.
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
