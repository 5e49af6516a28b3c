//! The AWS clients: the one place where they are configured, each retry and time-out on purpose.
//!
//! Addresses of services are settings, as in every AWS program, so the same binary runs in AWS, on a laptop and in tests.

use crate::{
    Poster,
    http::last_try::LastTry,
    http::reconnector::{CONNECT, Reconnector},
    sockets::connections_api::ConnectionsApi,
};
use aws_config::{
    BehaviorVersion, Region, SdkConfig,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    meta::region::ProvideRegion,
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use std::{future::Future, time::Duration};

/// Clients of AWS. They share credentials and region. Connections are each service's own, since what a failure says of one
/// host's connections it does not say of another's.
#[derive(Clone, Debug)]
pub struct Aws {
    shared: SdkConfig,
    dynamodb: Reconnector,
    callback: Reconnector,
    sqs: Reconnector,
    endpoints: Endpoints,
}

/// Addresses of services that are not at AWS's usual ones; all are optional. The callback URL of the WebSocket API is
/// mandatory, and so an argument of [`Aws::poster`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL_DYNAMODB`.
    pub dynamodb: Option<String>,
    /// `AWS_ENDPOINT_URL_SQS`.
    pub sqs: Option<String>,
    /// Certificates (PEM) to trust in place of Amazon's: what is in the file that `AWS_CA_BUNDLE` names.
    pub ca_bundle: Option<String>,
}

/// The root certificates of AWS's endpoints. A machine's whole store, some 140 roots, takes longer to read than
/// all else that a function does at its start. <https://www.amazontrust.com/repository/>
const AMAZON_ROOTS: &str = include_str!("../../roots/amazon.pem");

impl Aws {
    /// As a Lambda function finds itself: region and credentials are in the environment. The SDK's usual chain would look
    /// for profiles, containers and the metadata of a machine too, and takes longer to build than all of the rest.
    pub async fn in_lambda(endpoints: Endpoints) -> Aws {
        let region = EnvironmentVariableRegionProvider::new().region().await;
        Aws::new(
            region,
            EnvironmentVariableCredentialsProvider::new(),
            https(endpoints.ca_bundle.clone()),
            endpoints,
        )
    }

    /// As AWS's own command finds itself: region and credentials are in the environment, in a profile, or in the metadata of
    /// a container or machine. A profile that logs in by SSO is not among them: `aws configure export-credentials --format
    /// env` turns it into variables.
    ///
    /// `AWS_ENDPOINT_URL`, or a profile's `endpoint_url`, is where services are asked that have no endpoint of their own.
    pub async fn in_terminal(endpoints: Endpoints) -> Aws {
        let new_pool = https(endpoints.ca_bundle.clone());
        let client = new_pool();
        let loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
        let found = loader
            .http_client(http_client_fn(move |_, _| client.clone()))
            .load()
            .await;
        let credentials = found
            .credentials_provider()
            .expect("the usual chain is one, even if it finds none");
        let mut aws = Aws::new(found.region().cloned(), credentials, new_pool, endpoints);
        let mut shared = aws.shared.to_builder();
        shared.set_endpoint_url(found.endpoint_url().map(ToOwned::to_owned));
        aws.shared = shared.build();
        aws
    }

    /// For a program on the same laptop as the services: credentials that nobody checks.
    pub fn local(endpoints: Endpoints) -> Aws {
        Aws::unchecked(https(endpoints.ca_bundle.clone()), endpoints)
    }

    /// For a test or a measurement: over this wire, with credentials that nobody checks.
    pub fn over(connector: SharedHttpConnector, endpoints: Endpoints) -> Aws {
        Aws::unchecked(move || connector.clone(), endpoints)
    }

    /// Over pools of connections that this function makes, with credentials that nobody checks.
    pub(crate) fn unchecked(
        new_pool: impl Fn() -> SharedHttpConnector + Clone + Send + Sync + 'static,
        endpoints: Endpoints,
    ) -> Aws {
        let credentials = Credentials::new("local", "local", None, None, "local");
        Aws::new(Some(Region::from_static("us-east-1")), credentials, new_pool, endpoints)
    }

    fn new(
        region: Option<Region>,
        credentials: impl ProvideCredentials + 'static,
        new_pool: impl Fn() -> SharedHttpConnector + Clone + Send + Sync + 'static,
        endpoints: Endpoints,
    ) -> Aws {
        let shared = SdkConfig::builder()
            // By its date, not `latest`: a service does not change its behaviour because a lock file moved.
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(region)
            .credentials_provider(SharedCredentialsProvider::new(credentials));
        Aws {
            shared: shared.build(),
            dynamodb: Reconnector::new(new_pool.clone()),
            callback: Reconnector::new(new_pool.clone()),
            sqs: Reconnector::new(new_pool),
            endpoints,
        }
    }

    /// Region, credentials and `AWS_ENDPOINT_URL`, for requests to a service that no function uses.
    pub fn config(&self) -> &SdkConfig {
        &self.shared
    }

    /// The connections on which such requests go.
    pub fn wire(&self) -> SharedHttpConnector {
        SharedHttpConnector::new(self.sqs.clone())
    }

    /// DynamoDB. Its answers take single milliseconds: an attempt of two seconds is lost, and three attempts fit well
    /// into `$connect`'s ten seconds. The SDK sets no time-out of its own, and would wait for ever.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::config::Builder::from(&self.shared);
        if self.endpoints.dynamodb.is_some() {
            config.set_endpoint_url(self.endpoints.dynamodb.clone());
        }
        let config = config
            .http_client(http_client(&self.dynamodb))
            .interceptor(LastTry)
            .retry_config(three_tries())
            .retry_partition(without_budget())
            .timeout_config(time_outs(Duration::from_secs(2), Duration::from_secs(5)));
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// The WebSocket API's `@connections`, at its `https://{api}.execute-api.{region}.amazonaws.com/{stage}`. Posts are
    /// tried by the poster; the SDK's client is for closing sockets.
    pub fn poster(&self, callback_url: &str) -> Poster {
        let config = aws_sdk_apigatewaymanagement::config::Builder::from(&self.shared)
            .endpoint_url(callback_url)
            .http_client(http_client(&self.callback))
            .interceptor(LastTry)
            .retry_config(three_tries())
            .retry_partition(without_budget())
            .timeout_config(time_outs(Duration::from_secs(2), Duration::from_secs(5)));
        let client = aws_sdk_apigatewaymanagement::Client::from_conf(config.build());
        Poster::new(
            ConnectionsApi::new(callback_url, &self.shared, self.callback.clone()),
            client,
        )
    }

    /// SQS, which is asked only when notify's time is nearly over: all tries must fit into what is then left.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let mut config = aws_sdk_sqs::config::Builder::from(&self.shared);
        if self.endpoints.sqs.is_some() {
            config.set_endpoint_url(self.endpoints.sqs.clone());
        }
        let config = config
            .http_client(http_client(&self.sqs))
            .interceptor(LastTry)
            .retry_config(three_tries())
            .retry_partition(without_budget())
            .timeout_config(time_outs(Duration::from_millis(600), Duration::from_millis(1_500)));
        aws_sdk_sqs::Client::from_conf(config.build())
    }
}

/// HTTP over TCP, with TLS where the URL says so: what makes an empty pool of connections. By ring: aws-lc, the SDK's
/// default, gathers entropy for milliseconds at every start, and is larger.
fn https(ca_bundle: Option<String>) -> impl Fn() -> SharedHttpConnector + Clone {
    move || {
        let roots = TrustStore::empty().with_pem_certificate(ca_bundle.as_deref().unwrap_or(AMAZON_ROOTS));
        let trust = TlsContext::builder().with_trust_store(roots).build();
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT);
        let connector = Connector::builder()
            .connector_settings(settings.build())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(trust.expect("a TLS context needs nothing but the roots"));
        SharedHttpConnector::new(connector.build())
    }
}

fn http_client(connector: &Reconnector) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(connector.clone());
    http_client_fn(move |_, _| connector.clone())
}

fn three_tries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
}

/// Every call gets its tries. By default the SDK pays for second tries out of a budget that all calls of a client share:
/// fifty connections that break at once use it up, and then a call that needs a second try gets none. What bounds the load
/// here is the number of tries, the waits between them, and how many calls notify makes at once.
fn without_budget() -> RetryPartition {
    let partition = RetryPartition::custom("without a budget");
    partition.token_bucket(TokenBucket::unlimited()).build()
}

fn time_outs(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

/// Makes the first TLS handshakes while the function starts, when Lambda gives it a whole processor: at 128 MB the first
/// call costs most of a second later on. It takes a second at most. A failure is ignored: the first event will meet it too.
pub async fn warm_up(throw_away_calls: impl Future) {
    let _ = tokio::time::timeout(Duration::from_secs(1), throw_away_calls).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Connections, Updates,
        test_support::{SILENCE, dynamodb, poster},
    };
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };
    use tokio::time::Instant;

    #[tokio::test]
    async fn what_is_warmed_up_makes_a_call() {
        let calls = Arc::new(AtomicUsize::new(0));
        let wire = || {
            let calls = Arc::clone(&calls);
            move |_: &str, _: &str| {
                calls.fetch_add(1, Relaxed);
                (200, "{}".to_owned())
            }
        };
        warm_up(Connections::new(dynamodb(wire()), "connections").warm_up()).await;
        assert_eq!(calls.load(Relaxed), 1);
        warm_up(Updates::new(dynamodb(wire()), "updates").warm_up()).await;
        assert_eq!(calls.load(Relaxed), 2);
        warm_up(poster(wire()).warm_up()).await;
        assert_eq!(calls.load(Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn warming_up_waits_a_second_for_an_answer_that_does_not_come() {
        let connections = Connections::new(dynamodb(|_, _| (SILENCE, String::new())), "connections");
        let start = Instant::now();
        warm_up(connections.warm_up()).await;
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }

    #[test]
    fn amazons_roots_can_be_read() {
        // The connector reads them as it is built, and would panic.
        https(None)();
        assert_eq!(AMAZON_ROOTS.matches("BEGIN CERTIFICATE").count(), 5);
    }
}
