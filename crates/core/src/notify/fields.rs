//! The fields of a JSON object that is being read, with its path, so that an error can name the field.
//!
//! `null` counts as absent: many languages write it for "not set". A field of a wrong type is an error that names it, and so
//! is one that is given twice, even with the same value.

use crate::{
    BadEvent, Timestamp, Update,
    json::Object,
    nouns::event_time::{EventTime, Unit},
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// The fields of one JSON object, each still as its text.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    /// The object's place, for example `Records[0].body`; empty for the whole event.
    path: String,
    object: Object<'a>,
}

/// Every field that notify reads, in an event or in an envelope around one, and that revoke reads in a record.
const NAMES: [&str; 40] = [
    // An event.
    "login",
    "logins",
    "users",
    "topic",
    "topics",
    "body",
    "id",
    "at",
    "attempt",
    "trace",
    // Records, of a queue, a topic and a stream.
    "Records",
    "eventSource",
    "EventSource",
    "messageId",
    "attributes",
    "SentTimestamp",
    "Sns",
    "MessageId",
    "Message",
    "Timestamp",
    "dynamodb",
    "eventName",
    "eventID",
    "SequenceNumber",
    "ApproximateCreationDateTime",
    "NewImage",
    "OldImage",
    "event",
    "S",
    "userIdentity",
    "principalId",
    "Keys",
    "chatter_hash",
    // EventBridge, and what Lambda leaves of a failed invocation.
    "detail-type",
    "detail",
    "time",
    "requestPayload",
    "requestContext",
    "requestId",
    "timestamp",
];

impl<'a> Fields<'a> {
    /// Reads the object at `path`.
    pub(crate) fn of(json: &'a RawValue, path: &str) -> Result<Fields<'a>, BadEvent> {
        let object = Object::read(json.get(), &NAMES);
        let fields = Fields {
            path: path.to_owned(),
            object: object.ok_or_else(|| BadEvent::new(named(path), "must be a JSON object"))?,
        };
        match fields.object.twice {
            Some(name) => Err(fields.bad(name, "must be given once")),
            None => Ok(fields),
        }
    }

    /// The field's JSON, if it is there.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        debug_assert!(NAMES.contains(&name), "{name} is read, and is not among the names");
        self.object.get(name).filter(|value| value.get() != "null")
    }

    /// Whether the field is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether the field is an empty list, which some languages write for "not set".
    pub(crate) fn is_empty_list(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|json| serde_json::from_str::<[(); 0]>(json.get()).is_ok())
    }

    /// The path to a field.
    pub(crate) fn path_to(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// The error for a field.
    pub(crate) fn bad(&self, name: &str, rule: impl Into<String>) -> BadEvent {
        BadEvent::new(self.path_to(name), rule)
    }

    /// The field's value, if it is there; `form` says what it must be, for example "a string".
    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str, form: &str) -> Result<Option<T>, BadEvent> {
        let value = self.get(name).map(|json| serde_json::from_str(json.get()));
        value.transpose().map_err(|_| self.bad(name, format!("must be {form}")))
    }

    /// The object in a field, if it is there.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Fields<'a>>, BadEvent> {
        let json = self.get(name);
        json.map(|json| Fields::of(json, &self.path_to(name))).transpose()
    }

    /// The ID in a field, if it is there.
    pub(crate) fn id(&self, name: &str) -> Result<Option<String>, BadEvent> {
        let id: Option<String> = self.read(name, "a string")?;
        if id
            .as_ref()
            .is_some_and(|id| id.is_empty() || id.len() > Update::MAX_ID_BYTES)
        {
            return Err(self.bad(name, format!("must be 1 to {} bytes", Update::MAX_ID_BYTES)));
        }
        Ok(id)
    }

    /// A time, if it is there.
    pub(crate) fn time(&self, name: &str, unit: Unit, now: Timestamp) -> Result<Option<EventTime>, BadEvent> {
        let time = self.get(name).map(|json| EventTime::read(json, unit, now));
        time.transpose().map_err(|rule| self.bad(name, rule))
    }
}

/// The name of what is at this path.
pub(crate) fn named(path: &str) -> &str {
    if path.is_empty() { "event" } else { path }
}
