//! Baseline: notify as one would first write it in Rust, with the SDK's defaults and a loop with several posts at a time. It
//! records the update and reads the rows as Chatterbox does, so that only the posting differs.

use aws_config::BehaviorVersion;
use aws_sdk_apigatewaymanagement::{Client as Sockets, primitives::Blob};
use aws_sdk_dynamodb::{Client as Tables, types::AttributeValue};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use futures_util::{StreamExt, stream};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

/// Posts under way at once, as many as Chatterbox's.
const AT_ONCE: usize = 64;

#[derive(Deserialize)]
struct Event {
    login: Option<String>,
    #[serde(default)]
    logins: Vec<String>,
    body: Value,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let shared = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .load()
        .await;
    let (tables, sockets) = (Tables::new(&shared), Sockets::new(&shared));
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Event>| {
        let Event { login, logins, body } = event.payload;
        let mut sent = 0;
        for login in login.into_iter().chain(logins) {
            sent += tell(&tables, &sockets, &login, &body).await?;
        }
        Ok::<_, Error>(json!({"sent": sent}))
    }))
    .await
}

async fn tell(tables: &Tables, sockets: &Sockets, login: &str, body: &Value) -> Result<usize, Error> {
    let login_value = AttributeValue::S(login.to_owned());
    let update = tables
        .update_item()
        .table_name("baselines")
        .key("login", login_value.clone());
    update
        .update_expression("SET newest = :body ADD version :one")
        .expression_attribute_values(":body", AttributeValue::S(body.to_string()))
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
        .send()
        .await?;
    let query = tables.query().table_name("connections").consistent_read(true);
    let query = query
        .key_condition_expression("login = :login")
        .expression_attribute_values(":login", login_value);
    let rows: Vec<_> = query.into_paginator().items().send().collect::<Result<_, _>>().await?;
    let text = json!({"type": "stats-updated", "login": login, "body": body}).to_string();
    let posts = stream::iter(&rows).map(async |row| {
        let id = row.get("connection_id").and_then(|id| id.as_s().ok());
        let post = sockets.post_to_connection().set_connection_id(id.cloned());
        post.data(Blob::new(text.as_bytes())).send().await.is_ok()
    });
    let posted: Vec<bool> = posts.buffer_unordered(AT_ONCE).collect().await;
    Ok(posted.into_iter().filter(|sent| *sent).count())
}
