//! The AWS clients: the one place where they are configured, each retry and time-out on purpose.
//!
//! Endpoints and credentials come from the SDK's own variables, so the same binary runs in AWS, on a laptop and in tests.

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::config::Credentials;
use std::{future::Future, time::Duration};

/// A partition key that no login can have: what the throw-away calls at start ask for.
pub(crate) const NOBODY: &str = "\n";

/// What all clients share: credentials, region, one HTTP stack.
#[derive(Clone, Debug)]
pub struct Aws {
    shared: SdkConfig,
    local: Option<Endpoints>,
}

/// Where the services are on a laptop.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// DynamoDB's URL.
    pub dynamodb: String,
    /// The URL of the WebSocket API's stage, under which `@connections` is.
    pub callback: String,
}

impl Aws {
    /// Reads region, credentials and endpoints as every AWS program does.
    pub async fn load() -> Aws {
        // A version by its date, not `latest`: a service does not change its behaviour because a lock file moved.
        Aws {
            shared: aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await,
            local: None,
        }
    }

    /// For a program on the same laptop: these endpoints, and credentials that nobody checks.
    pub async fn local(endpoints: Endpoints) -> Aws {
        let shared = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"));
        Aws {
            shared: shared.load().await,
            local: Some(endpoints),
        }
    }

    /// DynamoDB. Its answers take single milliseconds: an attempt of two seconds is lost, and three attempts fit well
    /// into `$connect`'s ten seconds. The SDK sets no time-out of its own, and would wait for ever.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::config::Builder::from(&self.shared);
        if let Some(local) = &self.local {
            config.set_endpoint_url(Some(local.dynamodb.clone()));
        }
        let config = config
            .retry_config(three_tries())
            .timeout_config(time_outs(Duration::from_secs(2), Duration::from_secs(5)));
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// The WebSocket API's `@connections`. No retries: the SDK's share one budget, which a hundred throttled posts empty,
    /// and then the next nine hundred get none. [`crate::Poster`] has its own, with a time-out for each post.
    pub fn management(&self) -> aws_sdk_apigatewaymanagement::Client {
        let mut config = aws_sdk_apigatewaymanagement::config::Builder::from(&self.shared);
        if let Some(local) = &self.local {
            config.set_endpoint_url(Some(local.callback.clone()));
        }
        let config = config
            .retry_config(RetryConfig::disabled())
            .timeout_config(time_outs(Duration::from_secs(2), Duration::from_secs(2)));
        aws_sdk_apigatewaymanagement::Client::from_conf(config.build())
    }

    /// SQS, which is asked only when notify's time is nearly over: all tries must fit into what is then left.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::config::Builder::from(&self.shared)
            .retry_config(three_tries())
            .timeout_config(time_outs(Duration::from_millis(600), Duration::from_millis(1_500)));
        aws_sdk_sqs::Client::from_conf(config.build())
    }
}

fn three_tries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
}

fn time_outs(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

/// Makes the first TLS handshakes while the function starts, when Lambda gives it a whole processor: at 128 MB the first
/// call costs most of a second later on. A second at most, and whatever comes of it: the first event will tell.
pub async fn warm_up(throw_away_calls: impl Future) {
    let _ = tokio::time::timeout(Duration::from_secs(1), throw_away_calls).await;
}
