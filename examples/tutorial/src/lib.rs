//! A WebSocket push as tutorials build it: `$connect` stores a row, `$disconnect` deletes it, and whoever has news queries
//! the rows and posts to each of them in a loop. The page shows what comes, and reconnects when its socket ends.
//!
//! The functions are AWS's sample `simple-websockets-chat-app` (<https://github.com/aws-samples/simple-websockets-chat-app>)
//! in Rust. What it does not have, since everybody there is in one room, is the login: here, as in many posts that follow the
//! sample, it comes from the query string, is stored in the row, and is what an index is for.
//!
//! It works, and on a quiet day nobody sees what it loses. Where it breaks a rule of Chatterbox's protocol, a comment names
//! the rule. `make compare` counts what is lost by it.

mod page;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
pub use page::Page;

/// The table of the open sockets. Its key is `connection_id`.
pub const TABLE: &str = "connections";
/// The index of that table by login.
pub const BY_LOGIN: &str = "by_login";

/// Region, credentials and endpoints from the environment, with the SDK's own time-outs and retries.
pub async fn aws() -> SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    let config = aws_config::defaults(BehaviorVersion::latest());
    config.http_client(http.build_https()).load().await
}
