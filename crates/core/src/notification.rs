//! What the pipeline says: these logins, these topics, this body.

use crate::{Body, Login, Timestamp, Topic, Update, batch::BadEvent};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    time::Duration,
};

/// One update for one or more logins.
#[derive(Clone, Debug)]
pub struct Notification {
    /// Whose stats were updated; each once, 1 to [`Notification::MAX_LOGINS`].
    pub logins: Vec<Login>,
    /// What happened to them.
    pub update: Update,
    /// Which invocation in a row this is: 1, and one more each time that it was put off.
    pub attempt: u32,
}

/// What stands in for an `id` and an `at` that the pipeline did not give: what carried the event has both.
#[derive(Clone, Debug)]
pub(crate) struct Postmark {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    /// By this machine's clock: nothing may have happened much later than this.
    pub(crate) received_at: Timestamp,
}

/// The fields of a JSON object, each still as its text.
type Fields<'a> = HashMap<String, &'a RawValue>;

impl Notification {
    /// The most logins that one event may name.
    pub const MAX_LOGINS: usize = 1_000;
    /// How far ahead of our clock an `at` may lie. One that lies in the future would make everything before it stale.
    const MAX_AHEAD: Duration = Duration::from_secs(3600);

    /// Reads an event: `login` or `logins` or `users`, `topic` or `topics`, `body`, and optionally `id`, `at` and
    /// `attempt`. Fields of other names are the pipeline's own business.
    pub(crate) fn parse(json: &str, postmark: &Postmark) -> Result<Notification, BadEvent> {
        let fields: Fields<'_> =
            serde_json::from_str(json).map_err(|_| BadEvent::new("event", "must be a JSON object"))?;
        let at = read_at(&fields)?;
        if at.is_some_and(|at| at > postmark.received_at + Self::MAX_AHEAD) {
            return Err(BadEvent::new("at", "must not lie more than an hour ahead"));
        }
        let update = Update {
            id: read_id(&fields)?.unwrap_or_else(|| postmark.id.clone()),
            at: at.unwrap_or(postmark.at),
            topics: read_topics(&fields)?,
            body: read_body(&fields)?,
        };
        Ok(Notification {
            logins: read_logins(&fields)?,
            update,
            attempt: read_attempt(&fields)?,
        })
    }

    /// The event that says the same to some of the logins, one attempt later.
    pub(crate) fn again_for(&self, logins: &[&Login]) -> String {
        let Update { id, at, topics, body } = &self.update;
        serde_json::json!({
            "logins": logins, "topics": topics, "id": id, "at": at.millis(), "attempt": self.attempt + 1, "body": body,
        })
        .to_string()
    }
}

fn read_logins(fields: &Fields<'_>) -> Result<Vec<Login>, BadEvent> {
    let present: Vec<&str> = ["login", "logins", "users"]
        .into_iter()
        .filter(|name| fields.contains_key(*name))
        .collect();
    let [name] = present[..] else {
        return Err(BadEvent::new(
            "login",
            "must be given once, as one of login, logins and users",
        ));
    };
    let names = if name == "login" {
        vec![read(fields, name, "a string")?]
    } else {
        read(fields, name, "a list of strings")?
    };
    if names.is_empty() || names.len() > Notification::MAX_LOGINS {
        return Err(BadEvent::new(
            name,
            format!("must name 1 to {} logins", Notification::MAX_LOGINS),
        ));
    }
    each_once(
        name,
        names,
        Login::parse,
        "must be 1 to 128 bytes without control characters",
    )
}

fn read_topics(fields: &Fields<'_>) -> Result<Vec<Topic>, BadEvent> {
    let (name, names) = match (fields.contains_key("topic"), fields.contains_key("topics")) {
        (true, true) => return Err(BadEvent::new("topic", "must be given once, as topic or as topics")),
        (true, false) => ("topic", vec![read(fields, "topic", "a string")?]),
        (false, true) => ("topics", read(fields, "topics", "a list of strings")?),
        (false, false) => ("topics", vec![]),
    };
    if names.len() > Topic::MAX_PER_LOGIN {
        return Err(BadEvent::new(
            name,
            format!("must name at most {} topics", Topic::MAX_PER_LOGIN),
        ));
    }
    let topics = each_once(
        name,
        names,
        Topic::parse,
        "must be 1 to 64 bytes without control characters or commas",
    )?;
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
    Body::new(json).ok_or_else(|| BadEvent::new("body", format!("must be at most {} bytes of JSON", Body::MAX_BYTES)))
}

fn read_id(fields: &Fields<'_>) -> Result<Option<String>, BadEvent> {
    if !fields.contains_key("id") {
        return Ok(None);
    }
    let id: String = read(fields, "id", "a string")?;
    if id.is_empty() || id.len() > Update::MAX_ID_BYTES {
        return Err(BadEvent::new(
            "id",
            format!("must be 1 to {} bytes", Update::MAX_ID_BYTES),
        ));
    }
    Ok(Some(id))
}

fn read_at(fields: &Fields<'_>) -> Result<Option<Timestamp>, BadEvent> {
    const FORM: &str = "a time like \"2026-01-31T09:00:00Z\" or a number of milliseconds since 1970";
    let Some(json) = fields.get("at") else { return Ok(None) };
    let at = match serde_json::from_str::<i64>(json.get()) {
        Ok(millis) => Timestamp::from_millis(millis),
        Err(_) => Timestamp::parse(&read::<String>(fields, "at", FORM)?),
    };
    at.map(Some)
        .ok_or_else(|| BadEvent::new("at", format!("must be {FORM}")))
}

fn read_attempt(fields: &Fields<'_>) -> Result<u32, BadEvent> {
    if !fields.contains_key("attempt") {
        return Ok(1);
    }
    let attempt = read(fields, "attempt", "a whole number")?;
    if attempt == 0 {
        Err(BadEvent::new("attempt", "must be 1 or more"))
    } else {
        Ok(attempt)
    }
}

/// A field that is there. The error names it and the form it must have, never what it held.
fn read<T: DeserializeOwned>(fields: &Fields<'_>, name: &str, form: &str) -> Result<T, BadEvent> {
    let json = fields.get(name).map_or("null", |value| value.get());
    serde_json::from_str(json).map_err(|_| BadEvent::new(name, format!("must be {form}")))
}

/// Parses every name and drops those that were there already.
fn each_once<T: Clone + Eq + Hash>(
    field: &str,
    names: Vec<String>,
    parse: impl Fn(&str) -> Option<T>,
    rule: &str,
) -> Result<Vec<T>, BadEvent> {
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let parsed = parse(name).ok_or_else(|| BadEvent::new(format!("{field}[{n}]"), rule))?;
        if seen.insert(parsed.clone()) {
            all.push(parsed);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
