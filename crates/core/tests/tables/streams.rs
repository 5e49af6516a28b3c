//! The tables' streams.

use crate::store::store;
use chatterbox_core::schema::{self, OUTBOX, Stream, Table};

async fn view_type(client: &aws_sdk_dynamodb::Client, table: &str) -> Option<String> {
    let described = client.describe_table().table_name(table).send().await.unwrap();
    let stream = described.table.unwrap().stream_specification?;
    assert!(stream.stream_enabled);
    stream.stream_view_type.map(|kind| kind.as_str().to_owned())
}

#[tokio::test]
async fn the_chatters_have_a_stream_of_keys_and_the_outbox_one_of_items() {
    let client = store().await.client;
    assert_eq!(view_type(&client, "chatters").await.as_deref(), Some("KEYS_ONLY"));
    assert_eq!(view_type(&client, "connections").await, None);
    schema::create(&client, &OUTBOX).await.unwrap();
    assert_eq!(
        view_type(&client, "outbox").await.as_deref(),
        Some("NEW_AND_OLD_IMAGES")
    );
}

#[tokio::test]
async fn a_table_that_was_made_without_its_stream_gets_it_once() {
    let client = store().await.client;
    let before = Table {
        name: "made-before",
        stream: None,
        ..OUTBOX
    };
    schema::create(&client, &before).await.unwrap();
    assert_eq!(view_type(&client, before.name).await, None);
    let now = Table {
        stream: Some(Stream::Keys),
        ..before
    };
    let mut arns = Vec::new();
    for _ in 0..2 {
        schema::create(&client, &now).await.unwrap();
        assert_eq!(view_type(&client, now.name).await.as_deref(), Some("KEYS_ONLY"));
        let described = client.describe_table().table_name(now.name).send().await.unwrap();
        arns.push(described.table.unwrap().latest_stream_arn);
    }
    assert_eq!(arns[0], arns[1], "the stream that it has stays");
}
