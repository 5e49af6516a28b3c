//! The messages between a page and the server, as `docs/protocol.md` specifies them: the page's side of them.

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error},
};
use serde_json::{Value, value::RawValue};
use std::collections::HashMap;

/// How far a page has seen one log of updates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The log's own name.
    pub epoch: String,
    /// The newest version that was seen.
    pub version: u64,
}

/// What a page sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Request {
    /// The heartbeat, which is answered with a `pong`.
    Ping,
    /// "What have I missed?"
    Sync {
        /// Whose updates are asked for.
        login: String,
        /// What the page has seen; `None` if nothing yet.
        cursor: Option<Cursor>,
        /// The question's number, which its reply says again.
        n: u64,
    },
}

impl Request {
    /// The message's text.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers always serialise")
    }
}

/// What a page receives.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Message {
    /// An update, as it happens.
    StatsUpdated(Push),
    /// The reply to a sync.
    Sync(Reply),
    /// The server is about to close this socket on purpose.
    Closing(Closing),
    /// The server, or API Gateway itself, could not answer.
    Error(Failure),
    /// The answer to a ping.
    Pong,
    /// A message of a type that this page does not know, which is to be ignored.
    Unknown,
    /// A message of a known type and of the wrong shape.
    Malformed,
}

/// An update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "EntryAsSent")]
pub struct Entry {
    /// The update's topics that the socket listens to and that hold nothing newer.
    pub topics: Vec<String>,
    /// Its number in the log.
    pub version: u64,
    /// The pipeline's name for it.
    pub id: String,
    /// When it happened (RFC 3339), by the pipeline's clock.
    pub at: String,
    /// When it was recorded, by the server's clock. A push does not say, nor do functions from before this
    /// field existed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<String>,
    /// What the pipeline sent; as text, if it is JSON that has no place in a [`Value`]: a number beyond `f64`, or half of a
    /// surrogate pair. To refuse it would end all syncs that have it.
    pub body: Value,
}

/// An update that is pushed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "PushAsSent")]
pub struct Push {
    /// The log that `version` and `prev` count in.
    pub epoch: String,
    /// The highest version before this one among the socket's topics.
    pub prev: u64,
    /// The update.
    #[serde(flatten)]
    pub entry: Entry,
}

/// The reply to a sync, or one part of it if there is `more`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The question's number.
    pub n: u64,
    /// The server's clock when it answered (RFC 3339). Functions from before this field existed do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// Where the page stands once it has taken this in; `None` if the login has no log.
    #[serde(default, deserialize_with = "perhaps_object")]
    pub cursor: Option<Cursor>,
    /// How many versions lie between the question's cursor and this one; `None` if nobody can say.
    pub missed: Option<u64>,
    /// The log is not the one that the page knew.
    #[serde(default)]
    pub reset: bool,
    /// Not all fitted: ask again.
    #[serde(default)]
    pub more: bool,
    /// What is newer than the question's cursor, oldest first.
    #[serde(deserialize_with = "objects")]
    pub updates: Vec<Entry>,
}

/// Why the server closes a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// `revoked` or `replaced`.
    pub reason: String,
    /// Whether to connect again at once.
    #[serde(default)]
    pub retry: bool,
}

/// What could not be done. Nothing is lost by it: the page asks again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// For programs: the server's codes, `gateway` for API Gateway's own frames, `bad-message` for what cannot be read.
    pub code: String,
    /// For people.
    pub message: String,
}

impl Failure {
    /// The code of a socket that has no row, which has to be left for another.
    pub(crate) const UNKNOWN_CONNECTION: &str = "unknown-connection";

    pub(crate) fn bad_message(message: &str) -> Failure {
        Failure {
            code: "bad-message".to_owned(),
            message: message.to_owned(),
        }
    }
}

impl Message {
    /// Reads a message's text. Whoever has the rights may post to a socket, so it may be anything.
    pub fn parse(text: &str) -> Message {
        if serde_json::from_str::<&RawValue>(text).is_err() {
            return Message::Error(Failure::bad_message("The server sent what is not JSON."));
        }
        let fields: HashMap<String, &RawValue> = serde_json::from_str(text).unwrap_or_default();
        let string = |name: &str| serde_json::from_str::<String>(fields.get(name)?.get()).ok();
        if !fields.contains_key("type") {
            // The frames of API Gateway itself have no type.
            return Message::Error(Failure {
                code: "gateway".to_owned(),
                message: string("message").unwrap_or_else(|| text.to_owned()),
            });
        }
        match string("type").as_deref() {
            Some("stats-updated") => read(text, Message::StatsUpdated),
            Some("sync") => read(text, Message::Sync),
            Some("closing") => read(text, Message::Closing),
            Some("error") => read(text, Message::Error),
            Some("pong") => Message::Pong,
            _ => Message::Unknown,
        }
    }
}

fn read<T: DeserializeOwned>(text: &str, kind: fn(T) -> Message) -> Message {
    serde_json::from_str(text).map_or(Message::Malformed, kind)
}

/// Reads an object, and nothing else: serde takes a list for a struct too, its elements for the fields.
fn object<T: DeserializeOwned, E: Error>(json: &RawValue) -> Result<T, E> {
    if !json.get().starts_with('{') {
        return Err(E::custom("not an object"));
    }
    serde_json::from_str(json.get()).map_err(E::custom)
}

fn perhaps_object<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let json = Option::<Box<RawValue>>::deserialize(deserializer)?;
    json.map(|json| object(&json)).transpose()
}

fn objects<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::<Box<RawValue>>::deserialize(deserializer)?;
    list.iter().map(|json| object(json)).collect()
}

/// A body, whatever JSON it is.
fn body<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let json = Box::<RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(json.get()).unwrap_or_else(|_| Value::String(json.get().to_owned())))
}

/// An update as it may be sent: with `topic` alone, or without what a page can do without.
#[derive(Deserialize)]
struct EntryAsSent {
    topic: Option<String>,
    topics: Option<Vec<String>>,
    version: u64,
    #[serde(default)]
    id: String,
    #[serde(default)]
    at: String,
    recorded: Option<String>,
    #[serde(default, deserialize_with = "body")]
    body: Value,
}

/// A push as it may be sent.
#[derive(Deserialize)]
struct PushAsSent {
    epoch: String,
    prev: u64,
    topic: Option<String>,
    topics: Option<Vec<String>>,
    version: u64,
    #[serde(default)]
    id: String,
    #[serde(default)]
    at: String,
    recorded: Option<String>,
    #[serde(default, deserialize_with = "body")]
    body: Value,
}

impl From<PushAsSent> for Push {
    fn from(sent: PushAsSent) -> Push {
        let entry = EntryAsSent {
            topic: sent.topic,
            topics: sent.topics,
            version: sent.version,
            id: sent.id,
            at: sent.at,
            recorded: sent.recorded,
            body: sent.body,
        };
        Push {
            epoch: sent.epoch,
            prev: sent.prev,
            entry: entry.into(),
        }
    }
}

impl From<EntryAsSent> for Entry {
    fn from(sent: EntryAsSent) -> Entry {
        Entry {
            topics: sent.topics.unwrap_or_else(|| sent.topic.into_iter().collect()),
            version: sent.version,
            id: sent.id,
            at: sent.at,
            recorded: sent.recorded,
            body: sent.body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_push_and_a_reply_are_read_as_the_specification_writes_them() {
        let push = r#"{"type":"stats-updated","login":"friendless","topic":"updates","topics":["updates"],"epoch":"E","version":42,"prev":41,"id":"job-17","at":"2026-01-31T09:00:00Z","body":{"b":1}}"#;
        let Message::StatsUpdated(push) = Message::parse(push) else {
            panic!("no push")
        };
        assert_eq!((push.epoch.as_str(), push.prev, push.entry.version), ("E", 41, 42));
        assert_eq!(
            (push.entry.topics, push.entry.body),
            (vec!["updates".to_owned()], json!({"b": 1}))
        );
        let reply = r#"{"type":"sync","n":7,"now":"2026-01-31T09:01:00.25Z","cursor":{"epoch":"E","version":42},"missed":1,"reset":false,"more":true,"updates":[{"topic":"updates","topics":["updates"],"version":42,"id":"job-17","at":"2026-01-31T09:00:00Z","recorded":"2026-01-31T09:00:02.5Z","body":null}]}"#;
        let Message::Sync(reply) = Message::parse(reply) else {
            panic!("no reply")
        };
        assert_eq!(
            (reply.n, reply.missed, reply.reset, reply.more),
            (7, Some(1), false, true)
        );
        assert_eq!(reply.updates[0].recorded.as_deref(), Some("2026-01-31T09:00:02.5Z"));
    }

    #[test]
    fn whatever_comes_is_told_apart() {
        let malformed = [
            r#"{"type":"stats-updated"}"#,
            r#"{"type":"stats-updated","epoch":7,"version":1,"prev":0,"topics":["a"]}"#,
            r#"{"type":"stats-updated","epoch":"E","version":-1,"prev":0,"topics":["a"]}"#,
            r#"{"type":"stats-updated","epoch":"E","version":1,"prev":0,"topics":"a"}"#,
            r#"{"type":"sync","n":1}"#,
            r#"{"type":"closing"}"#,
            r#"{"type":"error","code":1,"message":"m"}"#,
            // A list is no object, and what is there twice has no meaning.
            r#"{"type":"sync","n":1,"cursor":["E",1],"missed":null,"updates":[]}"#,
            r#"{"type":"sync","n":1,"cursor":null,"missed":null,"updates":[["a",null,1,"i","t",null,{}]]}"#,
            r#"{"type":"sync","n":1,"cursor":{"epoch":"E","version":1,"version":2},"missed":null,"updates":[]}"#,
            r#"{"type":"stats-updated","epoch":"E","version":1,"version":2,"prev":0,"topics":["a"]}"#,
            r#"{"type":"stats-updated","epoch":"E","version":1E400,"prev":0,"topics":["a"]}"#,
        ];
        for text in malformed {
            assert_eq!(Message::parse(text), Message::Malformed, "{text}");
        }
        let error = |code: &str, message: &str| {
            Message::Error(Failure {
                code: code.to_owned(),
                message: message.to_owned(),
            })
        };
        for (text, message) in [
            (r#"{"type":"pong"}"#, Message::Pong),
            (r#"{"type":"news"}"#, Message::Unknown),
            ("{", error("bad-message", "The server sent what is not JSON.")),
            ("7", error("gateway", "7")),
            (r#"["sync",1,null,null]"#, error("gateway", r#"["sync",1,null,null]"#)),
            (
                r#"{"message": "Forbidden", "connectionId":"L0="}"#,
                error("gateway", "Forbidden"),
            ),
            (
                r#"{"type":"error","code":"unavailable","message":"later"}"#,
                error("unavailable", "later"),
            ),
        ] {
            assert_eq!(Message::parse(text), message, "{text}");
        }
    }

    #[test]
    fn a_reply_without_a_cursor_is_one_whose_login_has_no_log() {
        let reply = r#"{"type":"sync","n":1,"updates":[]}"#;
        assert!(matches!(Message::parse(reply), Message::Sync(reply) if reply.cursor.is_none()));
    }

    #[test]
    fn whatever_the_pipeline_put_into_a_body_the_update_is_read() {
        let deep = format!("{}{}", "[".repeat(4_000), "]".repeat(4_000));
        for (body, read) in [
            (r#"{"a":[1.5,null]}"#, json!({"a": [1.5, null]})),
            (r#"{"a":1,"a":2}"#, json!({"a": 2})),
            // As JavaScript writes a text that was cut within a character.
            (r#"{"a":"\ud83d"}"#, json!(r#"{"a":"\ud83d"}"#)),
            ("1E400", json!("1E400")),
            (deep.as_str(), json!(deep)),
        ] {
            let push =
                format!(r#"{{"type":"stats-updated","epoch":"E","version":2,"prev":1,"topics":["a"],"body":{body}}}"#);
            assert!(
                matches!(Message::parse(&push), Message::StatsUpdated(push) if push.entry.body == read),
                "{body}"
            );
            let reply = format!(
                r#"{{"type":"sync","n":1,"cursor":null,"missed":null,"updates":[{{"topics":["a"],"version":2,"body":{body}}}]}}"#
            );
            assert!(
                matches!(Message::parse(&reply), Message::Sync(reply) if reply.updates[0].body == read),
                "{body}"
            );
        }
    }

    #[test]
    fn a_request_has_the_documented_text() {
        let sync = Request::Sync {
            login: "friendless".to_owned(),
            cursor: None,
            n: 0,
        };
        let text = r#"{"action":"sync","login":"friendless","cursor":null,"n":0}"#;
        assert_eq!(
            (sync.to_text().as_str(), Request::Ping.to_text().as_str()),
            (text, r#"{"action":"ping"}"#)
        );
    }
}
