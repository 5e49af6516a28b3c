//! `$disconnect`: deletes the row of the socket.

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let tables = Client::new(&tutorial::aws().await);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        disconnect(&tables, &event.payload).await
    }))
    .await
}

async fn disconnect(tables: &Client, event: &Value) -> Result<Value, Error> {
    let id = event["requestContext"]["connectionId"].as_str().unwrap_or_default();
    let delete = tables.delete_item().table_name(tutorial::TABLE);
    delete
        .key("connection_id", AttributeValue::S(id.to_owned()))
        .send()
        .await?;
    Ok(json!({"statusCode": 200, "body": "Disconnected."}))
}
