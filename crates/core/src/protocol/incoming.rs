//! Messages of a browser.

use crate::{Cursor, Login};
use serde_json::Value;

/// A message that was understood. `ping` is not among them: API Gateway answers it without a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// "What have I missed?"
    Sync {
        /// The login whose updates are asked for. It proves nothing: the connection's row does.
        login: Login,
        /// The page's cursor; `None` if it has none yet.
        cursor: Option<Cursor>,
        /// The page's number for this question, which the reply echoes.
        n: u64,
    },
}

/// Why a message was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotUnderstood {
    /// It is not the JSON it should be. The text names the field, never its value.
    BadMessage(&'static str),
    /// It is JSON with an action that Chatterbox does not know.
    UnknownAction,
}

impl Incoming {
    /// Reads a message's text, whatever it is: no depth, size or type of it is an error of the server's.
    ///
    /// # Errors
    /// The error, for the sender.
    pub fn parse(text: &str) -> Result<Incoming, NotUnderstood> {
        use NotUnderstood::{BadMessage, UnknownAction};
        // Too deep a message is no JSON to the parser, which stops at 128 levels rather than overflow the stack.
        // A byte order mark is no part of the text (RFC 8259, 8.1).
        let text = text.trim_start_matches('\u{feff}');
        let message: Value = serde_json::from_str(text).map_err(|_| BadMessage("the message must be JSON"))?;
        let Value::Object(fields) = message else {
            return Err(BadMessage("the message must be a JSON object"));
        };
        match fields.get("action").and_then(Value::as_str) {
            Some("sync") => {}
            Some(_) => return Err(UnknownAction),
            None => return Err(BadMessage("action: must be a string")),
        }
        let login = fields.get("login").and_then(Value::as_str).and_then(Login::parse);
        let cursor = match fields.get("cursor") {
            None | Some(Value::Null) => None,
            Some(cursor) => {
                Some(read_cursor(cursor).ok_or(BadMessage("cursor: must be null or an epoch and a version"))?)
            }
        };
        Ok(Incoming::Sync {
            login: login.ok_or(BadMessage("login: must be a login name"))?,
            cursor,
            n: fields
                .get("n")
                .and_then(whole)
                .ok_or(BadMessage("n: must be a whole number"))?,
        })
    }
}

fn read_cursor(cursor: &Value) -> Option<Cursor> {
    Some(Cursor {
        epoch: cursor.get("epoch")?.as_str()?.to_owned(),
        version: whole(cursor.get("version")?)?,
    })
}

/// A whole number, also where a language writes it as `7.0`.
fn whole(number: &Value) -> Option<u64> {
    /// From here on not every whole number has a place in a floating-point one.
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is whole, and in the range"
    )]
    let from_float = |number: f64| (number.fract() == 0.0 && (0.0..LIMIT).contains(&number)).then_some(number as u64);
    number.as_u64().or_else(|| from_float(number.as_f64()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_sync_is_understood() {
        let login = Login::parse("friendless").unwrap();
        let cursor = Some(Cursor {
            epoch: "E".to_owned(),
            version: 41,
        });
        for (text, cursor, n) in [
            (
                r#"{"action":"sync","login":"friendless","cursor":{"epoch":"E","version":41},"n":7}"#,
                cursor,
                7,
            ),
            (r#"{"action":"sync","login":"friendless","cursor":null,"n":0}"#, None, 0),
            (
                "\u{feff}{\"action\":\"sync\",\"login\":\"friendless\",\"n\":7.0,\"cursor\":{\"epoch\":\"E\",\"version\":41.0}}",
                Some(Cursor {
                    epoch: "E".to_owned(),
                    version: 41,
                }),
                7,
            ),
            (
                r#"{"n":9007199254740992,"login":"friendless","action":"sync","more":[]}"#,
                None,
                1 << 53,
            ),
        ] {
            assert_eq!(
                Incoming::parse(text),
                Ok(Incoming::Sync {
                    login: login.clone(),
                    cursor,
                    n
                })
            );
        }
    }

    #[test]
    fn any_other_message_is_answered_with_the_field_and_the_rule() {
        let deep = "[".repeat(100_000);
        for (text, field) in [
            ("", "JSON"),
            ("hello", "JSON"),
            (deep.as_str(), "JSON"),
            ("[]", "object"),
            ("null", "object"),
            ("{}", "action"),
            (r#"{"action":7}"#, "action"),
            (r#"{"action":"sync","n":1}"#, "login"),
            (r#"{"action":"sync","login":"","n":1}"#, "login"),
            (r#"{"action":"sync","login":"a"}"#, "n:"),
            (r#"{"action":"sync","login":"a","n":-1}"#, "n:"),
            (r#"{"action":"sync","login":"a","n":1.5}"#, "n:"),
            (r#"{"action":"sync","login":"a","n":1,"cursor":7}"#, "cursor"),
            (
                r#"{"action":"sync","login":"a","n":1,"cursor":{"epoch":"E","version":-1}}"#,
                "cursor",
            ),
        ] {
            let Err(NotUnderstood::BadMessage(why)) = Incoming::parse(text) else {
                panic!("understood: {text:.80}")
            };
            assert!(why.contains(field), "{why}");
        }
        for action in ["", "$disconnect", "notify", "SYNC"] {
            let text = serde_json::json!({"action": action, "login": "a", "n": 1}).to_string();
            assert_eq!(Incoming::parse(&text), Err(NotUnderstood::UnknownAction));
        }
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(text in ".{0,300}") {
            let _ = Incoming::parse(&text);
        }
    }
}
