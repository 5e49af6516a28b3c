//! Issues a chatter ID: what a site's backend does at login.
//!   cargo add aws-config aws-sdk-dynamodb sha2 && cargo add aws-smithy-http-client --features rustls-ring
//!   cargo add tokio --features macros,rt && cargo add uuid --features v4
//!   CHATTERS_TABLE=… cargo run LOGIN
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program on its own, outside of Chatterbox"
)]

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use sha2::{Digest, Sha256};
use std::{
    error::Error,
    time::{SystemTime, UNIX_EPOCH},
};

const DAYS: u64 = 30;

async fn issue(dynamodb: &Client, table: &str, login: &str) -> Result<String, Box<dyn Error>> {
    let chatter_id = uuid::Uuid::new_v4().to_string();
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let number = |seconds: u64| AttributeValue::N(seconds.to_string());
    let hash: String = Sha256::digest(&chatter_id)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let put = dynamodb.put_item().table_name(table);
    put.item("login", AttributeValue::S(login.to_owned()))
        .item("chatter_hash", AttributeValue::S(hash))
        .item("issued_at", number(now))
        .item("expires_at", number(now + DAYS * 24 * 3600))
        .send()
        .await?;
    Ok(chatter_id) // For this user alone; it is stored nowhere.
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let login = std::env::args().nth(1).ok_or("issue LOGIN")?;
    // With the default features of aws-config, `load_defaults` brings an HTTP client and there is no need for this one.
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http.build_https());
    let dynamodb = Client::new(&config.load().await);
    println!("{}", issue(&dynamodb, &std::env::var("CHATTERS_TABLE")?, &login).await?);
    Ok(())
}
