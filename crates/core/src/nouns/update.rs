//! One thing that happened to a login's stats.

use crate::{Timestamp, Topic};
use serde::Serialize;
use serde_json::value::RawValue;

/// An update as the pipeline sends it, before it has a version.
#[derive(Clone, Debug)]
pub struct Update {
    /// Marks repeats: the same id on the same topic is the same update. At most [`Update::MAX_ID_BYTES`].
    pub id: String,
    /// When it happened: of two updates to a topic the later one stands.
    pub at: Timestamp,
    /// Its topics, in the event's order, each once; 1 to [`Topic::MAX_PER_LOGIN`].
    pub topics: Vec<Topic>,
    /// The body, which browsers get as it is.
    pub body: Body,
}

impl Update {
    /// The most bytes an id may have: every envelope's own ids are far shorter.
    pub const MAX_ID_BYTES: usize = 256;
}

/// An update's body: any JSON, kept as its text so that numbers and the order of keys arrive as they were sent.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Body(Box<RawValue>);

impl Body {
    /// The most bytes a body's JSON text may have. Three of the largest fit into one message of 32 KB.
    pub const MAX_BYTES: usize = 8 * 1024;

    /// The body, or `None` if its text is longer than [`Body::MAX_BYTES`].
    pub fn new(json: &RawValue) -> Option<Body> {
        (json.get().len() <= Self::MAX_BYTES).then(|| Body(json.to_owned()))
    }

    /// A body that comes from the database; `None` if it is not JSON.
    pub(crate) fn stored(text: &str) -> Option<Body> {
        RawValue::from_string(text.to_owned()).ok().map(Body)
    }

    /// Its JSON text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl Default for Body {
    /// The body of an event without one: an empty object, so that a page may read any field of it.
    fn default() -> Body {
        Body(RawValue::from_string("{}".to_owned()).expect("an empty object is JSON"))
    }
}
