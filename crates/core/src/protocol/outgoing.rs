//! Messages to a browser: each is a JSON text of at most [`MAX_BYTES`].

use crate::{Body, Cursor, Login, NotUnderstood, Timestamp, Topic, Version};
use serde::Serialize;

/// API Gateway's largest frame, and the unit in which it meters messages.
pub const MAX_BYTES: usize = 32 * 1024;

/// A message.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Outgoing<'a> {
    /// The answer to a ping. Most often API Gateway itself gives it.
    Pong,
    /// The login's stats have been updated.
    StatsUpdated {
        /// The login.
        login: &'a Login,
        /// The first of `topics`: most updates have one.
        topic: &'a Topic,
        /// The update's topics that this socket subscribed to, without those that have something newer.
        topics: &'a [&'a Topic],
        /// The log that the version counts in.
        epoch: &'a str,
        /// The update's number.
        version: Version,
        /// The highest version before it among the topics that this socket listens to: a page whose cursor is
        /// lower has a gap. Too high makes a page ask in vain; too low would hide a loss.
        prev: Version,
        /// The update's ID, the same when it comes again.
        id: &'a str,
        /// When it happened.
        at: Timestamp,
        /// The body that the pipeline sent.
        body: &'a Body,
    },
    /// The answer to a sync.
    Sync {
        /// The number that the page gave its question.
        n: u64,
        /// The server's clock when it answered. A page compares `recorded` with this and never with its own clock, which
        /// may be wrong: how long ago something was recorded is the difference of the two.
        now: Timestamp,
        /// The page's cursor after this reply; `None` if the login has no log, and the page's cursor stays.
        cursor: Option<Cursor>,
        /// The number of versions, over all topics, between the question's cursor and this one. `None` if nobody
        /// can say: the question had no cursor, or one of another log, or the login has no log.
        missed: Option<u64>,
        /// Whether the log is another than the one that the page knew. What the page holds of the old one is then void.
        reset: bool,
        /// Whether there is more: the page then asks again with this cursor.
        more: bool,
        /// The newest update of each topic that is newer than the question's cursor, oldest first.
        updates: Vec<Missed<'a>>,
    },
    /// The server is about to close this socket on purpose.
    Closing {
        /// Why.
        reason: ClosingReason,
        /// Whether to come back by itself.
        retry: bool,
    },
    /// The message was not understood, or cannot be answered.
    Error {
        /// For programs.
        code: ErrorCode,
        /// For people.
        message: &'a str,
    },
}

/// An update in the answer to a sync.
#[derive(Debug, Serialize)]
pub struct Missed<'a> {
    /// The first of `topics`.
    pub topic: &'a Topic,
    /// The update's topics that this socket subscribed to and that have nothing newer, by name.
    pub topics: Vec<&'a Topic>,
    /// The update's number.
    pub version: Version,
    /// The update's ID, the same when it comes again.
    pub id: &'a str,
    /// When it happened, by the pipeline's clock.
    pub at: Timestamp,
    /// When it was recorded, by the server's clock.
    pub recorded: Timestamp,
    /// The body that the pipeline sent.
    pub body: &'a Body,
}

/// Why the server closes a socket.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClosingReason {
    /// The chatter ID is no longer good.
    Revoked,
    /// The login has opened more sockets than it may have, and this is its oldest.
    Replaced,
}

/// The code of an error.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// Not the JSON it should be.
    BadMessage,
    /// JSON with an action that Chatterbox does not know.
    UnknownAction,
    /// This socket is not on record for that login: the page should connect anew.
    UnknownConnection,
    /// A table did not answer: the page should ask again, later.
    Unavailable,
}

impl Outgoing<'_> {
    /// The answer to a message that was not understood.
    pub fn not_understood(why: &NotUnderstood) -> Outgoing<'static> {
        match why {
            NotUnderstood::BadMessage(message) => Outgoing::Error {
                code: ErrorCode::BadMessage,
                message,
            },
            NotUnderstood::UnknownAction => Outgoing::Error {
                code: ErrorCode::UnknownAction,
                message: "action: must be \"ping\" or \"sync\"",
            },
        }
    }

    /// The answer to a sync while DynamoDB fails. The page asks again later.
    pub fn unavailable() -> Outgoing<'static> {
        Outgoing::Error {
            code: ErrorCode::Unavailable,
            message: "the tables do not answer: ask again later",
        }
    }

    /// The answer to a sync for a login that has no row with this connection. The page opens a new socket.
    pub fn unknown_connection() -> Outgoing<'static> {
        Outgoing::Error {
            code: ErrorCode::UnknownConnection,
            message: "this socket is not on record for that login: connect anew",
        }
    }

    /// The message's text.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("strings, numbers and JSON always serialise")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_documented_shapes() {
        let (login, topic) = (Login::parse("friendless").unwrap(), Topic::parse("updates").unwrap());
        let (at, body) = (
            Timestamp::parse("2026-01-31T09:00:00Z").unwrap(),
            Body::stored(r#"{"b":1,"a":1.50}"#).unwrap(),
        );
        let (topic, body) = (&topic, &body);
        let push = Outgoing::StatsUpdated {
            login: &login,
            topic,
            topics: &[topic],
            epoch: "E",
            version: 42,
            prev: 41,
            id: "i",
            at,
            body,
        };
        let updates = vec![Missed {
            topic,
            topics: vec![topic],
            version: 42,
            id: "i",
            at,
            recorded: Timestamp::parse("2026-01-31T09:00:02.5Z").unwrap(),
            body,
        }];
        let cursor = Some(Cursor {
            epoch: "E".to_owned(),
            version: 42,
        });
        for (message, text) in [
            (
                push,
                r#"{"type":"stats-updated","login":"friendless","topic":"updates","topics":["updates"],"epoch":"E","version":42,"prev":41,"id":"i","at":"2026-01-31T09:00:00Z","body":{"b":1,"a":1.50}}"#,
            ),
            (
                Outgoing::Sync {
                    n: 7,
                    now: Timestamp::parse("2026-01-31T09:01:00.25Z").unwrap(),
                    cursor,
                    missed: Some(3),
                    reset: false,
                    more: false,
                    updates,
                },
                r#"{"type":"sync","n":7,"now":"2026-01-31T09:01:00.25Z","cursor":{"epoch":"E","version":42},"missed":3,"reset":false,"more":false,"updates":[{"topic":"updates","topics":["updates"],"version":42,"id":"i","at":"2026-01-31T09:00:00Z","recorded":"2026-01-31T09:00:02.5Z","body":{"b":1,"a":1.50}}]}"#,
            ),
            (
                Outgoing::Closing {
                    reason: ClosingReason::Revoked,
                    retry: false,
                },
                r#"{"type":"closing","reason":"revoked","retry":false}"#,
            ),
            (
                Outgoing::not_understood(&NotUnderstood::BadMessage("n: must be a whole number")),
                r#"{"type":"error","code":"bad-message","message":"n: must be a whole number"}"#,
            ),
            (
                Outgoing::not_understood(&NotUnderstood::UnknownAction),
                r#"{"type":"error","code":"unknown-action","message":"action: must be \"ping\" or \"sync\""}"#,
            ),
        ] {
            assert_eq!(message.to_text(), text);
        }
    }
}
