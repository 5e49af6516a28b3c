//! Opens what AWS's services wrap around an event, one envelope within another, until the event itself is reached.
//!
//! Which envelopes there are, and in what order, is the site's business: EventBridge to SNS to SQS, a stream through Pipes,
//! or what Lambda leaves of an invocation that failed. Each says when and under which id it was sent; the innermost one that
//! says so counts, and the event's own `id` and `at` before all.

use crate::{
    BadEvent, Notification,
    notify::fields::{Fields, named},
    notify::outer::Outer,
    nouns::event_time::Unit,
};
use serde_json::value::RawValue;

/// An event, or what is wrong with it.
pub(crate) type Opened = Result<Notification, BadEvent>;

/// The events in this JSON. None at all is nothing for notify (an outbox row that was removed).
pub(crate) fn open(json: &RawValue, outer: &Outer) -> Vec<Opened> {
    let opened = match json.get().as_bytes().first() {
        Some(b'"') => open_text(json, outer),
        Some(b'[') => open_list(json, outer, &outer.path),
        _ => Fields::of(json, &outer.path).and_then(|fields| open_object(&fields, outer)),
    };
    opened.unwrap_or_else(|bad| vec![Err(bad)])
}

/// JSON within a string, as queues and topics carry it.
fn open_text(json: &RawValue, outer: &Outer) -> Result<Vec<Opened>, BadEvent> {
    let not_json = |_| BadEvent::new(named(&outer.path), "must be a JSON object");
    let text: String = serde_json::from_str(json.get()).map_err(not_json)?;
    // A byte order mark is no part of the text (RFC 8259, 8.1).
    let inner: &RawValue = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(not_json)?;
    Ok(open(inner, &outer.step(outer.path.clone())?))
}

fn open_list(json: &RawValue, outer: &Outer, path: &str) -> Result<Vec<Opened>, BadEvent> {
    let list = read_list(json, path)?;
    let elements = list.iter().enumerate().map(|(n, element)| {
        let outer = outer.element(path, n, list.len())?;
        Ok(open(element, &outer))
    });
    Ok(elements.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// The elements of a list that has some.
pub(crate) fn read_list<'a>(json: &'a RawValue, path: &str) -> Result<Vec<&'a RawValue>, BadEvent> {
    let list: Option<Vec<&RawValue>> = serde_json::from_str(json.get()).ok();
    list.filter(|list| !list.is_empty())
        .ok_or_else(|| BadEvent::new(named(path), "must be a list of at least one event or record"))
}

/// An object that names logins is the event itself, whatever else it holds.
fn open_object(fields: &Fields<'_>, outer: &Outer) -> Result<Vec<Opened>, BadEvent> {
    if Notification::names_logins(fields) {
        return Ok(vec![Notification::read(fields, outer)]);
    }
    if let Some(records) = fields.get("Records") {
        return open_list(records, outer, &fields.path_to("Records"));
    }
    match service(fields)?.as_deref() {
        Some("aws:sqs") => return open_sqs(fields, outer),
        Some("aws:sns") => return open_sns_record(fields, outer),
        Some("aws:dynamodb") => return open_change(fields, outer),
        Some(_) => return Err(fields.bad("eventSource", "must be aws:sqs, aws:sns or aws:dynamodb")),
        None => {}
    }
    if fields.has("detail-type") {
        // EventBridge. See "AWS service event metadata" in its User Guide.
        let detail = fields
            .get("detail")
            .ok_or_else(|| fields.bad("detail", "must be there"))?;
        let at = fields.time("time", Unit::MillisecondsOfWholeSeconds, outer.now);
        return Ok(open(detail, &outer.within(fields, "detail", fields.id("id"), at)?));
    }
    if fields.has("MessageId") && fields.has("Message") {
        return open_sns(fields, outer);
    }
    if fields.has("requestPayload") || fields.has("requestContext") {
        return open_failed_invocation(fields, outer);
    }
    Ok(vec![Notification::read(fields, outer)])
}

/// The service that a record comes from. SNS writes the field's name with a capital.
pub(crate) fn service(fields: &Fields<'_>) -> Result<Option<String>, BadEvent> {
    match fields.read("eventSource", "a string")? {
        Some(source) => Ok(Some(source)),
        None => fields.read("EventSource", "a string"),
    }
}

/// A message of SQS, by its event source mapping or through Pipes.
fn open_sqs(fields: &Fields<'_>, outer: &Outer) -> Result<Vec<Opened>, BadEvent> {
    let sent = fields.object("attributes").and_then(|attributes| match attributes {
        Some(attributes) => attributes.time("SentTimestamp", Unit::Milliseconds, outer.now),
        None => Ok(None),
    });
    let body = fields.get("body").ok_or_else(|| fields.bad("body", "must be there"))?;
    Ok(open(body, &outer.within(fields, "body", fields.id("messageId"), sent)?))
}

fn open_sns_record(fields: &Fields<'_>, outer: &Outer) -> Result<Vec<Opened>, BadEvent> {
    let sns = fields
        .object("Sns")?
        .ok_or_else(|| fields.bad("Sns", "must be there"))?;
    open_sns(&sns, outer)
}

/// A message of SNS, in its own records and in a queue that subscribes to it.
fn open_sns(fields: &Fields<'_>, outer: &Outer) -> Result<Vec<Opened>, BadEvent> {
    let at = fields.time("Timestamp", Unit::Milliseconds, outer.now);
    let message = fields
        .get("Message")
        .ok_or_else(|| fields.bad("Message", "must be there"))?;
    Ok(open(
        message,
        &outer.within(fields, "Message", fields.id("MessageId"), at)?,
    ))
}

/// A change in the outbox, whose items hold an event's JSON as the string attribute `event`. A new item is an event, and
/// so is one whose event was changed: a site may put each login's event over the one before it. A change of anything else,
/// and an item that was removed, say nothing.
fn open_change(fields: &Fields<'_>, outer: &Outer) -> Result<Vec<Opened>, BadEvent> {
    let change = fields.object("dynamodb")?;
    let change = change.ok_or_else(|| fields.bad("dynamodb", "must be there"))?;
    let kind: Option<String> = fields.read("eventName", "a string")?;
    let event_in = |image: &str| -> Result<Option<&RawValue>, BadEvent> {
        Ok(change.object(image)?.and_then(|image| image.get("event")))
    };
    let new = event_in("NewImage")?;
    let is_news = match kind.as_deref() {
        Some("INSERT") => true,
        Some("MODIFY") => {
            let old = event_in("OldImage")?;
            new.is_some_and(|new| old.is_none_or(|old| old.get() != new.get()))
        }
        _ => false,
    };
    if !is_news {
        return Ok(Vec::new());
    }
    let at = change.time("ApproximateCreationDateTime", Unit::Seconds, outer.now);
    let outer = outer.within(&change, "NewImage.event", fields.id("eventID"), at)?;
    let not_text = || BadEvent::new(&*outer.path, "must be a string attribute of the outbox item");
    let event = Fields::of(new.ok_or_else(not_text)?, &outer.path)?;
    let event: String = event.read("S", "a string")?.ok_or_else(not_text)?;
    let inner: &RawValue =
        serde_json::from_str(&event).map_err(|_| BadEvent::new(&*outer.path, "must be a JSON object"))?;
    Ok(open(inner, &outer))
}

/// The record that Lambda sends to a destination for an asynchronous invocation that failed. Its id is that of the invocation, so that what was
/// recorded already is known. See "Capturing records of Lambda asynchronous invocations" in the Lambda Developer Guide.
fn open_failed_invocation(fields: &Fields<'_>, outer: &Outer) -> Result<Vec<Opened>, BadEvent> {
    let at = fields.time("timestamp", Unit::Milliseconds, outer.now);
    let context = fields.object("requestContext");
    let id = context.and_then(|context| context.map_or(Ok(None), |context| context.id("requestId")));
    let payload = fields.get("requestPayload");
    // Of a stream's records that failed Lambda keeps no more than where they were.
    let payload =
        payload.ok_or_else(|| fields.bad("requestPayload", "must be there: the event is not in this record"))?;
    Ok(open(payload, &outer.within(fields, "requestPayload", id, at)?))
}

#[cfg(test)]
mod tests;
