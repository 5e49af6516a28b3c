//! The rows of the table `connections`, which both systems have.

use crate::Result;
use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType,
    },
};
use std::collections::HashSet;
use tutorial::{BY_LOGIN, TABLE};

/// The connection IDs of all rows.
pub(crate) async fn read(tables: &Client) -> Result<HashSet<String>> {
    let scan = tables.scan().table_name(TABLE).consistent_read(true);
    let mut items = scan.into_paginator().items().send();
    let mut ids = HashSet::new();
    while let Some(item) = items.try_next().await? {
        ids.extend(item.get("connection_id").and_then(|id| id.as_s().ok()).cloned());
    }
    Ok(ids)
}

/// Creates the tutorial's table. Chatterbox has its own way to create those it has.
pub(crate) async fn create_table_of_tutorial(tables: &Client) -> Result<()> {
    let attribute = |name| {
        let definition = AttributeDefinition::builder().attribute_name(name);
        definition.attribute_type(ScalarAttributeType::S).build()
    };
    let key = |name| {
        let key = KeySchemaElement::builder().attribute_name(name);
        key.key_type(KeyType::Hash).build()
    };
    let all = Projection::builder().projection_type(ProjectionType::All).build();
    let index = GlobalSecondaryIndex::builder()
        .index_name(BY_LOGIN)
        .key_schema(key("login")?)
        .projection(all);
    tables
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("connection_id")?)
        .attribute_definitions(attribute("login")?)
        .key_schema(key("connection_id")?)
        .global_secondary_indexes(index.build()?)
        .send()
        .await?;
    Ok(())
}
