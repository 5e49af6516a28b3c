//! The chatter ID: the secret that opens sockets, and the hash that stands for it everywhere else.

use crate::nouns::{hex::hex, readings::readings};
use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

/// The secret that the site tells a user at login. It opens sockets and nothing else.
///
/// It has no way out but [`ChatterId::reveal`]: no `Display`, no `Serialize`, and a `Debug` that shows nothing. Tables
/// and rows hold its [`ChatterHash`].
#[derive(Clone, PartialEq, Eq)]
pub struct ChatterId(Uuid);

impl ChatterId {
    /// A new one: 122 random bits from the operating system (UUID version 4, RFC 9562 section 5.4).
    pub fn random() -> ChatterId {
        ChatterId(Uuid::new_v4())
    }

    /// The chatter ID in a UUID's usual form of 36 characters, upper or lower case; `None` for anything else.
    pub fn parse(text: &str) -> Option<ChatterId> {
        // The library also reads braces, URNs and bare digits; a credential has one form.
        (text.len() == 36)
            .then(|| Uuid::try_parse(text).ok().map(ChatterId))
            .flatten()
    }

    /// The hash, which is what the tables hold.
    pub fn hash(&self) -> ChatterHash {
        ChatterHash(hex(&Sha256::digest(self.reveal())))
    }

    /// Whether it stands in one of a text's [`readings`]: as its 16 bytes, or in digits of any case, whatever is between
    /// them that is no letter and no digit. Clients mix up fields, and a text that is kept must not have it.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        // No reading is longer than its text, and the shortest form is the bytes themselves. Most logins and topics are shorter.
        if text.len() < self.0.as_bytes().len() {
            return false;
        }
        let (bytes, mut buffer) = (self.0.as_bytes(), Uuid::encode_buffer());
        let digits = self.0.simple().encode_lower(&mut buffer).as_bytes();
        readings(text).into_iter().any(|reading| {
            let mut plain = reading.to_ascii_lowercase();
            plain.retain(u8::is_ascii_alphanumeric);
            contains(&plain, digits) || contains(&reading, bytes)
        })
    }

    /// The secret itself, in lower case, for the one who issues it to a user or types it into a client.
    pub fn reveal(&self) -> String {
        self.0.hyphenated().to_string()
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

impl fmt::Debug for ChatterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatterId(…)")
    }
}

/// Lower-case hex SHA-256 of a chatter ID's lower-case text: the sort key of the chatters table.
///
/// A plain hash is enough, with no salt and no stretching, because what is hashed is 122 random bits and not a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatterHash(String);

impl ChatterHash {
    /// A hash that comes from the database.
    pub(crate) fn stored(text: &str) -> ChatterHash {
        ChatterHash(text.to_owned())
    }

    /// Its 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b";

    #[test]
    fn the_hash_is_the_one_that_the_documents_give_as_an_example() {
        // The example in docs/backend.md: printf %s "$CHATTER_ID" | sha256sum
        let hash = "6227e0da4c941b9e5a9fa07e0bfdb4c935d8d872d979c0b19204ac27470db682";
        let id = ChatterId::parse(TEXT).unwrap();
        assert_eq!(id.hash().as_str(), hash);
        assert_eq!(id.hash(), ChatterId::parse(&TEXT.to_uppercase()).unwrap().hash());
    }

    #[test]
    fn only_a_uuid_in_its_usual_form_is_a_chatter_id() {
        let simple = TEXT.replace('-', "");
        for bad in [
            "",
            "friendless",
            &simple,
            &format!("{{{TEXT}}}"),
            &format!("urn:uuid:{TEXT}"),
            &TEXT[1..],
        ] {
            assert!(ChatterId::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_text_that_is_nothing_but_the_bytes_of_a_chatter_id_has_it() {
        let text = "abcdefAéhijklmn";
        let bytes: [u8; 16] = text.as_bytes().try_into().unwrap();
        let id = ChatterId::parse(&Uuid::from_bytes(bytes).to_string()).unwrap();
        assert!(id.is_in(text));
        assert!(!id.is_in(&text[..15]) && !id.is_in("abcdefAéhijklmo"));
    }

    #[test]
    fn a_chatter_id_does_not_show_itself() {
        let id = ChatterId::random();
        assert_eq!(format!("{id:?} {id:#?}"), "ChatterId(…) ChatterId(…)");
        assert_ne!(id.reveal(), ChatterId::random().reveal());
    }
}
