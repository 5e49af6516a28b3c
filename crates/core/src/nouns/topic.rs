//! Topics: of an update, and those that a socket subscribed to.

use serde::Serialize;
use std::collections::BTreeSet;

/// The name of a topic: 1 to 64 bytes of UTF-8 without control characters or commas (a comma separates topics in a URL).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Topic(String);

impl Topic {
    /// The most bytes a topic may have.
    pub const MAX_BYTES: usize = 64;
    /// The most topics of a login, of an update, and of a socket.
    pub const MAX_PER_LOGIN: usize = 16;

    /// The topic, or `None` if it is empty, too long or has a forbidden character.
    pub fn parse(text: &str) -> Option<Topic> {
        let valid = !text.is_empty()
            && text.len() <= Self::MAX_BYTES
            && !text.chars().any(|character| character.is_control() || character == ',');
        valid.then(|| Topic(text.to_owned()))
    }

    /// The topic of an update whose event names none.
    pub fn fallback() -> Topic {
        Topic("updates".to_owned())
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The topics that a socket listens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topics {
    /// Every topic, those not thought of yet included.
    All,
    /// These and no others; never empty.
    Only(BTreeSet<Topic>),
}

impl Topics {
    /// Topics from a URL's comma-separated list. An empty list listens to all; `None` if one of them is no topic or
    /// there are more than [`Topic::MAX_PER_LOGIN`].
    pub fn parse(list: &str) -> Option<Topics> {
        if list.is_empty() {
            return Some(Topics::All);
        }
        let topics: BTreeSet<Topic> = list.split(',').map(Topic::parse).collect::<Option<_>>()?;
        (topics.len() <= Topic::MAX_PER_LOGIN).then_some(Topics::Only(topics))
    }

    /// Whether an update about `topic` is for this socket.
    pub fn contains(&self, topic: &Topic) -> bool {
        match self {
            Topics::All => true,
            Topics::Only(topics) => topics.contains(topic),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(names: &[&str]) -> Option<Topics> {
        Some(Topics::Only(
            names.iter().map(|name| Topic::parse(name).unwrap()).collect(),
        ))
    }

    #[test]
    fn a_list_of_topics_is_read_from_a_url() {
        let seventeen = (0..17).map(|n| format!("t{n}")).collect::<Vec<_>>().join(",");
        for (list, expected) in [
            ("", Some(Topics::All)),
            ("updates", only(&["updates"])),
            ("a,b", only(&["a", "b"])),
            ("a,a", only(&["a"])),
            ("plays of 2026", only(&["plays of 2026"])),
            ("a,", None),
            (",", None),
            ("a,b\u{7}", None),
            (&seventeen, None),
            (&"x".repeat(65), None),
        ] {
            assert_eq!(Topics::parse(list), expected, "{list:?}");
        }
    }
}
