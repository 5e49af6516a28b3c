//! Real SDK clients for unit tests, over a wire whose answers a test gives.

use crate::{
    Batch, Invocation, Notification, Poster, Timestamp,
    aws::{Aws, Endpoints},
    lock::lock,
};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, value::RawValue};
use std::{
    fmt,
    io::{self, Write},
    sync::{Arc, Mutex},
};
use tracing::subscriber::DefaultGuard;

/// The answer to a request, by its path and body: a status and a body. The status [`SILENCE`] is no answer, ever.
pub(crate) trait Wire: Fn(&str, &str) -> (u16, String) + Send + Sync + 'static {}

impl<F: Fn(&str, &str) -> (u16, String) + Send + Sync + 'static> Wire for F {}

/// In place of a status: there is no answer.
pub(crate) const SILENCE: u16 = 0;

#[derive(Clone)]
struct Connector(Arc<dyn Wire>);

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        let path = request.uri().strip_prefix("http://127.0.0.1").unwrap_or_default();
        let (status, answer) = (self.0)(path, &body);
        if status == SILENCE {
            return HttpConnectorFuture::new(std::future::pending());
        }
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(answer))))
    }
}

fn connector(wire: impl Wire) -> SharedHttpConnector {
    SharedHttpConnector::new(Connector(Arc::new(wire)))
}

/// DynamoDB at the other end of this wire.
pub(crate) fn dynamodb(wire: impl Wire) -> aws_sdk_dynamodb::Client {
    let connector = connector(wire);
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(http_client_fn(move |_, _| connector.clone()));
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

/// DynamoDB at the other end of this wire, with the tries that the functions make.
pub(crate) fn dynamodb_as_shipped(wire: impl Wire) -> aws_sdk_dynamodb::Client {
    let endpoints = Endpoints {
        dynamodb: Some("http://127.0.0.1".to_owned()),
        ..Endpoints::default()
    };
    Aws::over(connector(wire), endpoints).dynamodb()
}

/// A WebSocket API's `@connections` at the other end of this wire.
pub(crate) fn poster(wire: impl Wire) -> Poster {
    Aws::over(connector(wire), Endpoints::default()).poster("http://127.0.0.1/dev")
}

/// SQS at the other end of this wire.
pub(crate) fn sqs(wire: impl Wire) -> aws_sdk_sqs::Client {
    let endpoints = Endpoints {
        sqs: Some("http://127.0.0.1".to_owned()),
        ..Endpoints::default()
    };
    Aws::over(connector(wire), endpoints).sqs()
}

/// An event as notify reads it.
pub(crate) fn notification(event: &Value) -> Notification {
    let now = Timestamp::now();
    let invocation = Invocation {
        request_id: "request".to_owned(),
        received_at: now,
        deadline: now,
    };
    let batch = Batch::parse(&RawValue::from_string(event.to_string()).unwrap(), &invocation).unwrap();
    batch.records[0].events[0].clone().unwrap()
}

/// The lines that this thread logs until it is dropped.
pub(crate) struct Log {
    lines: Lines,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn start() -> Log {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt().json().flatten_event(true);
        let subscriber = subscriber.with_writer(move || writer.clone()).finish();
        Log {
            lines,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// The lines since they were last asked for.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *lock(&self.lines.0));
        let lines = serde_json::Deserializer::from_slice(&bytes).into_iter();
        lines.map(Result::unwrap).collect()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
