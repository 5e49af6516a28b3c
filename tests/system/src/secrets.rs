//! Search for chatter IDs in printed and stored texts.
//!
//! A chatter ID is sent in many forms: the browser's subprotocol is base64url of the login, a NUL and the chatter ID,
//! and does not contain the ID's own text. So every part of a text that could be an encoding is also decoded and
//! searched.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// The first of these secrets that a text contains, in any form: as it is, in upper case, without hyphens, with escapes
/// (of URLs, JSON, Rust), as base64 or base64url at any alignment, in hexadecimal, as a list of bytes; also the UUID's
/// 16 bytes, encoded in one of these ways.
pub fn leaked<'a>(text: &str, secrets: &'a [String]) -> Option<&'a str> {
    let plain = without_escapes(text);
    let readings = [bare(text.as_bytes()), bare(plain.as_bytes())]
        .into_iter()
        .chain(decoded(&plain).flat_map(|bytes| [bare(&bytes), hex(&bytes)]));
    let found = readings
        .filter_map(|reading| secrets.iter().find(|secret| reading.contains(&bare(secret.as_bytes()))))
        .next();
    found.map(String::as_str)
}

/// The form in which texts and secrets are compared: in lower case, without hyphens.
fn bare(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_lowercase().replace('-', "")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Each part of the text that could be an encoding, decoded. Only parts long enough for a chatter ID are tried: its 16
/// bytes are 22 characters of base64, and its text without hyphens is 64 hexadecimal digits.
fn decoded(text: &str) -> impl Iterator<Item = Vec<u8>> {
    let base64 = words(text, 22, |c| c.is_ascii_alphanumeric() || "+/-_".contains(c));
    // The encoding may begin anywhere in the word, since a path or a prefix may be of the same alphabet.
    let base64 = base64.flat_map(|word| (0..4).filter_map(move |start| from_base64(&word[start..])));
    let digits = words(text, 64, |c| c.is_ascii_hexdigit());
    let digits = digits.flat_map(|word| (0..2).map(move |start| from_hex(&word[start..])));
    // A pretty-printed list has line breaks between its numbers, and a string within a string writes those as `\n`.
    let lists = words(text, 31, |c| c.is_ascii_digit() || ", \n\\".contains(c) || c == 'n');
    let number = |text: &str| text.trim_matches(|c: char| !c.is_ascii_digit()).parse().ok();
    let lists = lists.map(move |list| list.split(',').filter_map(number).collect());
    base64.chain(digits).chain(lists)
}

fn words(text: &str, shortest: usize, is_part: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    text.split(move |c| !is_part(c))
        .filter(move |word| word.len() >= shortest)
}

fn from_base64(word: &str) -> Option<Vec<u8>> {
    const ANY: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let standard = word.replace('-', "+").replace('_', "/");
    // A single last character is six bits, less than a byte, and is left out.
    let whole = if standard.len() % 4 == 1 {
        &standard[..standard.len() - 1]
    } else {
        &standard
    };
    ANY.decode(whole).ok()
}

fn from_hex(word: &str) -> Vec<u8> {
    let digits: Vec<u32> = word.chars().filter_map(|c| c.to_digit(16)).collect();
    let bytes = digits
        .chunks_exact(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap());
    bytes.collect()
}

/// The text with the escapes of URLs (`%33`), of JSON (`\u0033`) and of printed bytes (`\x33`, `\u{33}`) resolved, up
/// to three levels deep.
fn without_escapes(text: &str) -> String {
    (0..3).fold(text.to_owned(), |text, _| unescaped_once(&text))
}

fn unescaped_once(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['%', '\\']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        // An escape in a string within a string has several backslashes.
        let marked = rest.trim_start_matches('\\');
        let in_string = ["u00", "u{", "x"].iter().find_map(|mark| marked.strip_prefix(mark));
        let after = rest.strip_prefix('%').or(in_string.filter(|_| rest.starts_with('\\')));
        let byte = after.and_then(|after| u8::from_str_radix(after.get(..2)?, 16).ok());
        match (byte, after) {
            (Some(byte), Some(after)) => {
                plain.push(char::from(byte));
                rest = after[2..].trim_start_matches('}');
            }
            _ => {
                plain.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    use serde_json::json;

    const ID: &str = "3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b";

    fn each_byte(text: &str, form: impl Fn(u8) -> String) -> String {
        text.bytes().map(form).collect()
    }

    #[test]
    fn a_secret_is_found_in_every_form_in_which_it_is_sent() {
        let id = uuid::Uuid::parse_str(ID).unwrap();
        let mut forms = vec![
            ID.to_owned(),
            ID.to_uppercase(),
            id.simple().to_string(),
            id.simple().to_string().to_uppercase(),
            id.urn().to_string(),
            each_byte(ID, |byte| format!("%{byte:02x}")),
            each_byte(ID, |byte| format!("%{byte:02X}")),
            each_byte(ID, |byte| format!("%25{byte:02x}")),
            ID.replace('-', "%2D"),
            ID.replacen('3', "%33", 1),
            each_byte(ID, |byte| format!("\\u{byte:04x}")),
            json!(each_byte(ID, |byte| format!("\\u{byte:04x}"))).to_string(),
            each_byte(ID, |byte| format!("\\x{byte:02x}")),
            each_byte(ID, |byte| format!("\\u{{{byte:x}}}")),
            hex(ID.as_bytes()),
            hex(ID.as_bytes()).to_uppercase(),
            format!("0{}", hex(ID.as_bytes())),
            format!("{:?}", ID.as_bytes()),
            format!("{:#?}", ID.as_bytes()),
            format!("{:?}", id.as_bytes()),
            serde_json::to_string(id.as_bytes()).unwrap(),
            BASE64_STANDARD.encode(id.as_bytes()),
            BASE64_URL_SAFE_NO_PAD.encode(id.as_bytes()),
        ];
        for login in ["", "a", "ab", "abc", "friendless", "Ünï"] {
            for text in [
                format!("{login}\0{ID}"),
                format!("{login}{ID}x"),
                format!("{login}:{}", ID.to_uppercase()),
            ] {
                let encoded = BASE64_URL_SAFE_NO_PAD.encode(&text);
                forms.push(format!("chatterbox.v1, chatterbox.auth.{encoded}"));
                forms.push(format!("/path/{encoded}"));
                forms.push(format!("path_{encoded}"));
                forms.push(BASE64_STANDARD.encode(&text).replace('=', "%3D"));
            }
        }
        for form in forms {
            let line = json!({"message": format!("got {form} from a browser")}).to_string();
            for text in [form.clone(), format!("got {form} from a browser"), line] {
                assert_eq!(leaked(&text, &["other".to_owned(), ID.to_owned()]), Some(ID), "{text}");
            }
        }
    }

    #[test]
    fn neither_another_secret_nor_a_hash_counts_as_the_secret() {
        let other = ID.replace("5b", "5c");
        let hash = "6227e0da4c941b9e5a9fa07e0bfdb4c935d8d872d979c0b19204ac27470db682";
        for text in [
            "",
            "%",
            "\\",
            "%3",
            "\\u00",
            "\\u{",
            "ü%33ü",
            &other,
            hash,
            &BASE64_STANDARD.encode(&other),
        ] {
            assert_eq!(leaked(text, &[ID.to_owned()]), None, "{text}");
        }
    }
}
