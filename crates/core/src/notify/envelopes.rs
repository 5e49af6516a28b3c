//! Opens what AWS's services wrap around an event, one envelope within another, until the event itself is reached.
//!
//! Which envelopes there are, and in what order, is the site's business: EventBridge to SNS to SQS, a stream through Pipes,
//! or the record that Lambda makes of an invocation that failed. Each has an id and a time. Those of the innermost envelope
//! count, unless the event has an `id` and an `at` of its own.

use crate::{
    BadEvent, Notification,
    json::without_mark,
    notify::event_context::EventContext,
    notify::fields::{Fields, named},
    nouns::event_time::Unit,
};
use serde_json::value::RawValue;

/// An event, or what is wrong with it.
pub(crate) type Opened = Result<Notification, BadEvent>;

/// The events in this JSON; none if it is a change of the outbox that is no event, such as a row that was removed.
pub(crate) fn open(json: &RawValue, context: &EventContext) -> Vec<Opened> {
    let opened = match json.get().as_bytes().first() {
        Some(b'"') => open_text(json, context),
        Some(b'[') => open_list(json, context, &context.path),
        _ => Fields::of(json, &context.path).and_then(|fields| open_object(&fields, context)),
    };
    opened.unwrap_or_else(|bad| vec![Err(bad)])
}

/// JSON within a string, as queues and topics carry it.
fn open_text(json: &RawValue, context: &EventContext) -> Result<Vec<Opened>, BadEvent> {
    let not_json = |_| BadEvent::new(named(&context.path), "must be a JSON object");
    let text: String = serde_json::from_str(json.get()).map_err(not_json)?;
    let inner: &RawValue = serde_json::from_str(without_mark(&text)).map_err(not_json)?;
    Ok(open(inner, &context.step(context.path.clone())?))
}

fn open_list(json: &RawValue, context: &EventContext, path: &str) -> Result<Vec<Opened>, BadEvent> {
    let list = read_list(json, path)?;
    let elements = list.iter().enumerate().map(|(n, element)| {
        let context = context.element(path, n, list.len())?;
        Ok(open(element, &context))
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
fn open_object(fields: &Fields<'_>, context: &EventContext) -> Result<Vec<Opened>, BadEvent> {
    if Notification::names_logins(fields) {
        return Ok(vec![Notification::read(fields, context)]);
    }
    if let Some(records) = fields.get("Records") {
        return open_list(records, context, &fields.path_to("Records"));
    }
    match service(fields)?.as_deref() {
        Some("aws:sqs") => return open_sqs(fields, context),
        Some("aws:sns") => return open_sns_record(fields, context),
        Some("aws:dynamodb") => return open_change(fields, context),
        Some(_) => return Err(fields.bad("eventSource", "must be aws:sqs, aws:sns or aws:dynamodb")),
        None => {}
    }
    if fields.has("detail-type") {
        // EventBridge. See "AWS service event metadata" in its User Guide.
        let detail = fields.get("detail").ok_or_else(|| fields.bad("detail", "is missing"))?;
        let at = fields.time("time", Unit::MillisecondsOfWholeSeconds, context.now);
        return Ok(open(detail, &context.within(fields, "detail", fields.id("id"), at)?));
    }
    if fields.has("MessageId") && fields.has("Message") {
        return open_sns(fields, context);
    }
    if fields.has("requestPayload") || fields.has("requestContext") {
        return open_failed_invocation(fields, context);
    }
    Ok(vec![Notification::read(fields, context)])
}

/// The service that a record comes from. SNS writes the field's name with a capital.
pub(crate) fn service(fields: &Fields<'_>) -> Result<Option<String>, BadEvent> {
    match fields.read("eventSource", "a string")? {
        Some(source) => Ok(Some(source)),
        None => fields.read("EventSource", "a string"),
    }
}

/// A message of SQS, by its event source mapping or through Pipes.
fn open_sqs(fields: &Fields<'_>, context: &EventContext) -> Result<Vec<Opened>, BadEvent> {
    let sent = fields.object("attributes").and_then(|attributes| match attributes {
        Some(attributes) => attributes.time("SentTimestamp", Unit::Milliseconds, context.now),
        None => Ok(None),
    });
    let body = fields.get("body").ok_or_else(|| fields.bad("body", "is missing"))?;
    Ok(open(
        body,
        &context.within(fields, "body", fields.id("messageId"), sent)?,
    ))
}

fn open_sns_record(fields: &Fields<'_>, context: &EventContext) -> Result<Vec<Opened>, BadEvent> {
    let sns = fields.object("Sns")?.ok_or_else(|| fields.bad("Sns", "is missing"))?;
    open_sns(&sns, context)
}

/// A message of SNS, in its own records and in a queue that subscribes to it.
fn open_sns(fields: &Fields<'_>, context: &EventContext) -> Result<Vec<Opened>, BadEvent> {
    let at = fields.time("Timestamp", Unit::Milliseconds, context.now);
    let message = fields
        .get("Message")
        .ok_or_else(|| fields.bad("Message", "is missing"))?;
    Ok(open(
        message,
        &context.within(fields, "Message", fields.id("MessageId"), at)?,
    ))
}

/// A change in the outbox, whose items hold an event's JSON as the string attribute `event`. A new item is an event, and
/// so is an item whose event was changed: a site may put each login's event over the one before it. A change of another
/// attribute and an item that was removed are no events.
fn open_change(fields: &Fields<'_>, context: &EventContext) -> Result<Vec<Opened>, BadEvent> {
    let change = fields.object("dynamodb")?;
    let change = change.ok_or_else(|| fields.bad("dynamodb", "is missing"))?;
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
    let at = change.time("ApproximateCreationDateTime", Unit::Seconds, context.now);
    let context = context.within(&change, "NewImage.event", fields.id("eventID"), at)?;
    let not_text = || BadEvent::new(&*context.path, "must be a string attribute of the outbox item");
    let event = Fields::of(new.ok_or_else(not_text)?, &context.path)?;
    let event: String = event.read("S", "a string")?.ok_or_else(not_text)?;
    let inner: &RawValue = serde_json::from_str(without_mark(&event))
        .map_err(|_| BadEvent::new(&*context.path, "must be a JSON object"))?;
    Ok(open(inner, &context))
}

/// The record that Lambda sends to a destination for an asynchronous invocation that failed. Its id is that of the
/// invocation, so an update that was recorded before the failure is known as a repeat. See "Capturing records of Lambda
/// asynchronous invocations" in the Lambda Developer Guide.
fn open_failed_invocation(fields: &Fields<'_>, context: &EventContext) -> Result<Vec<Opened>, BadEvent> {
    let at = fields.time("timestamp", Unit::Milliseconds, context.now);
    let request = fields.object("requestContext");
    let id = request.and_then(|request| request.map_or(Ok(None), |request| request.id("requestId")));
    let payload = fields.get("requestPayload");
    // For a stream's records Lambda keeps only their place in the stream, not the events.
    let payload =
        payload.ok_or_else(|| fields.bad("requestPayload", "is missing: this record does not hold the event"))?;
    Ok(open(payload, &context.within(fields, "requestPayload", id, at)?))
}

#[cfg(test)]
mod tests;
