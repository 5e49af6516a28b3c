//! The context of an event: its place in the payload, and the id and time that its envelopes give it.

use crate::{
    BadEvent, Invocation, Timestamp, Update,
    notify::fields::{Fields, named},
    nouns::event_time::EventTime,
};

/// The context of an event: its place, and its defaults for `id` and `at`, taken from the envelopes around it.
#[derive(Clone, Debug)]
pub(crate) struct EventContext {
    /// The place in the payload, for example `Records[0].body`; empty for the whole.
    pub(crate) path: String,
    /// The default `id`, or what is wrong with it, which matters only if the event has no `id` of its own.
    pub(crate) id: Result<String, BadEvent>,
    /// The default `at`, or what is wrong with it, which matters only if the event has no `at` of its own.
    pub(crate) at: Result<EventTime, BadEvent>,
    /// This machine's clock.
    pub(crate) now: Timestamp,
    /// The number of steps that may still follow inwards.
    steps_left: u32,
}

/// The most steps from the payload to an event: each list, each record and each string is one. The longest way that AWS's
/// services make by themselves has about half as many.
const MAX_STEPS: u32 = 24;

impl EventContext {
    /// The context of the whole payload, by its invocation.
    pub(crate) fn of(invocation: &Invocation) -> EventContext {
        EventContext {
            path: String::new(),
            id: Ok(invocation.request_id.clone()),
            at: Ok(EventTime::of(invocation.received_at, invocation.received_at)),
            now: invocation.received_at,
            steps_left: MAX_STEPS,
        }
    }

    /// One step inwards, to what is at this path.
    pub(crate) fn step(&self, path: String) -> Result<EventContext, BadEvent> {
        let steps_left = self.steps_left.checked_sub(1);
        Ok(EventContext {
            steps_left: steps_left.ok_or_else(|| BadEvent::new(named(&path), "lies in too many envelopes"))?,
            path,
            ..self.clone()
        })
    }

    /// The context of the n-th element of a list. Its default `id` gets the number, if there are several: two events of one
    /// list are not the same event.
    pub(crate) fn element(&self, list_path: &str, n: usize, length: usize) -> Result<EventContext, BadEvent> {
        let mut element = self.step(format!("{}[{n}]", named(list_path)))?;
        if length > 1 {
            element.id = element.id.map(|id| numbered(&id, n));
        }
        Ok(element)
    }

    /// The context of the field `inner` of an envelope with this `id` and `at`. What the envelope lacks stays as it was.
    pub(crate) fn within(
        &self,
        envelope: &Fields<'_>,
        inner: &str,
        id: Result<Option<String>, BadEvent>,
        at: Result<Option<EventTime>, BadEvent>,
    ) -> Result<EventContext, BadEvent> {
        let inner = self.step(envelope.path_to(inner))?;
        Ok(EventContext {
            id: id.transpose().unwrap_or(inner.id),
            at: at.transpose().unwrap_or(inner.at),
            ..inner
        })
    }
}

/// The id of an element, at most as long as an id may be: what is too long is cut at its front, where it is the same for all.
fn numbered(id: &str, n: usize) -> String {
    let mut id = format!("{id}#{n}");
    let surplus = id.len().saturating_sub(Update::MAX_ID_BYTES);
    let start = (surplus..).find(|at| id.is_char_boundary(*at));
    id.drain(..start.unwrap_or_default());
    id
}
