//! Letting a socket in: one transaction that holds the chatter ID to be good and stores the connection, or does neither.
//!
//! One round trip; and no moment in which a chatter ID is revoked between the look and the write.

use crate::{
    Chatters, Connection, Refusal, StoreError, Timestamp,
    aws::NOBODY,
    backoff::with_patience,
    connections,
    item::{Row, number, string},
};
use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
        builders::ConditionCheckBuilder,
    },
};
use std::time::Duration;

/// The door: the chatters table to ask, the connections table to write.
#[derive(Clone, Debug)]
pub struct Admission {
    client: Client,
    chatters: String,
    connections: String,
}

type Failure = SdkError<TransactWriteItemsError>;

impl Admission {
    /// How far ahead an `expires_at` may lie: as long as a chatter ID may live, and a day for clocks that differ.
    const LATEST_EXPIRY: Duration = Chatters::LONGEST_LIFE.saturating_add(Duration::from_secs(24 * 3600));

    /// The door between these two tables.
    pub fn new(client: Client, chatters: impl Into<String>, connections: impl Into<String>) -> Admission {
        Admission {
            client,
            chatters: chatters.into(),
            connections: connections.into(),
        }
    }

    /// Stores the connection if its login and chatter hash are known and have not expired. An unknown login, another's
    /// chatter ID and an expired one take the same work.
    ///
    /// # Errors
    /// If a table does not answer, or other transactions keep it busy for three seconds. Nothing is stored then.
    pub async fn admit(&self, connection: &Connection) -> Result<Result<(), Refusal>, StoreError> {
        let now = Timestamp::now();
        let put = Put::builder()
            .table_name(&self.connections)
            .set_item(Some(connections::write(connection)))
            .build();
        let items = [
            TransactWriteItem::builder()
                .condition_check(self.chatter_is_good(connection, now))
                .build(),
            TransactWriteItem::builder().put(put.map_err(incomplete)?).build(),
        ];
        let transaction = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items.to_vec()));
        match with_patience(is_passing, || transaction.clone().send()).await {
            Ok(_) => Ok(Ok(())),
            Err(failure) => match refusal(&failure, now) {
                Some(refusal) => Ok(Err(refusal)),
                None => Err(StoreError::of("TransactWriteItems", &failure)),
            },
        }
    }

    /// A transaction that is sure to be refused and stores nothing: it makes the connection to DynamoDB.
    pub async fn warm_up(&self) {
        let check = self
            .condition_check(NOBODY, "-")
            .condition_expression("attribute_exists(login)");
        if let Ok(check) = check.build() {
            let item = TransactWriteItem::builder().condition_check(check).build();
            let _ = self.client.transact_write_items().transact_items(item).send().await;
        }
    }

    fn chatter_is_good(&self, connection: &Connection, now: Timestamp) -> ConditionCheck {
        self.condition_check(connection.login.as_str(), connection.chatter_hash.as_str())
            .condition_expression("expires_at > :now AND expires_at <= :latest")
            .expression_attribute_values(":now", number(now.seconds()))
            .expression_attribute_values(":latest", number((now + Self::LATEST_EXPIRY).seconds()))
            // An item that comes back tells expired from unknown, for the log alone.
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .expect("table, key and condition are set")
    }

    fn condition_check(&self, login: &str, hash: &str) -> ConditionCheckBuilder {
        let check = ConditionCheck::builder().table_name(&self.chatters);
        check.key("login", string(login)).key("chatter_hash", string(hash))
    }
}

fn incomplete(_: aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Failed {
        operation: "TransactWriteItems",
        code: "the request could not be built".to_owned(),
    }
}

fn reasons(failure: &Failure) -> &[CancellationReason] {
    match failure.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
        _ => &[],
    }
}

/// Whether it may pass by itself: other transactions on the same items, or too many requests at once.
fn is_passing(failure: &Failure) -> bool {
    const PASSING: [&str; 5] = [
        "TransactionConflict",
        "TransactionInProgressException",
        "ThrottlingError",
        "ThrottlingException",
        "ProvisionedThroughputExceeded",
    ];
    let codes = reasons(failure)
        .iter()
        .filter_map(CancellationReason::code)
        .chain(failure.code());
    failed_condition(failure).is_none() && codes.into_iter().any(|code| PASSING.contains(&code))
}

fn failed_condition(failure: &Failure) -> Option<&CancellationReason> {
    let mut reasons = reasons(failure).iter();
    reasons.find(|reason| reason.code() == Some("ConditionalCheckFailed"))
}

/// What the failure says of the credentials, which were held against this moment. A failed condition is a refusal
/// whatever else went wrong beside it.
fn refusal(failure: &Failure, now: Timestamp) -> Option<Refusal> {
    let reason = failed_condition(failure)?;
    let item = reason.item.as_ref().filter(|item| !item.is_empty());
    let expiry = item.map(|item| {
        let chatter = Row {
            table: "chatters",
            item,
        };
        chatter.integer("expires_at")
    });
    Some(match expiry {
        None => Refusal::Unknown,
        Some(Ok(expires_at)) if expires_at <= now.seconds() => Refusal::Expired,
        Some(_) => Refusal::BadExpiry,
    })
}

#[cfg(test)]
mod tests;
