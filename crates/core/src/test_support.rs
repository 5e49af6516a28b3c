//! Real SDK clients for unit tests, over a wire whose answers a test gives.

use crate::{
    Poster,
    aws::{Aws, Endpoints},
};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use std::{fmt, sync::Arc};

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
