//! The tables: their keys, their expiry, their streams, and what is in them that cannot be right.

use super::Check;
use crate::place::Place;
use aws_sdk_dynamodb::{
    Client,
    error::DisplayErrorContext,
    types::{AttributeValue, KeyType, TableDescription, TimeToLiveStatus},
};
use chatterbox_core::{Chatters, StoreError, Timestamp, schema};

/// How many chatter IDs are looked at.
const SAMPLE: i32 = 100;

/// The check of a table that does not answer.
pub(super) fn no_answer(table: &'static str, error: &StoreError) -> Check {
    Check::error(table, &error.to_string())
}

/// Looks at each table, and at some chatter IDs.
pub(super) async fn look(place: &Place) -> Vec<Check> {
    let dynamodb = place.aws.dynamodb();
    let mut checks = Vec::new();
    let labels = ["table chatters", "table connections", "table updates"];
    for (label, table) in labels.into_iter().zip(schema::tables(&place.tables)) {
        checks.push(table_is_right(&dynamodb, label, &table).await);
    }
    checks.push(expiries(&dynamodb, &place.tables.chatters).await);
    checks
}

async fn table_is_right(dynamodb: &Client, label: &'static str, table: &schema::Table<'_>) -> Check {
    let described = match dynamodb.describe_table().table_name(table.name).send().await {
        Ok(answer) => answer.table.unwrap_or_else(|| TableDescription::builder().build()),
        Err(error) => return Check::error(label, &format!("{}: {}", table.name, DisplayErrorContext(error))),
    };
    let key = |kind: KeyType| {
        let keys = described.key_schema().iter();
        keys.clone()
            .find(|key| key.key_type == kind)
            .map(|key| key.attribute_name.as_str())
    };
    let (partition, sort) = (key(KeyType::Hash), key(KeyType::Range));
    if partition != Some(table.partition_key) || sort != table.sort_key {
        let found = format!(
            "{} has the keys {partition:?} and {sort:?} in place of {:?} and {:?}",
            table.name, table.partition_key, table.sort_key
        );
        return Check::wrong(
            label,
            found,
            "It is another table: compare the functions' settings with the outputs of the stack.",
        );
    }
    let has_index = |name: &str| {
        described
            .global_secondary_indexes()
            .iter()
            .any(|index| index.index_name() == Some(name))
    };
    if let Some((index, _)) = table.index
        && !has_index(index)
    {
        return Check::wrong(
            label,
            format!("{} lacks the index {index}", table.name),
            "Deploy again: disconnect finds rows by it.",
        );
    }
    let streams = described
        .stream_specification()
        .is_some_and(|stream| stream.stream_enabled);
    if table.stream.is_some() && !streams {
        let remedy = "Deploy again, or switch it on with the view type that infra/lib says: revoke is told by it of chatter IDs that were deleted.";
        return Check::wrong(label, format!("the stream of {} is off", table.name), remedy);
    }
    expiry_is_on(dynamodb, label, table.name).await
}

async fn expiry_is_on(dynamodb: &Client, label: &'static str, table: &str) -> Check {
    let asked = match dynamodb.describe_time_to_live().table_name(table).send().await {
        Ok(answer) => answer.time_to_live_description,
        Err(error) => return Check::error(label, &format!("{table}: {}", DisplayErrorContext(error))),
    };
    let is_on = asked.as_ref().is_some_and(|ttl| {
        let status = ttl.time_to_live_status();
        let is_on = matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling));
        is_on && ttl.attribute_name() == Some(schema::EXPIRY)
    });
    if is_on {
        return Check::right(
            label,
            format!("{table} has its keys, and items expire by {}", schema::EXPIRY),
        );
    }
    let remedy = format!(
        "aws dynamodb update-time-to-live --table-name {table} --time-to-live-specification Enabled=true,AttributeName={}. Nothing breaks without it; the table grows.",
        schema::EXPIRY
    );
    Check::wrong(
        label,
        format!(
            "the time to live of {table} is off, or on another attribute than {}",
            schema::EXPIRY
        ),
        remedy,
    )
}

/// Looks for chatter IDs whose expiry cannot be meant: in milliseconds, or no number.
async fn expiries(dynamodb: &Client, table: &str) -> Check {
    const WHAT: &str = "chatter IDs";
    let scanned = match dynamodb.scan().table_name(table).limit(SAMPLE).send().await {
        Ok(answer) => answer.items.unwrap_or_default(),
        Err(error) => return Check::error(WHAT, &DisplayErrorContext(error).to_string()),
    };
    let latest = (Timestamp::now() + Chatters::LONGEST_LIFE).seconds();
    let is_wrong = |expiry: Option<&AttributeValue>| match expiry {
        None => false,
        Some(value) => value
            .as_n()
            .ok()
            .and_then(|number| number.parse::<i64>().ok())
            .is_none_or(|seconds| !(0..=latest).contains(&seconds)),
    };
    let wrong = scanned.iter().filter(|item| is_wrong(item.get(schema::EXPIRY))).count();
    if wrong == 0 {
        return Check::right(
            WHAT,
            format!(
                "the expiry of each of {} that were looked at is in seconds",
                scanned.len()
            ),
        );
    }
    Check::known(
        WHAT,
        &format!(
            "{wrong} of {} that were looked at have an expiry that cannot be meant",
            scanned.len()
        ),
        "refusal",
        "bad-expiry",
    )
}
