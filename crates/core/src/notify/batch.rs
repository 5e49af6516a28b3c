//! The payload of an invocation: one event, or a list of records with events.

use crate::{
    BadEvent, Invocation, Notification,
    notify::envelopes::{open, read_list, service},
    notify::event_context::EventContext,
    notify::fields::Fields,
};
use serde_json::value::RawValue;

/// The events of one invocation.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The source of the invocation, which decides how it is answered.
    pub source: Source,
    /// The records, which can succeed or fail one by one; one record for a source without any.
    pub records: Vec<Record>,
}

/// The source of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A caller, EventBridge, or Pipes, if its records have no known `eventSource`: all of it succeeds or fails.
    Direct,
    /// SNS, which delivers like a caller.
    Sns,
    /// A queue: records fail one by one, and end in the dead-letter queue.
    Sqs,
    /// The outbox's stream: a record that fails holds up those behind it.
    Stream,
}

/// One record of a batch.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its ID at its source: a message ID, a sequence number; empty for a source without any.
    pub id: String,
    /// Its events, most often one; empty for a record without any (an outbox row that was removed).
    pub events: Vec<Result<Notification, BadEvent>>,
}

impl Record {
    /// The events in it that could not be read.
    pub(crate) fn bad_events(&self) -> impl Iterator<Item = &BadEvent> {
        self.events.iter().filter_map(|event| event.as_ref().err())
    }
}

impl Batch {
    /// Reads what notify was invoked with: an event, a list of records in `Records`, or a bare list of them, as Pipes
    /// hand it over.
    ///
    /// # Errors
    /// If it is a list without records, or a record lacks what its source knows it by. A bad event in a record is the
    /// record's, not the batch's.
    pub fn parse(json: &RawValue, invocation: &Invocation) -> Result<Batch, BadEvent> {
        let context = EventContext::of(invocation);
        let Some((path, records)) = records(json)? else {
            let events = open(json, &context);
            return Ok(Batch {
                source: Source::Direct,
                records: vec![Record {
                    id: String::new(),
                    events,
                }],
            });
        };
        let source = Source::of(records[0], &context.element(path, 0, records.len())?)?;
        let read = |(n, record): (usize, &&RawValue)| {
            let context = context.element(path, n, records.len())?;
            Ok(Record {
                id: source.identifier(record, &context)?,
                events: open(record, &context),
            })
        };
        Ok(Batch {
            source,
            records: records.iter().enumerate().map(read).collect::<Result<_, _>>()?,
        })
    }
}

/// The records of a payload that is a list of them, and where the list is.
fn records(json: &RawValue) -> Result<Option<(&'static str, Vec<&RawValue>)>, BadEvent> {
    if json.get().starts_with('[') {
        return Ok(Some(("", read_list(json, "")?)));
    }
    let fields = Fields::of(json, "")
        .ok()
        .filter(|fields| !Notification::names_logins(fields));
    match fields.and_then(|fields| fields.get("Records")) {
        Some(records) => Ok(Some(("Records", read_list(records, "Records")?))),
        None => Ok(None),
    }
}

impl Source {
    /// By the first record: a source sends only its own.
    fn of(record: &RawValue, context: &EventContext) -> Result<Source, BadEvent> {
        let fields = Fields::of(record, &context.path).ok();
        let service = fields.as_ref().map(service).transpose()?.flatten();
        Ok(match service.as_deref() {
            Some("aws:sqs") => Source::Sqs,
            Some("aws:sns") => Source::Sns,
            Some("aws:dynamodb") => Source::Stream,
            _ => Source::Direct,
        })
    }

    /// The ID by which the source knows a record.
    fn identifier(self, record: &RawValue, context: &EventContext) -> Result<String, BadEvent> {
        let text = |fields: &Fields<'_>, name: &str| {
            let id = fields.read(name, "a string")?;
            id.ok_or_else(|| fields.bad(name, "is missing, and AWS always sends it"))
        };
        match self {
            Source::Direct | Source::Sns => Ok(String::new()),
            Source::Sqs => text(&Fields::of(record, &context.path)?, "messageId"),
            Source::Stream => {
                let fields = Fields::of(record, &context.path)?;
                let change = fields.object("dynamodb")?;
                text(
                    &change.ok_or_else(|| fields.bad("dynamodb", "is missing, and AWS always sends it"))?,
                    "SequenceNumber",
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
