//! Admission of a socket: one transaction that checks the chatter ID and stores the connection, or does neither.
//!
//! It takes one round trip, and a chatter ID cannot be revoked between the check and the write. Beside it the login's
//! connections are counted. A refused transaction costs four units and more, and holds its items for a moment. So a function
//! that has refused anybody within the last minute reads before it writes, first the chatter, which costs one unit: a flood of
//! wrong credentials is cheap, and locks nobody out.

use crate::{
    Chatters, Connection, Connections, Login, Refusal, Standing, StoreError, Timestamp,
    backoff::{with_patience, with_tries},
    lock::lock,
    tables::item::{NOBODY, number},
    tables::store_error::{CONFLICTS, THROTTLING},
};
use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, ConditionCheck, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::Instant;

/// Admission by the chatters table, which is asked, into the connections table, which is written.
#[derive(Clone, Debug)]
pub struct Admission {
    client: Client,
    chatters: Chatters,
    connections: Connections,
    /// The same table, for the count.
    counted: Connections,
    /// A login that has as many connections is refused another.
    most: usize,
    /// When this process last refused a handshake.
    refused: Arc<Mutex<Option<Instant>>>,
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
    /// How long after a refusal everything is read before the transaction.
    const WARY: Duration = Duration::from_secs(60);

    /// A login is refused another socket when it has the cap ([`Notifier::max_connections_per_login`](crate::Notifier)) times this.
    /// notify enforces the cap itself, but only at the login's next update: until then a login may have more rows, such as those
    /// of sockets that ended without `$disconnect`.
    pub const TIMES_THE_CAP: usize = 5;

    /// How long a handshake waits for the count. It mostly comes before the transaction has ended.
    const COUNT_PATIENCE: Duration = Duration::from_millis(500);

    /// Admission by these two tables, for logins to which notify leaves so many sockets.
    pub fn new(
        client: Client,
        chatters: impl Into<String>,
        connections: impl Into<String>,
        max_connections_per_login: usize,
    ) -> Admission {
        let connections = connections.into();
        // A table that throttles is asked at most three times for one handshake: once to count, and twice to decide.
        let twice = with_tries(&client, 2);
        Admission {
            counted: Connections::new(with_tries(&client, 1), &connections),
            chatters: Chatters::new(twice.clone(), chatters),
            client: twice,
            connections: Connections::new(client, connections),
            most: max_connections_per_login.saturating_mul(Self::TIMES_THE_CAP),
            refused: Arc::default(),
        }
    }

    /// Stores the connection if its login and chatter hash are known and have not expired, and the login has not too many
    /// sockets. An unknown login, another's chatter ID and an expired one take the same work.
    ///
    /// # Errors
    /// If a table does not answer, or other transactions keep it busy for three seconds. Nothing is stored then.
    pub async fn admit(&self, connection: &Connection) -> Result<Verdict, StoreError> {
        let now = Timestamp::now();
        let is_wary = lock(&self.refused).is_some_and(|refused| refused.elapsed() < Self::WARY);
        let verdict = if is_wary {
            self.look_first(connection, now).await?
        } else {
            self.count_beside(connection, now).await?
        };
        if matches!(verdict, Verdict::Refused(_)) {
            *lock(&self.refused) = Some(Instant::now());
        }
        Ok(verdict)
    }

    /// In calm: the transaction, and the count beside it. A connection beyond what its login may have is deleted again.
    async fn count_beside(&self, connection: &Connection, now: Timestamp) -> Result<Verdict, StoreError> {
        let (verdict, are_too_many) = tokio::join!(self.decide(connection, now), self.are_too_many(&connection.login));
        if verdict != Ok(Verdict::Admitted) || !are_too_many {
            return verdict;
        }
        if let Err(error) = self.connections.forget(&connection.login, &connection.id).await {
            tracing::warn!(connection_id = %connection.id, %error, "the row of a refused socket was not deleted; it goes at a 410, or expires");
        }
        Ok(Verdict::Refused(Refusal::TooManySockets))
    }

    /// After a refusal: what the transaction would refuse is read first, then the connections are counted, then it is decided.
    async fn look_first(&self, connection: &Connection, now: Timestamp) -> Result<Verdict, StoreError> {
        let standing = self
            .chatters
            .standing(&connection.login, &connection.chatter_hash)
            .await?;
        if let Some(refusal) = Refusal::by(standing) {
            return Ok(Verdict::Refused(refusal));
        }
        if self.are_too_many(&connection.login).await {
            return Ok(Verdict::Refused(Refusal::TooManySockets));
        }
        self.decide(connection, now).await
    }

    /// Whether a login has as many connections as it may. What cannot be counted, or not in time, is let pass: the count is there
    /// against thousands, and refuses no good handshake because of a table that is slow.
    async fn are_too_many(&self, login: &Login) -> bool {
        let count = tokio::time::timeout(Self::COUNT_PATIENCE, self.counted.are_at_least(login, self.most));
        let problem = match count.await {
            Ok(Ok(are_too_many)) => return are_too_many,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(
            error = problem,
            "a login's sockets were not counted; the handshake goes on without"
        );
        false
    }

    /// The transaction, which decides.
    async fn decide(&self, connection: &Connection, now: Timestamp) -> Result<Verdict, StoreError> {
        let items = [
            TransactWriteItem::builder()
                .condition_check(self.chatter_is_good(connection, now))
                .build(),
            TransactWriteItem::builder()
                .put(self.connections.put(connection).map_err(incomplete)?)
                .build(),
        ];
        let transaction = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items.to_vec()));
        match with_patience(is_passing, || transaction.clone().send()).await {
            Ok(_) => Ok(Verdict::Admitted),
            Err(failure) => match refusal(&failure, now) {
                Some(refusal) => Ok(Verdict::Refused(refusal)),
                None => Err(undecided(&failure)),
            },
        }
    }

    /// Makes the connection to DynamoDB, by a transaction that is sure to be refused and stores nothing.
    pub async fn warm_up(&self) {
        let check = self
            .chatters
            .condition_check(NOBODY, "-")
            .condition_expression("attribute_exists(login)");
        if let Ok(check) = check.build() {
            let item = TransactWriteItem::builder().condition_check(check).build();
            let _ = self.client.transact_write_items().transact_items(item).send().await;
        }
    }

    fn chatter_is_good(&self, connection: &Connection, now: Timestamp) -> ConditionCheck {
        self.chatters
            .condition_check(connection.login.as_str(), connection.chatter_hash.as_str())
            .condition_expression("expires_at > :now AND expires_at <= :latest")
            .expression_attribute_values(":now", number(now.seconds()))
            .expression_attribute_values(":latest", number((now + Standing::LATEST_EXPIRY).seconds()))
            // After a failed check, an item that comes back has a wrong or past `expires_at`; no item means an unknown login
            // or chatter ID. The log and the metrics tell these apart, the status does not.
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .expect("table, key and condition are set")
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

/// The error of a transaction that was not decided. Of one that was cancelled, the reason tells more than the code.
fn undecided(failure: &Failure) -> StoreError {
    let mut codes = reasons(failure).iter().filter_map(CancellationReason::code);
    match codes.find(|code| THROTTLING.contains(code) || CONFLICTS.contains(code)) {
        Some(code) => StoreError::Failed {
            operation: "TransactWriteItems",
            code: code.to_owned(),
        },
        None => StoreError::of("TransactWriteItems", failure),
    }
}

/// Whether a retry may succeed at once: other transactions held the same items. Not after throttling: the SDK has tried that
/// twice already, a table that is asked too much must not be asked more, and the page tries again, more slowly.
fn is_passing(failure: &Failure) -> bool {
    let codes = reasons(failure)
        .iter()
        .filter_map(CancellationReason::code)
        .chain(failure.code());
    let codes: Vec<&str> = codes.collect();
    let is_among = |kinds: &[&str]| codes.iter().any(|code| kinds.contains(code));
    failed_condition(failure).is_none() && is_among(&CONFLICTS) && !is_among(&THROTTLING)
}

fn failed_condition(failure: &Failure) -> Option<&CancellationReason> {
    let mut reasons = reasons(failure).iter();
    reasons.find(|reason| reason.code() == Some("ConditionalCheckFailed"))
}

/// The refusal in a failure of the transaction at this time; `None` if it was no refusal. A failed condition is one,
/// whatever else went wrong beside it.
fn refusal(failure: &Failure, now: Timestamp) -> Option<Refusal> {
    let reason = failed_condition(failure)?;
    // The item was refused, so if its expiry is as it should be now, it was not when the condition was checked.
    let item = reason.item.as_ref().filter(|item| !item.is_empty());
    Some(Refusal::by(Standing::of(item, now)).unwrap_or(Refusal::BadExpiry))
}

#[cfg(test)]
mod tests;
