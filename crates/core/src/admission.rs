//! Letting a socket in: one transaction that holds the chatter ID to be good and stores the connection, or does neither.
//!
//! One round trip; and no moment in which a chatter ID is revoked between the look and the write.

use crate::{
    Connection, Refusal, StoreError, Timestamp,
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

/// The door: the chatters table to ask, the connections table to write.
#[derive(Clone, Debug)]
pub struct Admission {
    client: Client,
    chatters: String,
    connections: String,
}

type Failure = SdkError<TransactWriteItemsError>;

impl Admission {
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
            Err(failure) => match refusal(&failure) {
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
            .condition_expression("expires_at > :now")
            .expression_attribute_values(":now", number(now.seconds()))
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
    refusal(failure).is_none() && codes.into_iter().any(|code| PASSING.contains(&code))
}

/// What the failure says of the credentials. A failed condition is a refusal whatever else went wrong beside it.
fn refusal(failure: &Failure) -> Option<Refusal> {
    let reason = reasons(failure)
        .iter()
        .find(|reason| reason.code() == Some("ConditionalCheckFailed"))?;
    let item = reason.item.as_ref().filter(|item| !item.is_empty());
    let had_expiry = item.is_some_and(|item| {
        Row {
            table: "chatters",
            item,
        }
        .integer("expires_at")
        .is_ok()
    });
    Some(if had_expiry { Refusal::Expired } else { Refusal::Unknown })
}

#[cfg(test)]
mod tests;
