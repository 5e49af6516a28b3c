//! Admission of a socket: one transaction that checks the chatter ID and stores the connection, or does neither.
//!
//! It takes one round trip, and a chatter ID cannot be revoked between the check and the write.

use crate::{
    Chatters, Connection, Refusal, StoreError, Timestamp,
    backoff::with_patience,
    tables::connections,
    tables::item::{NOBODY, Row, number, string},
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

/// Admission by the chatters table, which is asked, into the connections table, which is written.
#[derive(Clone, Debug)]
pub struct Admission {
    client: Client,
    chatters: String,
    connections: String,
}

/// The outcome of a handshake that DynamoDB has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The connection is stored.
    Admitted,
    /// Nothing is stored.
    Refused(Refusal),
}

type Failure = SdkError<TransactWriteItemsError>;

impl Admission {
    /// The furthest in the future that an `expires_at` may lie: the longest life of a chatter ID, and a day for clocks that
    /// differ.
    const LATEST_EXPIRY: Duration = Chatters::LONGEST_LIFE.saturating_add(Duration::from_secs(24 * 3600));

    /// Admission by these two tables.
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
    pub async fn admit(&self, connection: &Connection) -> Result<Verdict, StoreError> {
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
            Ok(_) => Ok(Verdict::Admitted),
            Err(failure) => match refusal(&failure, now) {
                Some(refusal) => Ok(Verdict::Refused(refusal)),
                None => Err(StoreError::of("TransactWriteItems", &failure)),
            },
        }
    }

    /// Makes the connection to DynamoDB, by a transaction that is sure to be refused and stores nothing.
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
            // After a failed check, an item that comes back has a wrong or past `expires_at`; no item means an unknown login
            // or chatter ID. The log and the metrics tell these apart, the status does not.
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

/// Whether a retry may succeed: other transactions held the same items, or there were too many requests at once.
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

/// The refusal in a failure of the transaction at this time; `None` if it was no refusal. A failed condition is one,
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
