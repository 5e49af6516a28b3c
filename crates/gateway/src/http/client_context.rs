//! `X-Amz-Client-Context`: data that the caller of a function sends beside the event.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The longest context that Lambda takes, in bytes of base64.
const LONGEST: usize = 3583;

/// Decodes a context. `None` if it is not base64 of a JSON object, or too long.
pub(super) fn decode(header: &[u8]) -> Option<String> {
    if header.len() > LONGEST {
        return None;
    }
    let json = String::from_utf8(BASE64.decode(header).ok()?).ok()?;
    serde_json::from_str::<Map<String, Value>>(&json).ok()?;
    Some(as_header(&json))
}

/// The same JSON on one line of ASCII, as the value of a header has to be. Control characters occur in JSON only
/// between its tokens, and can be spaces; other characters that are not ASCII occur only within its strings, and can be
/// escaped.
fn as_header(json: &str) -> String {
    let mut header = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\t' | '\r' | '\n' => header.push(' '),
            ' '..='~' => header.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    header.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_decoded_and_written_on_one_line_of_ascii() {
        for (json, header) in [
            ("{}", "{}"),
            (r#"{"b":1.50,"a":"\u00fc"}"#, r#"{"b":1.50,"a":"\u00fc"}"#),
            ("{\r\n\t\"a\": 1\n}", "{   \"a\": 1 }"),
            ("{\"ü\":\"😀\u{7f}\"}", r#"{"\u00fc":"\ud83d\ude00\u007f"}"#),
        ] {
            assert_eq!(decode(BASE64.encode(json).as_bytes()).as_deref(), Some(header));
            assert_eq!(
                decode(BASE64.encode(json).trim_end_matches('=').as_bytes()).as_deref(),
                Some(header)
            );
        }
    }

    #[test]
    fn anything_else_is_no_context() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(2700));
        for text in ["", "null", "[]", "\"a\"", "1", "{", "{} {}", "{\"a\":\"\n\"}", &long] {
            assert_eq!(decode(BASE64.encode(text).as_bytes()), None, "{text}");
        }
        for header in [&b"{}"[..], b"string", b"e30=e30=", b"\xff", b"/w=="] {
            assert_eq!(decode(header), None, "{header:?}");
        }
    }
}
