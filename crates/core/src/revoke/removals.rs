//! What the stream of the table `chatters` hands over: which of its records say that somebody deleted a chatter ID.

use crate::{
    BadEvent, ChatterHash, Login,
    notify::{envelopes::read_list, fields::Fields},
};
use serde_json::value::RawValue;

/// The records of one invocation, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removals(pub Vec<Removal>);

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Its number in the stream, by which Lambda is told that it failed.
    pub sequence_number: String,
    /// The chatter ID that somebody deleted. `None` for every other record: items that were put or changed, those that
    /// DynamoDB deleted since they had expired, and those that could open no socket.
    pub deleted: Option<(Login, ChatterHash)>,
}

impl Removals {
    /// Reads what revoke was invoked with.
    ///
    /// # Errors
    /// If it is not a list of a stream's records. AWS sends no such thing; a person may.
    pub fn parse(json: &RawValue) -> Result<Removals, BadEvent> {
        let event = Fields::of(json, "")?;
        let records = event.get("Records").ok_or_else(|| event.bad("Records", "is missing"))?;
        let records = read_list(records, "Records")?.into_iter().enumerate();
        let read = |(n, record)| Removal::read(&Fields::of(record, &format!("Records[{n}]"))?);
        records.map(read).collect::<Result<_, _>>().map(Removals)
    }
}

impl Removal {
    fn read(record: &Fields<'_>) -> Result<Removal, BadEvent> {
        let missing = |fields: &Fields<'_>, name: &str| fields.bad(name, "is missing, and AWS always sends it");
        let change = record.object("dynamodb")?;
        let change = change.ok_or_else(|| missing(record, "dynamodb"))?;
        let sequence_number = change.read("SequenceNumber", "a string")?;
        let kind: Option<String> = record.read("eventName", "a string")?;
        let is_removal = kind.ok_or_else(|| missing(record, "eventName"))? == "REMOVE";
        Ok(Removal {
            sequence_number: sequence_number.ok_or_else(|| missing(&change, "SequenceNumber"))?,
            deleted: if is_removal && !is_expiry(record)? {
                keys(&change)?
            } else {
                None
            },
        })
    }
}

/// Whether DynamoDB itself deleted the item, since it had expired. See "DynamoDB Streams and Time to Live" in its Developer
/// Guide.
fn is_expiry(record: &Fields<'_>) -> Result<bool, BadEvent> {
    let Some(identity) = record.object("userIdentity")? else {
        return Ok(false);
    };
    let principal: Option<String> = identity.read("principalId", "a string")?;
    Ok(principal.as_deref() == Some("dynamodb.amazonaws.com"))
}

/// The keys of the item; `None` if they are those of no chatter ID that could have opened a socket.
fn keys(change: &Fields<'_>) -> Result<Option<(Login, ChatterHash)>, BadEvent> {
    let keys = change.object("Keys")?;
    let keys = keys.ok_or_else(|| change.bad("Keys", "is missing, and AWS always sends it"))?;
    let text = |name: &str| -> Result<Option<String>, BadEvent> {
        keys.object(name)?.map_or(Ok(None), |value| value.read("S", "a string"))
    };
    let login = text("login")?.and_then(|login| Login::parse(&login));
    let hash = text("chatter_hash")?.map(|hash| ChatterHash::stored(&hash));
    Ok(login.zip(hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const HASH: &str = "6227e0da4c941b9e5a9fa07e0bfdb4c935d8d872d979c0b19204ac27470db682";

    /// A record as AWS sends it, of a stream with keys only.
    fn record(kind: &str) -> Value {
        json!({
            "eventID": "c4ca4238a0b923820dcc509a6f75849b", "eventName": kind, "eventVersion": "1.1",
            "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_763_900_000,
                "Keys": {"login": {"S": "friendless"}, "chatter_hash": {"S": HASH}},
                "SequenceNumber": "100000000003498069978", "SizeBytes": 83, "StreamViewType": "KEYS_ONLY"
            },
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/chatters/stream/2026-11-01T00:00:00.000"
        })
    }

    fn parse(event: &Value) -> Result<Removals, BadEvent> {
        Removals::parse(&RawValue::from_string(event.to_string()).unwrap())
    }

    fn deleted(record: &Value) -> Option<(Login, ChatterHash)> {
        let Removals(records) = parse(&json!({"Records": [record]})).unwrap();
        assert_eq!(records[0].sequence_number, "100000000003498069978");
        records[0].deleted.clone()
    }

    #[test]
    fn a_removed_item_is_a_chatter_id_that_somebody_deleted() {
        let expected = (Login::parse("friendless").unwrap(), ChatterHash::stored(HASH));
        assert_eq!(deleted(&record("REMOVE")), Some(expected.clone()));
        let mut by_somebody = record("REMOVE");
        for identity in [
            Value::Null,
            json!({"type": "AssumedRole", "principalId": "AROAEXAMPLE"}),
        ] {
            by_somebody["userIdentity"] = identity;
            assert_eq!(deleted(&by_somebody), Some(expected.clone()));
        }
    }

    #[test]
    fn an_item_that_was_put_or_changed_or_has_expired_or_opens_no_socket_is_ignored() {
        let mut expired = record("REMOVE");
        expired["userIdentity"] = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
        let with_keys = |keys: Value| {
            let mut record = record("REMOVE");
            record["dynamodb"]["Keys"] = keys;
            record
        };
        for ignored in [
            record("INSERT"),
            record("MODIFY"),
            expired,
            with_keys(json!({"login": {"S": ""}, "chatter_hash": {"S": HASH}})),
            with_keys(json!({"login": {"S": "x".repeat(129)}, "chatter_hash": {"S": HASH}})),
            with_keys(json!({"id": {"S": "of another table"}})),
            with_keys(json!({"login": {"N": "1"}, "chatter_hash": {"S": HASH}})),
        ] {
            assert_eq!(deleted(&ignored), None, "{ignored}");
        }
    }

    #[test]
    fn what_is_no_list_of_records_is_refused_by_the_name_of_the_field() {
        let without = |name: &str| {
            let mut record = record("REMOVE");
            record.as_object_mut().unwrap().remove(name);
            json!({"Records": [record]})
        };
        let mut unnumbered = record("REMOVE");
        unnumbered["dynamodb"]["SequenceNumber"] = Value::Null;
        for (event, field) in [
            (json!("friendless"), "event"),
            (json!({"login": "friendless"}), "Records"),
            (json!({"Records": []}), "Records"),
            (json!({"Records": ["friendless"]}), "Records[0]"),
            (without("dynamodb"), "Records[0].dynamodb"),
            (without("eventName"), "Records[0].eventName"),
            (json!({"Records": [unnumbered]}), "Records[0].dynamodb.SequenceNumber"),
        ] {
            let error = parse(&event).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{field}: ")), "{error}");
        }
    }
}
