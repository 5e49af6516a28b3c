//! `send`: tells the open sockets of a login. The pipeline invokes it with `{"login", "topic", "id", "body"}`.

use aws_sdk_apigatewaymanagement::{Client as Sockets, error::DisplayErrorContext, primitives::Blob};
use aws_sdk_dynamodb::{Client as Tables, types::AttributeValue};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = tutorial::aws().await;
    let (tables, sockets) = (Tables::new(&config), Sockets::new(&config));
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        send(&tables, &sockets, &event.payload).await
    }))
    .await
}

async fn send(tables: &Tables, sockets: &Sockets, event: &Value) -> Result<Value, Error> {
    // Breaks R1, docs/protocol.md#r1-record-then-read-then-post: nothing is recorded, so who is not on the list in this
    // moment never learns of it. An index cannot be read strongly consistently, and only one page of it is read.
    let login = event["login"].as_str().unwrap_or_default();
    let query = tables
        .query()
        .table_name(tutorial::TABLE)
        .index_name(tutorial::BY_LOGIN);
    let query = query
        .key_condition_expression("login = :login")
        .expression_attribute_values(":login", AttributeValue::S(login.to_owned()));
    let rows = query.send().await?;

    // Breaks R4, docs/protocol.md#r4-the-cursor-waits-at-a-gap: the message has no version and does not say what came
    // before it, so the page cannot see that something is missing.
    let message = json!({"topic": event["topic"], "id": event["id"], "body": event["body"]}).to_string();
    for row in rows.items() {
        let id = row["connection_id"].as_s().map_err(|_| "connection_id is no string")?;
        let post = sockets.post_to_connection().connection_id(id);
        match post.data(Blob::new(message.as_bytes())).send().await {
            Ok(_) => {}
            Err(error) if error.as_service_error().is_some_and(|error| error.is_gone_exception()) => {
                // Breaks R3, docs/protocol.md#r3-a-410-for-a-young-row-is-not-a-dead-socket: a socket that is just opening
                // is answered 410 too, and loses its row. It is open a moment later, and on no list.
                delete(tables, id).await?;
            }
            // Breaks R7, docs/protocol.md#r7-a-failed-post-keeps-its-row: the row is kept, but the rest of the login's
            // sockets is passed over, and no page asks later. If the caller tries again, the first ones hear it twice.
            Err(error) => return Err(DisplayErrorContext(error).to_string().into()),
        }
    }
    Ok(json!({"statusCode": 200, "body": "Data sent."}))
}

// Breaks R6, docs/protocol.md#r6-a-socket-without-a-row-reconnects: if the socket is open after all, nothing ever tells it
// that its row is gone. There is no route on which it could ask.
async fn delete(tables: &Tables, id: &str) -> Result<(), Error> {
    let delete = tables.delete_item().table_name(tutorial::TABLE);
    delete
        .key("connection_id", AttributeValue::S(id.to_owned()))
        .send()
        .await?;
    Ok(())
}
