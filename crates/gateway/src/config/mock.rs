//! The text of a MOCK integration.

use serde_json::Value;

/// A mock's text with its variables: `$context.NAME` (members of `requestContext`, by the names that AWS documents for
/// WebSocket APIs) and `$stageVariables.NAME`, each also in braces: `${context.NAME}`. What is absent is empty text. Of
/// Apache Velocity, in which API Gateway's templates are written, it knows no more than that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MockText(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A member of the event, by its names from the outside to the inside.
    Member(Vec<String>),
}

/// The words of Velocity, and of API Gateway's own, that would do something there.
const UNKNOWN: [&str; 12] = [
    "$input", "${input", "$util", "${util", "#set", "#if", "#elseif", "#else", "#end", "#foreach", "#macro", "##",
];

impl MockText {
    /// Reads a text, or returns the word in it that is not known.
    pub(crate) fn parse(text: &str) -> Result<MockText, String> {
        let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(next) = rest.chars().next() {
            if let Some(word) = UNKNOWN.iter().find(|word| rest.starts_with(**word)) {
                return Err((*word).to_owned());
            }
            if let Some((names, after)) = variable(rest) {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Member(names));
                rest = after;
            } else {
                plain.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
        pieces.push(Piece::Text(plain));
        Ok(MockText(pieces))
    }

    /// The text for an event, in which its variables are.
    pub(crate) fn render(&self, event: &Value) -> String {
        let MockText(pieces) = self;
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Member(names) => {
                let found = names.iter().try_fold(event, |at, name| at.get(name));
                match found {
                    None | Some(Value::Null) => String::new(),
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                }
            }
        };
        pieces.iter().map(text).collect()
    }
}

/// The variable at the beginning of a text, as the names of a member of the event, and what comes after it.
fn variable(text: &str) -> Option<(Vec<String>, &str)> {
    let inner = text.strip_prefix('$')?;
    let (path, after) = match inner.strip_prefix('{') {
        Some(braced) => braced.split_once('}')?,
        None => {
            let is_name = |symbol: char| symbol.is_ascii_alphanumeric() || "_-.".contains(symbol);
            let path = &inner[..inner.find(|symbol| !is_name(symbol)).unwrap_or(inner.len())];
            // A dot at the end is one of the text.
            let path = path.trim_end_matches('.');
            (path, &inner[path.len()..])
        }
    };
    let mut names: Vec<String> = path.split('.').map(str::to_owned).collect();
    let root = match names.first()?.as_str() {
        "context" => "requestContext",
        "stageVariables" => "stageVariables",
        _ => return None,
    };
    if names.len() < 2 || names.iter().any(String::is_empty) {
        return None;
    }
    names[0] = root.to_owned();
    Some((names, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_all_else_stays() {
        let event = serde_json::json!({
            "requestContext": { "connectionId": "a=", "connectedAt": 7, "identity": { "sourceIp": "127.0.0.1" } },
            "stageVariables": { "name": "blue" },
        });
        for (text, expected) in [
            ("pong", "pong"),
            ("", ""),
            (r#"{"id":"$context.connectionId"}"#, r#"{"id":"a="}"#),
            ("${context.connectionId}x$context.connectedAt.", "a=x7."),
            ("$context.identity.sourceIp $stageVariables.name", "127.0.0.1 blue"),
            ("[$context.messageId][$stageVariables.other]", "[][]"),
            (
                "5 $ or $5 or $context or $contextual.x or ${",
                "5 $ or $5 or $context or $contextual.x or ${",
            ),
        ] {
            assert_eq!(MockText::parse(text).unwrap().render(&event), expected, "{text}");
        }
    }

    #[test]
    fn words_of_velocity_that_are_not_known_are_named() {
        for (text, word) in [
            ("a $input.body", "$input"),
            ("#set($a = 1)", "#set"),
            ("x ${util.escapeJavaScript('a')}", "${util"),
            ("## a comment", "##"),
        ] {
            assert_eq!(MockText::parse(text), Err(word.to_owned()), "{text}");
        }
    }
}
