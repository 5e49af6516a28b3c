//! `$connect`: stores a row for the socket.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let tables = Client::new(&tutorial::aws().await);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        connect(&tables, &event.payload).await
    }))
    .await
}

async fn connect(tables: &Client, event: &Value) -> Result<Value, Error> {
    let text = |value: &Value| AttributeValue::S(value.as_str().unwrap_or_default().to_owned());
    // The row is stored before the socket opens, as it has to be. It has no expiry: what `$disconnect` misses stays.
    let put = tables.put_item().table_name(tutorial::TABLE);
    put.item("connection_id", text(&event["requestContext"]["connectionId"]))
        // Whoever says that this is their login is believed.
        .item("login", text(&event["queryStringParameters"]["login"]))
        .send()
        .await?;
    Ok(json!({"statusCode": 200, "body": "Connected."}))
}
