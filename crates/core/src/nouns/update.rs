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
    /// The most lists and objects that may lie in each other. Readers of JSON in other languages stop at a bound of their own
    /// (Rust's at 128), and a page that cannot read one body could read no sync any more.
    pub const MAX_DEPTH: usize = 64;

    /// The body, or `None` if its text is longer than [`Body::MAX_BYTES`] or deeper than [`Body::MAX_DEPTH`]. Nothing else of
    /// it is looked at: what it means is between the pipeline and its pages.
    pub fn new(json: &RawValue) -> Option<Body> {
        let is_small = json.get().len() <= Self::MAX_BYTES && depth(json.get()) <= Self::MAX_DEPTH;
        is_small.then(|| Body(json.to_owned()))
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

/// How many lists and objects lie in each other at most.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_in_string, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => is_in_string = !is_in_string,
            _ if is_in_string => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(times: usize, inner: &str) -> String {
        format!("{}{inner}{}", "[".repeat(times), "]".repeat(times))
    }

    #[test]
    fn a_body_is_any_json_within_its_bounds_and_is_kept_as_its_text() {
        let texts = [
            "null".to_owned(),
            "-0".to_owned(),
            "1E400".to_owned(),
            r#"{"a":1,"a":[2],"b":"\ud800"}"#.to_owned(),
            nested(Body::MAX_DEPTH, ""),
            nested(Body::MAX_DEPTH - 1, r#"{"a":"[[[[\"[[[","[":"{"},[],[]"#),
            format!("[{}[]]", "[],".repeat(1_000)),
            format!("\"{}\"", "x".repeat(Body::MAX_BYTES - 2)),
        ];
        for text in texts {
            let body = Body::new(&RawValue::from_string(text.clone()).unwrap());
            assert_eq!(body.unwrap().as_str(), text);
        }
        for text in [
            format!("\"{}\"", "x".repeat(Body::MAX_BYTES - 1)),
            nested(Body::MAX_DEPTH + 1, ""),
            nested(Body::MAX_DEPTH, r#""]]]]",{"a":1}"#),
        ] {
            assert!(
                Body::new(&RawValue::from_string(text.clone()).unwrap()).is_none(),
                "{text:.99}"
            );
        }
    }
}
