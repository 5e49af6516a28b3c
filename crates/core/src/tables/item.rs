//! Table items: the few conversions that every table needs.

use crate::{StoreError, Timestamp};
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;

/// A partition key that no login can have. The calls by which a function warms up its connections at start ask for it.
pub(crate) const NOBODY: &str = "\n";

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// An item that is being read, with the name of its table for the error.
pub(crate) struct Row<'a> {
    pub(crate) table: &'static str,
    pub(crate) item: &'a Item,
}

impl<'a> Row<'a> {
    pub(crate) fn string(&self, attribute: &'static str) -> Result<&'a str, StoreError> {
        let value = self.item.get(attribute).and_then(|value| value.as_s().ok());
        Ok(value.ok_or_else(|| self.corrupt(attribute))?)
    }

    /// A number's whole part: backends that write seconds from a clock with fractions leave them in.
    pub(crate) fn integer(&self, attribute: &'static str) -> Result<i64, StoreError> {
        let value = self.item.get(attribute).and_then(|value| value.as_n().ok());
        // With an exponent it is far too large or small, and what stands before the point is not its whole part.
        let digits = value.filter(|digits| !digits.contains(['e', 'E']));
        let whole = digits.map(|digits| digits.split_once('.').map_or(&**digits, |(whole, _)| whole));
        whole
            .and_then(|whole| whole.parse().ok())
            .ok_or_else(|| self.corrupt(attribute))
    }

    /// Whether DynamoDB's TTL should have deleted it by now. TTL runs days late: every read asks.
    pub(crate) fn has_expired(&self, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.integer("expires_at")? <= now.seconds())
    }

    pub(crate) fn corrupt(&self, attribute: &'static str) -> StoreError {
        StoreError::Corrupt {
            table: self.table,
            attribute,
        }
    }
}
