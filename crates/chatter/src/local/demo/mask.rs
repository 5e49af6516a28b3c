//! What the feed of the demo page shows in place of anything that may be a secret.
//!
//! A chatter ID travels in the headers and the URL of a handshake, in base64 or plain, and somebody may put it into a message
//! by mistake. So the mask does not look for known ones: every text that is long and random enough to be one, in whatever code,
//! is masked, in names and values, wherever it stands. That hides epochs and ids of requests too; the tag that stands in
//! their place is the same for the same text, so that they can still be told apart and found again.

use serde_json::{Map, Value};
use std::{
    hash::{BuildHasher, RandomState},
    sync::LazyLock,
};

/// The fewest characters that can hold a chatter ID: its 16 bytes in base64.
const SHORTEST: usize = 22;
/// As many hexadecimal digits make 16 bytes, whatever stands between them.
const DIGITS: usize = 32;
/// As many numbers in a list make 16 bytes.
const BYTES: usize = 16;
/// Headers that are masked whatever they hold, in lower case.
const HEADERS: [&str; 3] = ["sec-websocket-protocol", "cookie", "authorization"];

/// The key of the tags. It is another one in each run, so that nothing can be learned from a tag.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The JSON with everything masked that may be a secret.
pub(super) fn mask_json(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(mask(&text)),
        Value::Array(items) if is_bytes(&items) => Value::String(tag(&Value::Array(items).to_string())),
        Value::Array(items) => items.into_iter().map(mask_json).collect(),
        Value::Object(fields) => Value::Object(fields.into_iter().map(mask_field).collect::<Map<_, _>>()),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn mask_field((name, value): (String, Value)) -> (String, Value) {
    let is_secret = HEADERS.contains(&name.to_ascii_lowercase().as_str());
    let masked = match value {
        Value::String(text) if is_secret => Value::String(tag(&text)),
        Value::Array(values) if is_secret => values
            .iter()
            .map(|value| Value::String(tag(&value.to_string())))
            .collect(),
        other => mask_json(other),
    };
    (mask(&name), masked)
}

/// Whether a list may be the bytes of a text.
fn is_bytes(items: &[Value]) -> bool {
    items.len() >= BYTES
        && items
            .iter()
            .all(|item| item.as_u64().is_some_and(|number| number < 256))
}

/// The text with every word masked that may be a secret.
pub(super) fn mask(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|character| !is_part(character)).unwrap_or(from.len()));
        masked.push_str(before);
        if word.len() >= SHORTEST && is_random(word) {
            masked.push_str(&tag(word));
        } else {
            masked.push_str(word);
        }
        rest = after;
    }
    masked.push_str(rest);
    mask_digits(masked)
}

/// The characters of base64 in both alphabets, and those by which texts are escaped.
fn is_part(character: char) -> bool {
    character.is_ascii_alphanumeric() || "+/-_=%\\".contains(character)
}

/// Words of a language have no digits, and no capitals inside. Of a thousand chatter IDs in base64 hardly one has neither.
fn is_random(word: &str) -> bool {
    let has = |is: fn(&u8) -> bool| word.as_bytes().iter().any(is);
    has(u8::is_ascii_digit) || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase))
}

/// Masks what is left: enough hexadecimal digits in a row, with something else than letters between them.
fn mask_digits(text: String) -> String {
    let (mut start, mut end, mut digits) = (0, 0, 0);
    for (at, character) in text.char_indices() {
        if character.is_ascii_hexdigit() {
            if digits == 0 {
                start = at;
            }
            digits += 1;
            end = at + 1;
        } else if character.is_alphabetic() {
            if digits >= DIGITS {
                break;
            }
            digits = 0;
        }
    }
    if digits < DIGITS {
        return text;
    }
    let (found, after) = (&text[start..end], &text[end..]);
    format!("{}{}{}", &text[..start], tag(found), mask_digits(after.to_owned()))
}

/// What is shown in place of a text: 24 bits that are the same for the same text.
fn tag(text: &str) -> String {
    format!("‹masked {:06x}›", KEY.hash_one(text) & 0xff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{
        Engine,
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    };
    use serde_json::json;
    use uuid::Uuid;

    /// The texts in which a chatter ID may come.
    fn forms(id: Uuid) -> Vec<String> {
        let text = id.hyphenated().to_string();
        let hex: Vec<String> = id.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        vec![
            text.clone(),
            text.to_uppercase(),
            text.replace('-', ""),
            text.replace('-', " "),
            text.replace('-', ", "),
            hex.join(":"),
            hex.iter().map(|byte| format!("\\x{byte}")).collect(),
            text.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            text.bytes().map(|byte| format!("\\u{byte:04x}")).collect(),
            text.replace('-', "%2D"),
            STANDARD.encode(id.as_bytes()),
            URL_SAFE_NO_PAD.encode(id.as_bytes()),
            URL_SAFE_NO_PAD.encode(format!("friendless\0{text}")),
            STANDARD.encode(&text),
        ]
    }

    #[test]
    fn nothing_is_left_of_a_chatter_id_in_whatever_code_and_place() {
        for _ in 0..200 {
            let id = Uuid::new_v4();
            for form in forms(id) {
                if !is_random(&form) && form.len() < DIGITS {
                    // Base64 in capitals alone, which comes once in a million million.
                    continue;
                }
                let alone = without_tags(&mask(&form));
                assert!(!alone.contains(char::is_alphanumeric), "{form}: {alone}");
                for text in [
                    format!("chatter={form}&login=me"),
                    format!("<{form}>, more"),
                    format!("{form} {form}"),
                ] {
                    let left = without_tags(&mask(&text));
                    assert!(left.len() <= text.len() - SHORTEST, "{text}: {left}");
                    assert!(!left.contains(char::is_numeric), "{text}: {left}");
                }
            }
        }
    }

    fn without_tags(masked: &str) -> String {
        let mut pieces = masked.split("‹masked ");
        let first = pieces.next().unwrap().to_owned();
        pieces.fold(first, |left, piece| left + piece.split_once('›').unwrap().1)
    }

    #[test]
    fn it_is_masked_in_names_and_values_at_any_depth_and_as_a_list_of_bytes() {
        let id = Uuid::new_v4();
        let text = id.hyphenated().to_string();
        let event = json!({
            "headers": {"Cookie": "short=1", "cookie": ["a=b"], "Sec-WebSocket-Protocol": "x", "Host": "127.0.0.1:8080"},
            "queryStringParameters": {"chatter": text, "login": "friendless"},
            "body": format!(r#"{{"action":"sync","login":"friendless","note":"{text}"}}"#),
            (text.as_str()): [[{"deep": text}]],
            "bytes": id.as_bytes(),
            "numbers": [1, 2, 3],
        });
        let masked = mask_json(event);
        let shown = masked.to_string();
        assert!(!shown.contains(&text[..8]), "{shown}");
        assert!(!shown.contains("short=1") && !shown.contains("a=b"), "{shown}");
        assert!(masked["bytes"].as_str().unwrap().starts_with("‹masked"), "{shown}");
        assert_eq!(masked["headers"]["Host"], "127.0.0.1:8080");
        assert_eq!(masked["queryStringParameters"]["login"], "friendless");
        assert_eq!(masked["numbers"], json!([1, 2, 3]));
        assert!(
            masked["body"]
                .as_str()
                .unwrap()
                .starts_with(r#"{"action":"sync","login":"friendless""#),
            "{shown}"
        );
    }

    #[test]
    fn what_people_write_and_what_finds_a_socket_is_shown() {
        for text in [
            "Updated your plays for January",
            "PLkIZY0SWcFcYrg=",
            "27/Nov/2026:13:05:57 +0000",
            "2026-11-27T13:05:57.123Z",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
            "a-rather-long-topic-of-a-page",
            "Müller, 東京",
            "",
        ] {
            assert_eq!(mask(text), text);
        }
    }

    #[test]
    fn the_same_text_gets_the_same_tag_and_another_one_another() {
        let [one, other] = [Uuid::new_v4(), Uuid::new_v4()].map(|id| id.to_string());
        assert_eq!(mask(&one), mask(&one));
        assert_ne!(mask(&one), mask(&other));
    }
}
