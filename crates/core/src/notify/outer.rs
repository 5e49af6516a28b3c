//! The surroundings of an event: its place in the payload, and the id and time that its envelopes give it.

use crate::{
    BadEvent, Invocation, Timestamp, Update,
    notify::fields::{Fields, named},
    nouns::event_time::EventTime,
};

/// The place of an event, and its defaults for `id` and `at`, taken from the envelopes around it.
#[derive(Clone, Debug)]
pub(crate) struct Outer {
    /// The place in the payload, for example `Records[0].body`; empty for the whole.
    pub(crate) path: String,
    /// The default `id`. It may be a bad one, which matters only if the event has none.
    pub(crate) id: Result<String, BadEvent>,
    /// When it happened, unless the event says so itself. What is wrong with it matters only then.
    pub(crate) at: Result<EventTime, BadEvent>,
    /// This machine's clock.
    pub(crate) now: Timestamp,
    /// The number of envelopes that may still follow inwards.
    steps_left: u32,
}

/// The most envelopes around an event. The longest way that AWS's services make by themselves has about half as many steps: a
/// list, a record, and a string are one each.
const MAX_STEPS: u32 = 24;

impl Outer {
    /// The surroundings of the whole payload, by its invocation.
    pub(crate) fn of(invocation: &Invocation) -> Outer {
        Outer {
            path: String::new(),
            id: Ok(invocation.request_id.clone()),
            at: Ok(EventTime::of(invocation.received_at, invocation.received_at)),
            now: invocation.received_at,
            steps_left: MAX_STEPS,
        }
    }

    /// One step inwards, to what is at this path.
    pub(crate) fn step(&self, path: String) -> Result<Outer, BadEvent> {
        let steps_left = self.steps_left.checked_sub(1);
        Ok(Outer {
            steps_left: steps_left.ok_or_else(|| BadEvent::new(named(&path), "lies in too many envelopes"))?,
            path,
            ..self.clone()
        })
    }

    /// The element of a list, which has a name of its own: two events of one list are not the same event.
    pub(crate) fn element(&self, list_path: &str, n: usize, length: usize) -> Result<Outer, BadEvent> {
        let mut element = self.step(format!("{}[{n}]", named(list_path)))?;
        if length > 1 {
            element.id = element.id.map(|id| numbered(&id, n));
        }
        Ok(element)
    }

    /// The surroundings of the field `inner` of an envelope with this `id` and `at`; what it lacks stays as it was.
    pub(crate) fn within(
        &self,
        envelope: &Fields<'_>,
        inner: &str,
        id: Result<Option<String>, BadEvent>,
        at: Result<Option<EventTime>, BadEvent>,
    ) -> Result<Outer, BadEvent> {
        let inner = self.step(envelope.path_to(inner))?;
        Ok(Outer {
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
