//! Messages of a browser.

use crate::{
    Cursor, Login,
    json::{Object, without_mark},
};
use serde::de::DeserializeOwned;
use serde_json::{Number, value::RawValue};

/// A message that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// "Are you there?" API Gateway answers it without a function, unless it cannot read it: half of a surrogate pair, for
    /// example, is JSON to some and not to others.
    Ping,
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
    /// Reads a message's text, whatever it is: no depth, size or type of it is an error of the server's. A field that is
    /// given twice is refused, since it would be left to chance which of the two counts.
    ///
    /// # Errors
    /// The error, for the sender.
    pub fn parse(text: &str) -> Result<Incoming, NotUnderstood> {
        use NotUnderstood::{BadMessage, UnknownAction};
        let message: &RawValue =
            serde_json::from_str(without_mark(text)).map_err(|_| BadMessage("the message must be JSON"))?;
        let fields = Object::read(message.get(), &["action", "login", "cursor", "n"])
            .ok_or(BadMessage("the message must be a JSON object"))?;
        match fields.twice {
            None => {}
            Some("action") => return Err(BadMessage("action: must be given once")),
            Some("login") => return Err(BadMessage("login: must be given once")),
            Some("cursor") => return Err(BadMessage("cursor: must be given once")),
            Some(_) => return Err(BadMessage("n: must be given once")),
        }
        match read::<String>(fields.get("action")).as_deref() {
            Some("sync") => {}
            Some("ping") => return Ok(Incoming::Ping),
            Some(_) => return Err(UnknownAction),
            None => return Err(BadMessage("action: must be a string")),
        }
        let login = read::<String>(fields.get("login")).and_then(|login| Login::parse(&login));
        Ok(Incoming::Sync {
            login: login.ok_or(BadMessage("login: must be a login name"))?,
            cursor: read_cursor(fields.get("cursor"))?,
            n: whole(fields.get("n")).ok_or(BadMessage("n: must be a whole number"))?,
        })
    }
}

fn read<T: DeserializeOwned>(json: Option<&RawValue>) -> Option<T> {
    serde_json::from_str(json?.get()).ok()
}

fn read_cursor(json: Option<&RawValue>) -> Result<Option<Cursor>, NotUnderstood> {
    let Some(json) = json.filter(|json| json.get() != "null") else {
        return Ok(None);
    };
    let fields = Object::read(json.get(), &["epoch", "version"]);
    let cursor = fields.and_then(|fields| {
        let (epoch, version) = (read(fields.get("epoch"))?, whole(fields.get("version"))?);
        fields.twice.is_none().then_some(Cursor { epoch, version })
    });
    let rule = "cursor: must be null or an epoch and a version, each given once";
    cursor.map(Some).ok_or(NotUnderstood::BadMessage(rule))
}

/// A whole number, also where a language writes it as `7.0`.
fn whole(json: Option<&RawValue>) -> Option<u64> {
    /// From here on not every whole number has a place in a floating-point one.
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is whole, and in the range"
    )]
    let from_float = |number: f64| (number.fract() == 0.0 && (0.0..LIMIT).contains(&number)).then_some(number as u64);
    let number: Number = read(json)?;
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
                cursor.clone(),
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
            (
                r#"{"n":1e3,"login":"friendless","\u0061ction":"sync","more":{"n":1},"more":1E400}"#,
                None,
                1_000,
            ),
            (
                r#"{"n":-0,"login":"friendless","action":"sync","cursor":{"epoch":"E","version":41,"more":1,"more":2}}"#,
                cursor,
                0,
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
    fn a_ping_is_understood_whatever_is_beside_it() {
        for text in [
            r#"{"action":"ping"}"#,
            r#"{"login":7,"\u0061ction":"ping","n":-1}"#,
            r#"{"action":"ping","half a pair":"\ud800","\udfff":0}"#,
        ] {
            assert_eq!(Incoming::parse(text), Ok(Incoming::Ping), "{text}");
        }
    }

    #[test]
    fn a_field_that_is_given_twice_is_refused_by_its_name_even_with_the_same_value() {
        for (text, field) in [
            (r#"{"action":"sync","login":"a","n":1,"login":"b"}"#, "login: "),
            (r#"{"action":"sync","login":"a","n":1,"login":"a"}"#, "login: "),
            (r#"{"action":"ping","action":"sync","login":"a","n":1}"#, "action: "),
            (r#"{"action":"sync","login":"a","n":1,"\u006e":2}"#, "n: "),
            (
                r#"{"action":"sync","login":"a","n":1,"cursor":null,"cursor":null}"#,
                "cursor: ",
            ),
            (
                r#"{"action":"sync","login":"a","n":1,"cursor":{"epoch":"E","version":1,"version":2}}"#,
                "cursor: ",
            ),
            (
                r#"{"action":"sync","login":"a","n":1,"cursor":{"epoch":"E","epoch":"F","version":1}}"#,
                "cursor: ",
            ),
        ] {
            let Err(NotUnderstood::BadMessage(why)) = Incoming::parse(text) else {
                panic!("understood: {text}")
            };
            assert!(why.starts_with(field) && why.ends_with("given once"), "{text}: {why}");
        }
    }

    #[test]
    fn any_other_message_is_answered_with_the_field_and_the_rule() {
        let deep = "[".repeat(100_000);
        let closed = format!("{deep}{}", "]".repeat(100_000));
        for (text, field) in [
            ("", "JSON"),
            ("hello", "JSON"),
            (deep.as_str(), "JSON"),
            ("[]", "object"),
            (closed.as_str(), "object"),
            (r#"["sync","a",null,1]"#, "object"),
            ("null", "object"),
            ("{}", "action"),
            (r#"{"action":7}"#, "action"),
            (r#"{"action":"\ud800"}"#, "action"),
            (r#"{"action":"sync","n":1}"#, "login"),
            (r#"{"action":"sync","login":"","n":1}"#, "login"),
            (r#"{"action":"sync","login":"a"}"#, "n:"),
            (r#"{"action":"sync","login":"a","n":-1}"#, "n:"),
            (r#"{"action":"sync","login":"a","n":1.5}"#, "n:"),
            (r#"{"action":"sync","login":"a","n":1E400}"#, "n:"),
            (r#"{"action":"sync","login":"a","n":"1"}"#, "n:"),
            (r#"{"action":"sync","login":"\ud800","n":1}"#, "login"),
            (r#"{"action":"sync","login":["a"],"n":1}"#, "login"),
            (r#"{"action":"sync","login":"a","n":1,"cursor":7}"#, "cursor"),
            (r#"{"action":"sync","login":"a","n":1,"cursor":["E",41]}"#, "cursor"),
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
