//! The tables' schema, for the local system and the tests, which create them. In AWS the CDK app does.

use crate::{StoreError, Tables, tables::connections::BY_CONNECTION_ID};
use aws_sdk_dynamodb::{
    Client,
    error::{BuildError, SdkError},
    operation::create_table::CreateTableError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
    },
};

/// A table's keys; every key is a string.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// The table's name.
    pub name: &'a str,
    /// The attribute that is the partition key.
    pub partition_key: &'static str,
    /// The attribute that is the sort key, if there is one.
    pub sort_key: Option<&'static str>,
    /// An index's name and its partition key. It projects the keys only.
    pub index: Option<(&'static str, &'static str)>,
    /// The stream of its changes, if it has one.
    pub stream: Option<Stream>,
}

/// The stream of a table's changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Its records hold the keys of the item that was changed.
    Keys,
    /// They also hold the item as it was before the change and as it is after.
    KeysAndItems,
}

impl Stream {
    /// DynamoDB's name for it.
    pub fn view_type(self) -> &'static str {
        match self {
            Stream::Keys => "KEYS_ONLY",
            Stream::KeysAndItems => "NEW_AND_OLD_IMAGES",
        }
    }
}

/// The outbox, which a pipeline puts events into and no function reads: its stream brings them to notify.
pub const OUTBOX: Table<'static> = Table {
    name: "outbox",
    partition_key: "id",
    sort_key: None,
    index: None,
    // notify compares an item's event with the one before it.
    stream: Some(Stream::KeysAndItems),
};

/// The attribute by which items expire, in seconds since 1970.
pub const EXPIRY: &str = "expires_at";

/// The three tables that functions use, by these names.
pub fn tables(names: &Tables) -> [Table<'_>; 3] {
    let table = |name, sort_key| Table {
        name,
        partition_key: "login",
        sort_key,
        index: None,
        stream: None,
    };
    [
        Table {
            // revoke needs the keys of items that were removed, and no more.
            stream: Some(Stream::Keys),
            ..table(names.chatters.as_str(), Some("chatter_hash"))
        },
        Table {
            index: Some((BY_CONNECTION_ID, "connection_id")),
            ..table(names.connections.as_str(), Some("connection_id"))
        },
        table(names.updates.as_str(), None),
    ]
}

/// Creates the three tables where they do not exist yet.
///
/// # Errors
/// If DynamoDB does not do it.
pub async fn create_tables(client: &Client, names: &Tables) -> Result<(), StoreError> {
    for table in tables(names) {
        create(client, &table).await?;
    }
    Ok(())
}

/// Creates a table where it does not exist yet. One that exists and lacks its stream gets it.
///
/// # Errors
/// If DynamoDB does not do it.
pub async fn create(client: &Client, table: &Table<'_>) -> Result<(), StoreError> {
    let request = request(client, table).map_err(|_| StoreError::Failed {
        operation: "CreateTable",
        code: "the request could not be built".to_owned(),
    })?;
    match request.send().await {
        Ok(_) => {}
        Err(error) if exists(&error) => return add_stream(client, table).await,
        Err(error) => return Err(StoreError::of("CreateTable", &error)),
    }
    let expiry = TimeToLiveSpecification::builder()
        .attribute_name(EXPIRY)
        .enabled(true)
        .build();
    let enable = client
        .update_time_to_live()
        .table_name(table.name)
        .set_time_to_live_specification(expiry.ok());
    enable
        .send()
        .await
        .map(drop)
        .map_err(|error| StoreError::of("UpdateTimeToLive", &error))
}

/// Gives an existing table its stream. An earlier version of Chatterbox has made `chatters` without one.
async fn add_stream(client: &Client, table: &Table<'_>) -> Result<(), StoreError> {
    let Some(stream) = table.stream else {
        return Ok(());
    };
    let described = client.describe_table().table_name(table.name).send().await;
    let described = described.map_err(|error| StoreError::of("DescribeTable", &error))?;
    let has_stream = described
        .table
        .and_then(|table| table.stream_specification)
        .is_some_and(|stream| stream.stream_enabled);
    if has_stream {
        return Ok(());
    }
    let update = client
        .update_table()
        .table_name(table.name)
        .set_stream_specification(specification(stream).ok());
    update
        .send()
        .await
        .map(drop)
        .map_err(|error| StoreError::of("UpdateTable", &error))
}

fn specification(stream: Stream) -> Result<StreamSpecification, BuildError> {
    StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::from(stream.view_type()))
        .build()
}

fn exists(error: &SdkError<CreateTableError>) -> bool {
    error
        .as_service_error()
        .is_some_and(CreateTableError::is_resource_in_use_exception)
}

fn request(
    client: &Client,
    table: &Table<'_>,
) -> Result<aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder, BuildError> {
    let key = |name: &str, key_type| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(key_type)
            .build()
    };
    let mut request = client
        .create_table()
        .table_name(table.name)
        .billing_mode(BillingMode::PayPerRequest);
    request = request.key_schema(key(table.partition_key, KeyType::Hash)?);
    if let Some(sort_key) = table.sort_key {
        request = request.key_schema(key(sort_key, KeyType::Range)?);
    }
    if let Some((name, partition_key)) = table.index {
        let only_keys = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
        let index = GlobalSecondaryIndex::builder().index_name(name).projection(only_keys);
        request = request.global_secondary_indexes(index.key_schema(key(partition_key, KeyType::Hash)?).build()?);
    }
    if let Some(stream) = table.stream {
        request = request.stream_specification(specification(stream)?);
    }
    for name in std::iter::once(table.partition_key).chain(table.sort_key) {
        let attribute = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S);
        request = request.attribute_definitions(attribute.build()?);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::dynamodb;
    use serde_json::{Value, json};

    /// What becomes of a table's creation if DynamoDB refuses it with this error.
    async fn created(error: &'static str) -> Result<(), StoreError> {
        let client = dynamodb(move |_, body| {
            let request: Value = serde_json::from_str(body).unwrap();
            if request.get("KeySchema").is_some() {
                return (400, json!({"__type": error}).to_string());
            }
            let has_stream = json!({"StreamSpecification": {"StreamEnabled": true}});
            (200, json!({"Table": has_stream}).to_string())
        });
        create(&client, &OUTBOX).await
    }

    #[tokio::test]
    async fn a_table_that_exists_is_as_good_as_created_and_any_other_refusal_is_an_error() {
        assert_eq!(created("ResourceInUseException").await, Ok(()));
        for code in ["LimitExceededException", "AccessDeniedException"] {
            let refused = StoreError::Failed {
                operation: "CreateTable",
                code: code.to_owned(),
            };
            assert_eq!(created(code).await, Err(refused));
        }
    }
}
