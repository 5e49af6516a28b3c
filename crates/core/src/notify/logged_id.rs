//! An update's id as log lines have it. It is the pipeline's own text, in which a chatter ID may be by mistake.

use crate::nouns::hex::hex;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The longest id, in bytes, that a line has as it is: one byte less than a chatter ID takes in its shortest form.
const LONGEST: usize = 15;

/// The id, if it is too short for a chatter ID to be in it; otherwise `#` and the first 14 digits of its SHA-256.
pub(crate) fn logged_id(id: &str) -> Cow<'_, str> {
    if id.len() <= LONGEST {
        return Cow::Borrowed(id);
    }
    Cow::Owned(format!("#{}", &hex(&Sha256::digest(id))[..LONGEST - 1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_id_is_written_as_it_is_and_a_longer_one_as_its_digest() {
        for (id, logged) in [
            ("", ""),
            ("job-17", "job-17"),
            ("trace-00a1b2c3d", "trace-00a1b2c3d"),
            // printf %s 3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b | sha256sum
            ("3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b", "#6227e0da4c941b"),
        ] {
            assert_eq!(logged_id(id), logged);
            assert!(logged.len() <= LONGEST);
        }
        assert!(logged_id("0123456789abcdef").starts_with('#'));
    }
}
