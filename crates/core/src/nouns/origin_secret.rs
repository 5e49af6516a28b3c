//! The origin secret: what CloudFront sends along with each handshake, so that no other way to the API is open.

use std::fmt;
use subtle::ConstantTimeEq;

/// A secret that the deployment shares with the CloudFront distribution before the API. It has no way out: no `Display`,
/// no `Serialize`, a `Debug` that shows nothing.
#[derive(Clone)]
pub struct OriginSecret(String);

impl OriginSecret {
    /// The header of the handshake that carries it. CloudFront puts its own in the place of one that a browser sends.
    pub const HEADER: &str = "x-chatterbox-origin";

    /// The shortest and the longest, in characters.
    pub const LENGTH: std::ops::RangeInclusive<usize> = 20..=128;

    /// A secret of letters and digits; `None` for anything else.
    pub fn parse(text: &str) -> Option<OriginSecret> {
        let is_secret = Self::LENGTH.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_secret.then(|| OriginSecret(text.to_owned()))
    }

    /// Whether a header's value is the secret. How long that takes says nothing about where they differ.
    pub fn is(&self, value: &str) -> bool {
        self.0.as_bytes().ct_eq(value.as_bytes()).into()
    }
}

impl PartialEq for OriginSecret {
    fn eq(&self, other: &OriginSecret) -> bool {
        self.is(&other.0)
    }
}

impl Eq for OriginSecret {}

impl fmt::Debug for OriginSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OriginSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "k4Tq0WcVb71mZs9LxR2dYh83";

    #[test]
    fn a_secret_is_letters_and_digits_of_a_length_that_nobody_guesses() {
        for wrong in [
            "",
            "short",
            &TEXT[..19],
            &format!("{TEXT},"),
            &format!("{TEXT} "),
            &"a".repeat(129),
            "k4Tq0WcVb71mZs9LxR2dYhü3",
        ] {
            assert!(OriginSecret::parse(wrong).is_none(), "{wrong}");
        }
        assert!(OriginSecret::parse(TEXT).is_some());
    }

    #[test]
    fn only_the_very_same_text_is_the_secret() {
        let secret = OriginSecret::parse(TEXT).unwrap();
        assert!(secret.is(TEXT));
        for wrong in ["", &TEXT[..23], &format!("{TEXT}0"), &TEXT.to_lowercase()] {
            assert!(!secret.is(wrong), "{wrong}");
        }
    }

    #[test]
    fn two_secrets_are_equal_if_their_texts_are() {
        let [one, same, other] = [TEXT, TEXT, &TEXT.to_lowercase()].map(|text| OriginSecret::parse(text).unwrap());
        assert_eq!(one, same);
        assert_ne!(one, other);
    }

    #[test]
    fn it_is_not_printed() {
        let secret = OriginSecret::parse(TEXT).unwrap();
        assert_eq!(format!("{secret:?}"), "OriginSecret(…)");
    }
}
