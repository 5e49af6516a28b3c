//! The readings of a text: what it may mean to somebody who takes it for encoded.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use percent_encoding::percent_decode;

/// The fewest characters of base64 that make 16 bytes.
const SHORTEST_BASE64: usize = 22;
/// The fewest hexadecimal digits that make 16 bytes.
const SHORTEST_HEX: usize = 32;
/// How often a text may have been percent-encoded.
const PERCENT_DEPTH: usize = 3;

/// A text as it is, without its percent encoding, and each part of that which could be base64, base64url (both with and
/// without padding, and from any character on, since a prefix may be of the same alphabet) or hexadecimal, decoded. Parts that
/// hold less than 16 bytes are left out.
pub(crate) fn readings(text: &str) -> Vec<Vec<u8>> {
    let mut readings = vec![text.as_bytes().to_vec()];
    while readings.len() <= PERCENT_DEPTH
        && let Some(last) = readings.last()
        && let decoded = percent_decode(last).collect::<Vec<u8>>()
        && decoded != *last
    {
        readings.push(decoded);
    }
    let decoded: Vec<Vec<u8>> = readings.iter().flat_map(|reading| decoded(reading)).collect();
    readings.extend(decoded);
    readings
}

fn decoded(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let base64 = words(bytes, SHORTEST_BASE64, is_base64);
    let base64 = base64.flat_map(|word| (0..4).filter_map(move |start| from_base64(&word[start..])));
    let digits = words(bytes, SHORTEST_HEX, u8::is_ascii_hexdigit);
    let digits = digits.flat_map(|word| (0..2).map(move |start| from_hex(&word[start..])));
    base64.chain(digits)
}

fn words(bytes: &[u8], shortest: usize, is_part: impl Fn(&u8) -> bool) -> impl Iterator<Item = &[u8]> {
    let words = bytes.split(move |byte| !is_part(byte));
    words.filter(move |word| word.len() >= shortest)
}

fn from_base64(word: &[u8]) -> Option<Vec<u8>> {
    const ANY: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let standard = word.iter().map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    });
    let mut standard: Vec<u8> = standard.collect();
    // A single last character is six bits, less than a byte.
    if standard.len() % 4 == 1 {
        standard.pop();
    }
    ANY.decode(standard).ok()
}

fn from_hex(word: &[u8]) -> Vec<u8> {
    let nibble = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|nibble| u8::try_from(nibble).ok())
    };
    let pairs = word.chunks_exact(2);
    pairs
        .filter_map(|pair| Some(16 * nibble(pair[0])? + nibble(pair[1])?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

    const BYTES: [u8; 17] = [0xff, 0xfb, 0xef, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    fn reads(text: &str) -> bool {
        let holds = |reading: Vec<u8>| reading.windows(BYTES.len()).any(|window| window == BYTES);
        readings(text).into_iter().any(holds)
    }

    #[test]
    fn encoded_bytes_are_read_wherever_they_stand() {
        let (standard, url_safe) = (BASE64_STANDARD.encode(BYTES), BASE64_URL_SAFE_NO_PAD.encode(BYTES));
        let hex = crate::nouns::hex::hex(&BYTES);
        let percent: String = BYTES.iter().map(|byte| format!("%{byte:02X}")).collect();
        for code in [
            &standard,
            &standard.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D"),
            &url_safe,
            &hex,
            &hex.to_uppercase(),
            &percent,
            &percent.replace('%', "%25"),
        ] {
            for text in [
                code.clone(),
                format!("a.{code}"),
                format!("ab{code}"),
                format!("{code} z"),
                format!("{code}xy"),
                format!("{code}xyz"),
                format!("{code}wxyz"),
            ] {
                assert!(reads(&text), "{text}");
            }
        }
    }

    #[test]
    fn a_text_that_is_not_encoded_has_one_reading() {
        for text in ["", "updates", "50%", "100 % of it", "%zz", "plays of 2026", "Ünï%"] {
            assert_eq!(readings(text), [text.as_bytes()], "{text}");
        }
    }
}
