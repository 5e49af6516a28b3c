//! The event of the pipeline: logins, topics, a body.

use crate::{
    BadEvent, Body, Login, Topic, Update, notify::event_context::EventContext, notify::fields::Fields,
    nouns::event_time::Unit,
};
use serde::Serialize;
use std::{collections::HashSet, hash::Hash, time::Duration};

/// One update for one or more logins.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The logins whose stats were updated; each once, 1 to [`Notification::MAX_LOGINS`].
    pub logins: Vec<Login>,
    /// The update, the same for all of them.
    pub update: Update,
    /// The number of this attempt: 1, and one more each time that the event is deferred.
    pub attempt: u32,
    /// How far the event's time is ahead of this machine's clock, if by more than
    /// [`EventTime::TOLERANCE`](crate::EventTime::TOLERANCE); `at` then is now.
    pub clock_ahead: Option<Duration>,
    /// Whether each step is logged.
    pub is_traced: bool,
}

/// The names under which an event may name its logins.
const LOGINS: [&str; 3] = ["login", "logins", "users"];

impl Notification {
    /// The most logins that one event may name.
    pub const MAX_LOGINS: usize = 1_000;

    /// Whether this is an event, rather than an envelope around one.
    pub(crate) fn names_logins(fields: &Fields<'_>) -> bool {
        LOGINS.iter().any(|name| fields.has(name))
    }

    /// Reads an event: `login` or `logins` or `users`, `topic` or `topics`, `body`, and optionally `id`, `at`,
    /// `attempt` and `trace`. Fields of other names are the pipeline's own business, and `null` is the same as no field. For an `id` or
    /// an `at` that is missing, the context's is taken.
    pub(crate) fn read(fields: &Fields<'_>, context: &EventContext) -> Result<Notification, BadEvent> {
        let time = match fields.time("at", Unit::Milliseconds, context.now)? {
            Some(time) => time,
            None => context.at.clone()?,
        };
        let update = Update {
            id: fields.id("id")?.map_or_else(|| context.id.clone(), Ok)?,
            at: time.at,
            topics: read_topics(fields)?,
            body: read_body(fields)?,
        };
        Ok(Notification {
            logins: read_logins(fields)?,
            update,
            attempt: read_attempt(fields)?,
            clock_ahead: time.ahead,
            // Anything else is the pipeline's own, as it was before this field had a meaning.
            is_traced: fields.get("trace").is_some_and(|trace| trace.get() == "true"),
        })
    }

    /// The event that says the same to some of the logins, one attempt later.
    pub(crate) fn again_for(&self, logins: &[&Login]) -> String {
        /// The fields that [`Notification::read`] reads, by one name each.
        #[derive(Serialize)]
        struct Event<'a> {
            logins: &'a [&'a Login],
            topics: &'a [Topic],
            id: &'a str,
            at: i64,
            body: &'a Body,
            attempt: u32,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            trace: bool,
        }
        // Every field is named here, so that a new one does not compile until it is said how it is deferred.
        let Notification {
            logins: _,
            update: Update { id, at, topics, body },
            attempt,
            // It was logged at the first attempt, and `at` is no longer ahead.
            clock_ahead: _,
            is_traced,
        } = self;
        let event = Event {
            logins,
            topics,
            id,
            at: at.millis(),
            body,
            attempt: attempt + 1,
            trace: *is_traced,
        };
        serde_json::to_string(&event).expect("strings, numbers and JSON always serialise")
    }
}

fn read_logins(fields: &Fields<'_>) -> Result<Vec<Login>, BadEvent> {
    let mut present: Vec<&str> = LOGINS.into_iter().filter(|name| fields.has(name)).collect();
    if present.len() > 1 {
        present.retain(|name| !fields.is_empty_list(name));
    }
    let [name] = present[..] else {
        return Err(fields.bad("login", "must be given once, as one of login, logins and users"));
    };
    let names: Vec<String> = if name == "login" {
        fields.read::<String>(name, "a string")?.into_iter().collect()
    } else {
        fields.read(name, "a list of strings")?.unwrap_or_default()
    };
    if names.is_empty() || names.len() > Notification::MAX_LOGINS {
        return Err(fields.bad(name, format!("must name 1 to {} logins", Notification::MAX_LOGINS)));
    }
    let rule = "must be 1 to 128 bytes without control characters";
    each_once(fields, name, names, Login::parse, rule)
}

fn read_topics(fields: &Fields<'_>) -> Result<Vec<Topic>, BadEvent> {
    let (name, names) = match (
        fields.read("topic", "a string")?,
        fields.read("topics", "a list of strings")?,
    ) {
        (Some(_), Some::<Vec<String>>(topics)) if !topics.is_empty() => {
            return Err(fields.bad("topic", "must be given once, as topic or as topics"));
        }
        (Some(topic), _) => ("topic", vec![topic]),
        (None, topics) => ("topics", topics.unwrap_or_default()),
    };
    if names.len() > Topic::MAX_PER_LOGIN {
        return Err(fields.bad(name, format!("must name at most {} topics", Topic::MAX_PER_LOGIN)));
    }
    let rule = "must be 1 to 64 bytes without control characters or commas";
    let topics = each_once(fields, name, names, Topic::parse, rule)?;
    Ok(if topics.is_empty() {
        vec![Topic::fallback()]
    } else {
        topics
    })
}

fn read_body(fields: &Fields<'_>) -> Result<Body, BadEvent> {
    let Some(json) = fields.get("body") else {
        return Ok(Body::default());
    };
    let (bytes, depth) = (Body::MAX_BYTES, Body::MAX_DEPTH);
    let rule = || format!("must be at most {bytes} bytes of JSON, at most {depth} lists and objects deep");
    Body::new(json).ok_or_else(|| fields.bad("body", rule()))
}

fn read_attempt(fields: &Fields<'_>) -> Result<u32, BadEvent> {
    match fields.read("attempt", "a whole number")? {
        Some(0) => Err(fields.bad("attempt", "must be 1 or more")),
        attempt => Ok(attempt.unwrap_or(1)),
    }
}

/// Parses every name and drops those that were there already.
fn each_once<T: Clone + Eq + Hash>(
    fields: &Fields<'_>,
    field: &str,
    names: Vec<String>,
    parse: impl Fn(&str) -> Option<T>,
    rule: &str,
) -> Result<Vec<T>, BadEvent> {
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let parsed = parse(name).ok_or_else(|| fields.bad(&format!("{field}[{n}]"), rule))?;
        if seen.insert(parsed.clone()) {
            all.push(parsed);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
