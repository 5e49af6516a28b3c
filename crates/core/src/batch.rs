//! What notify is invoked with: an event by itself, or in one of the envelopes that AWS wraps around it.

use crate::{
    Timestamp,
    notification::{Notification, Postmark},
    notifier::Envelope,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt, time::Duration};

/// The events of one invocation.
#[derive(Clone, Debug)]
pub struct Batch {
    /// What invoked notify, which decides how it is answered.
    pub source: Source,
    /// One event each.
    pub records: Vec<Record>,
}

/// What invoked notify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A caller, or EventBridge: one event, which succeeds or fails as a whole.
    Direct,
    /// SNS, which delivers like a caller.
    Sns,
    /// A queue: records fail one by one, and end in the dead-letter queue.
    Sqs,
    /// The outbox's stream: a record that fails holds up those behind it.
    Stream,
}

/// One event of a batch.
#[derive(Clone, Debug)]
pub struct Record {
    /// By which its source knows it: a message ID, a sequence number; empty where there is only one.
    pub id: String,
    /// What it says; `None` if it says nothing to us (an outbox row that was removed).
    pub content: Result<Option<Notification>, BadEvent>,
}

/// An event that is not as it should be. It names the field and the rule, never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEvent {
    field: String,
    rule: String,
}

impl BadEvent {
    pub(crate) fn new(field: impl Into<String>, rule: impl Into<String>) -> BadEvent {
        BadEvent {
            field: field.into(),
            rule: rule.into(),
        }
    }

    fn within(self, outer: &str) -> BadEvent {
        BadEvent {
            field: format!("{outer}.{}", self.field),
            ..self
        }
    }
}

impl fmt::Display for BadEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.rule)
    }
}

impl Batch {
    /// Reads what notify was invoked with.
    ///
    /// # Errors
    /// If it is an envelope that cannot be opened. A bad event within one is the record's, not the batch's.
    pub fn parse(json: &RawValue, envelope: &Envelope) -> Result<Batch, BadEvent> {
        let postmark = Postmark {
            id: envelope.request_id.clone(),
            at: envelope.received_at,
            received_at: envelope.received_at,
        };
        match serde_json::from_str::<Records<'_>>(json.get()) {
            Ok(Records { records: Some(records) }) => from_records(&records, &postmark),
            // A caller's own event, or EventBridge's around it.
            _ => {
                let content = open(json.get(), &postmark).map(Some);
                Ok(Batch {
                    source: Source::Direct,
                    records: vec![Record {
                        id: String::new(),
                        content,
                    }],
                })
            }
        }
    }
}

#[derive(Deserialize)]
struct Records<'a> {
    #[serde(borrow, rename = "Records")]
    records: Option<Vec<&'a RawValue>>,
}

/// The service that a record comes from. SNS writes the field's name with a capital.
#[derive(Deserialize)]
struct Origin<'a> {
    #[serde(borrow, rename = "eventSource", alias = "EventSource")]
    event_source: Cow<'a, str>,
}

/// How the records of one service are read.
type ReadRecord = fn(&RawValue, &Postmark) -> Result<Record, BadEvent>;

fn from_records(records: &[&RawValue], postmark: &Postmark) -> Result<Batch, BadEvent> {
    let Some(first) = records.first() else {
        return Err(BadEvent::new("Records", "must not be empty"));
    };
    let origin: Origin<'_> = read("Records[0].eventSource", first)?;
    let (source, read_record): (_, ReadRecord) = match &*origin.event_source {
        "aws:sqs" => (Source::Sqs, sqs_record),
        "aws:sns" => (Source::Sns, sns_record),
        "aws:dynamodb" => (Source::Stream, stream_record),
        _ => {
            return Err(BadEvent::new(
                "Records[0].eventSource",
                "must be aws:sqs, aws:sns or aws:dynamodb",
            ));
        }
    };
    let records = records
        .iter()
        .enumerate()
        .map(|(n, record)| read_record(record, postmark).map_err(|error| error.within(&format!("Records[{n}]"))));
    Ok(Batch {
        source,
        records: records.collect::<Result<_, _>>()?,
    })
}

fn sqs_record(json: &RawValue, postmark: &Postmark) -> Result<Record, BadEvent> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Sqs {
        message_id: String,
        body: String,
        #[serde(default)]
        attributes: Attributes,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Attributes {
        /// Milliseconds, as text.
        sent_timestamp: Option<String>,
    }
    let Sqs {
        message_id,
        body,
        attributes,
    } = read("messageId, body", json)?;
    let sent_at = attributes
        .sent_timestamp
        .and_then(|millis| Timestamp::from_millis(millis.parse().ok()?));
    let postmark = postmark.with(message_id.clone(), sent_at);
    let content = open(&body, &postmark).map(Some).map_err(|error| error.within("body"));
    Ok(Record {
        id: message_id,
        content,
    })
}

fn sns_record(json: &RawValue, postmark: &Postmark) -> Result<Record, BadEvent> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Record_ {
        sns: SnsMessage,
    }
    let Record_ { sns } = read("Sns", json)?;
    let content = sns
        .open(postmark)
        .map(Some)
        .map_err(|error| error.within("Sns.Message"));
    Ok(Record {
        id: sns.message_id,
        content,
    })
}

/// A message of SNS, in its own records and in a queue that subscribes to it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnsMessage {
    message_id: String,
    message: String,
    timestamp: Option<String>,
}

impl SnsMessage {
    fn open(&self, postmark: &Postmark) -> Result<Notification, BadEvent> {
        let at = self.timestamp.as_deref().and_then(Timestamp::parse);
        Notification::parse(&self.message, &postmark.with(self.message_id.clone(), at))
    }
}

fn stream_record(json: &RawValue, postmark: &Postmark) -> Result<Record, BadEvent> {
    #[derive(Deserialize)]
    struct StreamRecord {
        #[serde(rename = "eventID")]
        event_id: String,
        #[serde(rename = "eventName")]
        event_name: String,
        dynamodb: Change,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Change {
        sequence_number: String,
        /// Seconds, with or without a fraction.
        approximate_creation_date_time: Option<f64>,
        new_image: Option<Image>,
    }
    #[derive(Deserialize)]
    struct Image {
        event: Option<Text>,
    }
    #[derive(Deserialize)]
    struct Text {
        #[serde(rename = "S")]
        s: Option<String>,
    }
    let StreamRecord {
        event_id,
        event_name,
        dynamodb,
    } = read("eventID, eventName, dynamodb", json)?;
    let id = dynamodb.sequence_number;
    if event_name != "INSERT" {
        return Ok(Record { id, content: Ok(None) });
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds since 1970 are whole numbers below 2^53"
    )]
    let at = dynamodb
        .approximate_creation_date_time
        .and_then(|seconds| Timestamp::from_millis((seconds * 1_000.0) as i64));
    let content = match dynamodb
        .new_image
        .and_then(|image| image.event)
        .and_then(|event| event.s)
    {
        Some(event) => {
            let at = at.map(|at| postmark.end_of_second(at));
            open(&event, &postmark.with(event_id, at)).map(Some)
        }
        None => Err(BadEvent::new("event", "must be a string attribute of the outbox item")),
    };
    Ok(Record {
        id,
        content: content.map_err(|error| error.within("dynamodb.NewImage")),
    })
}

/// Opens what may lie around an event in a queue as well as by itself: EventBridge's envelope, or SNS's.
fn open(json: &str, postmark: &Postmark) -> Result<Notification, BadEvent> {
    #[derive(Deserialize)]
    struct Bridged<'a> {
        id: String,
        time: Option<String>,
        #[serde(rename = "detail-type")]
        _detail_type: String,
        #[serde(borrow)]
        detail: &'a RawValue,
    }
    if let Ok(event) = serde_json::from_str::<Bridged<'_>>(json) {
        let at = event
            .time
            .as_deref()
            .and_then(Timestamp::parse)
            .map(|at| postmark.end_of_second(at));
        let notification = Notification::parse(event.detail.get(), &postmark.with(event.id, at));
        return notification.map_err(|error| error.within("detail"));
    }
    if let Ok(message) = serde_json::from_str::<SnsMessage>(json) {
        return message.open(postmark).map_err(|error| error.within("Message"));
    }
    Notification::parse(json, postmark)
}

fn read<'a, T: Deserialize<'a>>(field: &str, json: &'a RawValue) -> Result<T, BadEvent> {
    serde_json::from_str(json.get()).map_err(|_| BadEvent::new(field, "must be there, as AWS sends it"))
}

impl Postmark {
    /// The mark of an envelope that has its own id, and a time if its clock is to be had.
    fn with(&self, id: String, at: Option<Timestamp>) -> Postmark {
        Postmark {
            id,
            at: at.unwrap_or(self.at),
            received_at: self.received_at,
        }
    }

    /// Streams and EventBridge tell the time in whole seconds. Taken for the beginning of its second, an event would be
    /// stale beside one of another source that came just before it: so it is taken for the end, or for now if that is
    /// sooner.
    fn end_of_second(&self, at: Timestamp) -> Timestamp {
        let is_whole = at.millis() % 1_000 == 0;
        if is_whole {
            (at + Duration::from_millis(999)).min(self.received_at.max(at))
        } else {
            at
        }
    }
}

#[cfg(test)]
mod tests;
