//! How a message names its route.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// A route selection expression: text, with variables in it that stand for members of the message. What comes of it is the key
/// of the message's route. See "WebSocket selection expressions" in the API Gateway Developer Guide.
///
/// A variable is `$request.body.NAME`, or `${request.body.NAME}` where a name would go on; names go into nested objects by dots.
/// `\$` is a dollar sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSelection(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// The names of a member, and of the objects that it is in, from the outside to the inside.
    Member(Vec<String>),
}

impl Default for RouteSelection {
    /// `$request.body.action`, which every example of AWS's has.
    fn default() -> RouteSelection {
        RouteSelection(vec![Piece::Member(vec!["action".into()])])
    }
}

impl FromStr for RouteSelection {
    type Err = &'static str;

    fn from_str(expression: &str) -> Result<RouteSelection, Self::Err> {
        let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), expression);
        while let Some(next) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix(r"\$") {
                text.push('$');
                rest = after;
            } else if let Some(variable) = rest.strip_prefix('$') {
                let (name, after) = split(variable).ok_or(RULE)?;
                pieces.extend((!text.is_empty()).then(|| Piece::Text(std::mem::take(&mut text))));
                pieces.push(member(name).ok_or(RULE)?);
                rest = after;
            } else {
                text.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        pieces.extend((!text.is_empty()).then_some(Piece::Text(text)));
        if pieces.is_empty() {
            return Err("an expression is not empty");
        }
        Ok(RouteSelection(pieces))
    }
}

const RULE: &str = r"a variable is $request.body.NAME or ${request.body.NAME}, and a dollar sign of the text is \$";

/// A variable without its dollar sign, apart from what comes after it.
fn split(variable: &str) -> Option<(&str, &str)> {
    if let Some(braced) = variable.strip_prefix('{') {
        return braced.split_once('}');
    }
    let is_name = |symbol: char| symbol.is_ascii_alphanumeric() || "_.".contains(symbol);
    Some(variable.split_at(variable.find(|symbol| !is_name(symbol)).unwrap_or(variable.len())))
}

fn member(variable: &str) -> Option<Piece> {
    let names: Vec<String> = variable
        .strip_prefix("request.body.")?
        .split('.')
        .map(str::to_owned)
        .collect();
    names
        .iter()
        .all(|name| !name.is_empty())
        .then_some(Piece::Member(names))
}

impl RouteSelection {
    /// The route key of a message; `None` if it is no JSON. A member that is absent or null counts as empty text.
    pub(crate) fn key(&self, message: &str) -> Option<String> {
        let RouteSelection(pieces) = self;
        let body: &RawValue = serde_json::from_str(message).ok()?;
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Member(names) => find(body, names).unwrap_or_default(),
        };
        Some(pieces.iter().map(text).collect())
    }
}

/// A member as text. Each object is read for itself: what is beside the member may be what serde takes for no value, such as
/// half of a surrogate pair.
fn find(body: &RawValue, names: &[String]) -> Option<String> {
    let mut found = body;
    for name in names {
        let members: HashMap<Name, &RawValue> = serde_json::from_str(found.get()).ok()?;
        found = members.get(&Name(name.as_bytes().to_vec()))?;
    }
    match serde_json::from_str(found.get()).ok()? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// A member's name, as bytes, since it may have half of a surrogate pair, which is no UTF-8.
#[derive(PartialEq, Eq, Hash)]
struct Name(Vec<u8>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Name, E> {
                Ok(Name(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(expression: &str, message: &str) -> Option<String> {
        let selection: RouteSelection = expression.parse().unwrap();
        selection.key(message)
    }

    /// The examples of "Route selection expressions" in AWS's guide.
    #[test]
    fn the_examples_of_aws_select_what_it_says() {
        let message = r#"{"service":"chat","action":"join","data":{"room":"room1234"}}"#;
        for (expression, expected) in [
            ("$request.body.action", "join"),
            ("${request.body.action}", "join"),
            ("${request.body.service}/${request.body.action}", "chat/join"),
            ("${request.body.action}-${request.body.invalidPath}", "join-"),
            ("action", "action"),
            (r"\$default", "$default"),
            ("$request.body.data.room", "room1234"),
        ] {
            assert_eq!(key(expression, message).as_deref(), Some(expected), "{expression}");
        }
    }

    #[test]
    fn a_member_is_text_whatever_it_is_and_whatever_is_beside_it() {
        for (message, expected) in [
            (r#"{"action":"ping"}"#, "ping-message"),
            (r#"{"action":"$disconnect"}"#, "$disconnect-message"),
            (r#"{"action":7}"#, "7-message"),
            (r#"{"action":{"a": 1}}"#, r#"{"a":1}-message"#),
            (r#"{"action":null}"#, "-message"),
            (r#"{"action":"a","action":"b"}"#, "b-message"),
            (r#"{"action":"ping","\ud800":"\ud800"}"#, "ping-message"),
            (r#"{"action":"\ud800"}"#, "-message"),
            ("{}", "-message"),
            (r#"["action","ping"]"#, "-message"),
            ("7", "-message"),
        ] {
            let found = key("${request.body.action}-message", message);
            assert_eq!(found.as_deref(), Some(expected), "{message}");
        }
        for message in ["", "ping", "{", r#"{"action":"ping"} {}"#, &"[".repeat(100_000)] {
            assert_eq!(key("$request.body.action", message), None, "{message:.40}");
        }
    }

    #[test]
    fn an_expression_that_is_none_is_refused() {
        for expression in [
            "",
            "$",
            "$request.body",
            "$request.body.",
            "$request.body.a..b",
            "${request.body.a",
            "${}",
            "$request.header.x-api-key",
            "$context.routeKey",
        ] {
            assert!(expression.parse::<RouteSelection>().is_err(), "{expression}");
        }
    }
}
