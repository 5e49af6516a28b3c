//! The login name, as the site's own login knows it.

use serde::Serialize;

/// A user's login name: 1 to 128 bytes of UTF-8 without control characters, compared byte by byte and kept as it is.
///
/// Chatterbox neither trims nor folds case: two names that the site tells apart must not become one here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Login(String);

impl Login {
    /// The most bytes a login may have.
    pub const MAX_BYTES: usize = 128;

    /// The login, or `None` if it is empty, too long or has a control character.
    pub fn parse(text: &str) -> Option<Login> {
        let valid = !text.is_empty() && text.len() <= Self::MAX_BYTES && !text.chars().any(char::is_control);
        valid.then(|| Login(text.to_owned()))
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_kept_as_it_is_or_refused() {
        for good in [
            "a",
            "friendless",
            " spaced ",
            "Ünïcödé",
            "o'brien@example.com",
            &"x".repeat(128),
        ] {
            assert_eq!(Login::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "a\0b",
            "tab\there",
            "line\n",
            "\u{85}",
            &"x".repeat(129),
            &"é".repeat(65),
        ] {
            assert_eq!(Login::parse(bad), None, "{bad:?}");
        }
    }
}
