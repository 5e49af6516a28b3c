//! The few operations of AWS services that only this command asks, as signed JSON over HTTPS.
//!
//! The SDK has a crate for each service, of a hundred operations each. Here it is a dozen operations of five services, which all
//! take and give JSON: the crates would make up most of what is compiled before `chatter local` can start.

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use aws_smithy_types::body::SdkBody;
use chatterbox_core::aws::Aws;
use serde_json::Value;
use std::time::{Duration, SystemTime};
use thiserror::Error;
use tokio::time::timeout;

/// A service: its name in addresses and in signatures, and what stands before an operation's name.
/// <https://docs.aws.amazon.com/general/latest/gr/rande.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// CloudWatch's alarms.
    Alarms,
    /// DynamoDB's streams.
    Streams,
    /// Lambda.
    Lambda,
    /// CloudWatch's logs.
    Logs,
    /// SQS.
    Queues,
}

impl Service {
    const fn host(self) -> &'static str {
        match self {
            Service::Alarms => "monitoring",
            Service::Streams => "streams.dynamodb",
            Service::Lambda => "lambda",
            Service::Logs => "logs",
            Service::Queues => "sqs",
        }
    }

    const fn signed_as(self) -> &'static str {
        match self {
            Service::Streams => "dynamodb",
            other => other.host(),
        }
    }

    /// The prefix of the header `X-Amz-Target` and the version of the JSON protocol; Lambda has paths in their place.
    const fn target(self) -> (&'static str, &'static str) {
        match self {
            Service::Alarms => ("GraniteServiceVersion20100801", "1.0"),
            Service::Streams => ("DynamoDBStreams_20120810", "1.0"),
            Service::Lambda => ("", "1.0"),
            Service::Logs => ("Logs_20140328", "1.1"),
            Service::Queues => ("AmazonSQS", "1.0"),
        }
    }
}

/// What signs and sends.
#[derive(Clone, Debug)]
pub struct AwsApi {
    config: SdkConfig,
    wire: SharedHttpConnector,
    /// The one address of all services, if they are not at AWS's own, as with an emulator.
    endpoint: Option<String>,
}

/// What is asked of a service.
struct Call<'a> {
    service: Service,
    method: &'static str,
    path: &'a str,
    headers: &'a [(&'static str, String)],
    body: String,
}

impl<'a> Call<'a> {
    /// Lambda says by the path what is asked, and needs no header.
    fn of_lambda(method: &'static str, path: &'a str, body: &str) -> Call<'a> {
        Call {
            service: Service::Lambda,
            method,
            path,
            headers: &[],
            body: body.to_owned(),
        }
    }
}

/// An answer that is no failure.
#[derive(Debug)]
pub struct Answer {
    /// The JSON; `null` if there is none.
    pub body: Value,
    /// Lambda's header `X-Amz-Function-Error`: the function failed.
    pub function_error: bool,
}

/// Why an operation failed.
#[derive(Debug, Error)]
pub enum ApiError {
    /// The service answered, and said no.
    #[error("{code}: {message}")]
    Refused {
        /// The error's name, as `AccessDeniedException`.
        code: String,
        /// The service's words.
        message: String,
    },
    /// There are no credentials, no region, or no answer.
    #[error("{0}")]
    NotAsked(String),
}

impl ApiError {
    fn not_asked(error: impl std::error::Error + Send + Sync + 'static) -> ApiError {
        ApiError::NotAsked(aws_smithy_types::error::display::DisplayErrorContext(error).to_string())
    }
}

/// Longer than the longest run of notify, whose answer an invocation waits for.
const PATIENCE: Duration = Duration::from_secs(120);

impl AwsApi {
    /// What asks with the region and the credentials of these clients, at this address if there is one.
    pub fn new(aws: &Aws, endpoint: Option<String>) -> AwsApi {
        AwsApi {
            config: aws.config().clone(),
            wire: aws.wire(),
            endpoint: endpoint.or_else(|| aws.config().endpoint_url().map(ToOwned::to_owned)),
        }
    }

    /// Asks a service for an operation.
    ///
    /// # Errors
    /// The service's own refusal, or why it was not asked.
    pub async fn ask(&self, service: Service, operation: &str, parameters: &Value) -> Result<Value, ApiError> {
        let (prefix, version) = service.target();
        let headers = [
            ("content-type", format!("application/x-amz-json-{version}")),
            ("x-amz-target", format!("{prefix}.{operation}")),
        ];
        let call = Call {
            service,
            method: "POST",
            path: "/",
            headers: &headers,
            body: parameters.to_string(),
        };
        Ok(self.send(call).await?.body)
    }

    /// Invokes a function and waits for its answer.
    ///
    /// # Errors
    /// As [`AwsApi::ask`]. A function that failed is an answer.
    pub async fn invoke(&self, function: &str, event: &str) -> Result<Answer, ApiError> {
        let path = format!("/2015-03-31/functions/{}/invocations", encoded(function));
        self.send(Call::of_lambda("POST", &path, event)).await
    }

    /// A function's configuration, with its variables.
    ///
    /// # Errors
    /// As [`AwsApi::ask`].
    pub async fn function(&self, function: &str) -> Result<Value, ApiError> {
        let path = format!("/2015-03-31/functions/{}/configuration", encoded(function));
        Ok(self.send(Call::of_lambda("GET", &path, "")).await?.body)
    }

    /// What brings a function the records of streams and queues.
    ///
    /// # Errors
    /// As [`AwsApi::ask`].
    pub async fn event_sources(&self, function: &str) -> Result<Vec<Value>, ApiError> {
        let path = format!("/2015-03-31/event-source-mappings/?FunctionName={}", encoded(function));
        let mut answer = self.send(Call::of_lambda("GET", &path, "")).await?;
        match answer.body["EventSourceMappings"].take() {
            Value::Array(mappings) => Ok(mappings),
            _ => Ok(Vec::new()),
        }
    }

    async fn send(&self, call: Call<'_>) -> Result<Answer, ApiError> {
        let request = self.request(call).await?;
        let answered = timeout(PATIENCE, self.wire.call(request)).await;
        let answered =
            answered.map_err(|_| ApiError::NotAsked(format!("no answer came within {} s", PATIENCE.as_secs())))?;
        let mut response = answered.map_err(ApiError::not_asked)?;
        let body = collect(response.take_body()).await?;
        let body = match body.as_slice() {
            [] => Value::Null,
            body => serde_json::from_slice(body)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned())),
        };
        if !response.status().is_success() {
            let named = response.headers().get("x-amzn-errortype");
            return Err(refusal(response.status().as_u16(), named, &body));
        }
        Ok(Answer {
            body,
            function_error: response.headers().get("x-amz-function-error").is_some(),
        })
    }

    /// The request, signed. <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>
    async fn request(&self, call: Call<'_>) -> Result<HttpRequest, ApiError> {
        let Call {
            service,
            method,
            path,
            headers,
            body,
        } = call;
        let region = self.config.region().map(ToString::to_string);
        let region =
            region.ok_or_else(|| ApiError::NotAsked("no region is set: AWS_REGION, or a profile's".to_owned()))?;
        let provider = self.config.credentials_provider();
        let provider = provider.ok_or_else(|| ApiError::NotAsked("there are no credentials".to_owned()))?;
        let credentials = provider.provide_credentials().await.map_err(ApiError::not_asked)?;
        let endpoint = self.endpoint.clone().unwrap_or_else(|| address(service, &region));
        let url = format!("{}{path}", endpoint.trim_end_matches('/'));
        let identity = credentials.into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name(service.signed_as())
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(ApiError::not_asked)?;
        let to_sign = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let to_sign = SignableRequest::new(method, &url, to_sign, SignableBody::Bytes(body.as_bytes()));
        let signed = sign(to_sign.map_err(ApiError::not_asked)?, &parameters.into()).map_err(ApiError::not_asked)?;
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).map_err(ApiError::not_asked)?;
        request.set_uri(url).map_err(ApiError::not_asked)?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.clone());
        }
        for (name, value) in signed.output().headers() {
            request.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        Ok(request)
    }
}

/// Where AWS has a service. <https://docs.aws.amazon.com/general/latest/gr/rande.html>
fn address(service: Service, region: &str) -> String {
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://{}.{region}.amazonaws.com{suffix}", service.host())
}

/// A name or ARN as a part of a path.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn collect(body: SdkBody) -> Result<Vec<u8>, ApiError> {
    use http_body_util::BodyExt;
    let collected = body.collect().await;
    collected
        .map(|body| body.to_bytes().to_vec())
        .map_err(|error| ApiError::NotAsked(format!("the answer broke off: {error}")))
}

/// The name and the words of an error, which services put into different places.
fn refusal(status: u16, named: Option<&str>, body: &Value) -> ApiError {
    let named = named.or_else(|| body["__type"].as_str()).unwrap_or_default();
    let code = named
        .rsplit('#')
        .next()
        .and_then(|name| name.split(':').next())
        .unwrap_or_default();
    let message = ["message", "Message"].iter().find_map(|name| body[*name].as_str());
    ApiError::Refused {
        code: if code.is_empty() {
            status.to_string()
        } else {
            code.to_owned()
        },
        message: message
            .or_else(|| body.as_str())
            .unwrap_or("no reason is given")
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_service_is_at_its_regions_address() {
        for (service, region, url) in [
            (Service::Queues, "eu-west-1", "https://sqs.eu-west-1.amazonaws.com"),
            (
                Service::Streams,
                "us-east-1",
                "https://streams.dynamodb.us-east-1.amazonaws.com",
            ),
            (
                Service::Alarms,
                "cn-north-1",
                "https://monitoring.cn-north-1.amazonaws.com.cn",
            ),
        ] {
            assert_eq!(address(service, region), url);
        }
    }

    #[test]
    fn an_errors_name_and_words_are_found_wherever_a_service_puts_them() {
        for (named, body, text) in [
            (
                None,
                json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "gone"}),
                "QueueDoesNotExist: gone",
            ),
            (
                Some("ResourceNotFoundException:http://x"),
                json!({"Message": "no function"}),
                "ResourceNotFoundException: no function",
            ),
            (None, json!("<html>"), "503: <html>"),
            (None, Value::Null, "503: no reason is given"),
        ] {
            assert_eq!(refusal(503, named, &body).to_string(), text);
        }
    }
}
