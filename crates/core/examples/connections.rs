//! Calls `@connections` by AWS's SDK for Rust as its argument, JSON, says, and prints what came of it: `{"value": …}`, or
//! `{"error": …}` with the code by which the SDK names the error. The gateway's conformance suite runs it beside other SDKs.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for tests, whose output is its answer"
)]

use std::{env, error::Error, fs};

use aws_credential_types::Credentials;
use aws_sdk_apigatewaymanagement::{
    Client,
    config::{BehaviorVersion, Region},
    error::{ProvideErrorMetadata, SdkError},
    operation::get_connection::GetConnectionOutput,
    primitives::{Blob, DateTimeFormat},
    types::Identity,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let argument = env::args().nth(1).ok_or("the argument is missing")?;
    let request: Value = serde_json::from_str(&argument)?;
    let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
    let client = client(text("endpoint"), text("region"));
    let id = text("id");
    let outcome = match &*text("action") {
        "post" => {
            let data = Blob::new(fs::read(text("data"))?);
            let posted = client.post_to_connection().connection_id(id).data(data).send().await;
            posted.map(|_| json!({})).map_err(name)
        }
        "get" => {
            let found = client.get_connection().connection_id(id).send().await;
            found.map(|found| described(&found)).map_err(name)
        }
        _ => {
            let deleted = client.delete_connection().connection_id(id).send().await;
            deleted.map(|_| json!({})).map_err(name)
        }
    };
    let answer = outcome.map_or_else(|error| json!({"error": error}), |value| json!({"value": value}));
    println!("{answer}");
    Ok(())
}

fn client(endpoint: String, region: String) -> Client {
    let variable = |name: &str| env::var(name).ok();
    let credentials = Credentials::new(
        variable("AWS_ACCESS_KEY_ID").unwrap_or_default(),
        variable("AWS_SECRET_ACCESS_KEY").unwrap_or_default(),
        variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    let config = aws_sdk_apigatewaymanagement::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(region))
        .credentials_provider(credentials)
        .http_client(http.build_https());
    Client::from_conf(config.build())
}

/// A socket, by the names of AWS's model. What has not come is left out.
fn described(found: &GetConnectionOutput) -> Value {
    let mut value = json!({"Identity": {"SourceIp": found.identity().map(Identity::source_ip)}});
    for (name, time) in [
        ("ConnectedAt", found.connected_at()),
        ("LastActiveAt", found.last_active_at()),
    ] {
        if let Some(time) = time.and_then(|time| time.fmt(DateTimeFormat::DateTime).ok()) {
            value[name] = json!(time);
        }
    }
    value
}

/// The name by which the SDK knows an error: what a program matches on.
fn name<E: ProvideErrorMetadata>(error: SdkError<E>) -> String {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    code.unwrap_or("no code").to_owned()
}
