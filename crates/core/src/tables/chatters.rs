//! The chatters table: who may open sockets, and until when.
//!
//! Its items are a public contract, since a site's backend in any language writes them: `login` (partition key),
//! `chatter_hash` (sort key; lower-case hex SHA-256 of the chatter ID's lower-case text), `issued_at` and `expires_at`
//! (seconds since 1970).

use crate::{
    ChatterHash, ChatterId, Login, Standing, StoreError, Timestamp,
    backoff::with_patience,
    tables::item::{Item, Row, number, string},
};
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{delete_item::DeleteItemError, update_item::UpdateItemError},
    types::{ConditionCheck, builders::ConditionCheckBuilder},
};
use std::time::Duration;

/// The table of chatter IDs that were issued.
#[derive(Clone, Debug)]
pub struct Chatters {
    client: Client,
    table: String,
}

impl Chatters {
    /// The longest life of a chatter ID. `$connect` refuses an `expires_at` that lies further ahead: it is most
    /// likely in milliseconds, which would make the secret good for 50,000 years, and DynamoDB's TTL keep it for ever.
    pub const LONGEST_LIFE: Duration = Standing::LONGEST_LIFE;

    /// The table of that name.
    pub fn new(client: Client, table: impl Into<String>) -> Chatters {
        Chatters {
            client,
            table: table.into(),
        }
    }

    /// A new chatter ID for a login, good for `life`, which is at most [`Chatters::LONGEST_LIFE`]. A login may have several,
    /// one for each place where it is logged in.
    ///
    /// # Errors
    /// If the table cannot be written; no chatter ID is issued then.
    pub async fn issue(&self, login: &Login, life: Duration) -> Result<ChatterId, StoreError> {
        let chatter_id = ChatterId::random();
        let now = Timestamp::now();
        let put = self.client.put_item().table_name(&self.table);
        put.item("login", string(login.as_str()))
            .item("chatter_hash", string(chatter_id.hash().as_str()))
            .item("issued_at", number(now.seconds()))
            .item("expires_at", number((now + life).seconds()))
            .send()
            .await
            .map_err(|error| StoreError::of("PutItem", &error))?;
        Ok(chatter_id)
    }

    /// Makes a chatter ID open nothing any more. Sockets that it has opened are closed by [`crate::Revocation`], or by the
    /// function revoke, which the table's stream tells.
    ///
    /// # Errors
    /// If the table cannot be written, or handshakes hold the item for three seconds.
    pub async fn forget(&self, login: &Login, hash: &ChatterHash) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table);
        let delete = delete
            .key("login", string(login.as_str()))
            .key("chatter_hash", string(hash.as_str()));
        let is_held = |error: &SdkError<DeleteItemError>| {
            error
                .as_service_error()
                .is_some_and(DeleteItemError::is_transaction_conflict_exception)
        };
        let deleted = with_patience(is_held, || delete.clone().send()).await;
        deleted.map(drop).map_err(|error| StoreError::of("DeleteItem", &error))
    }

    /// Lets a chatter ID expire at another time than it was issued for. Returns whether the table has it; none is made.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn expire(&self, login: &Login, hash: &ChatterHash, at: Timestamp) -> Result<bool, StoreError> {
        let update = self.client.update_item().table_name(&self.table);
        let update = update
            .key("login", string(login.as_str()))
            .key("chatter_hash", string(hash.as_str()))
            .condition_expression("attribute_exists(login)")
            .update_expression("SET expires_at = :at")
            .expression_attribute_values(":at", number(at.seconds()));
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(StoreError::of("UpdateItem", &error)),
        }
    }

    /// Whether the table has this chatter ID, expired or not; read strongly consistently.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn has(&self, login: &Login, hash: &ChatterHash) -> Result<bool, StoreError> {
        Ok(self.find(login, hash).await?.is_some())
    }

    /// Whether this chatter ID is good now; read strongly consistently, since it may have been issued a moment ago.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn standing(&self, login: &Login, hash: &ChatterHash) -> Result<Standing, StoreError> {
        Ok(Standing::of(self.find(login, hash).await?.as_ref(), Timestamp::now()))
    }

    /// A check of one item, for a transaction. What has to be true of it is left to be said.
    pub(crate) fn condition_check(&self, login: &str, hash: &str) -> ConditionCheckBuilder {
        let check = ConditionCheck::builder().table_name(&self.table);
        check.key("login", string(login)).key("chatter_hash", string(hash))
    }

    async fn find(&self, login: &Login, hash: &ChatterHash) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get
            .key("login", string(login.as_str()))
            .key("chatter_hash", string(hash.as_str()));
        let found = get.send().await.map_err(|error| StoreError::of("GetItem", &error))?;
        Ok(found.item)
    }

    /// The hashes of all chatter IDs of a login, expired ones included.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn of(&self, login: &Login) -> Result<Vec<ChatterHash>, StoreError> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query
            .key_condition_expression("login = :login")
            .expression_attribute_values(":login", string(login.as_str()))
            .projection_expression("chatter_hash");
        let mut hashes = Vec::new();
        let mut items = query.into_paginator().items().send();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| StoreError::of("Query", &error))?;
            let hash = Row {
                table: "chatters",
                item: &item,
            }
            .string("chatter_hash")?;
            hashes.push(ChatterHash::stored(hash));
        }
        Ok(hashes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::dynamodb;
    use serde_json::{Value, json};

    #[tokio::test]
    async fn an_expiry_is_changed_of_a_chatter_id_that_the_table_has_and_no_other() {
        let refused = json!({"__type": "ConditionalCheckFailedException"}).to_string();
        let broken = json!({"__type": "ValidationException"}).to_string();
        for (answer, expected) in [
            ((200, "{}".to_owned()), Some(true)),
            ((400, refused), Some(false)),
            ((400, broken), None),
        ] {
            let wire = move |_: &str, request: &str| {
                let request: Value = serde_json::from_str(request).unwrap();
                assert_eq!(request["Key"]["login"], json!({"S": "friendless"}));
                assert_eq!(request["ConditionExpression"], "attribute_exists(login)");
                assert_eq!(request["UpdateExpression"], "SET expires_at = :at");
                assert_eq!(request["ExpressionAttributeValues"][":at"], json!({"N": "1800000000"}));
                answer.clone()
            };
            let chatters = Chatters::new(dynamodb(wire), "chatters");
            let login = Login::parse("friendless").unwrap();
            let at = Timestamp::from_millis(1_800_000_000_000).unwrap();
            let expired = chatters.expire(&login, &ChatterId::random().hash(), at).await;
            assert_eq!(expired.ok(), expected);
        }
    }
}
