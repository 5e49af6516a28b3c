//! Ids in the shapes that AWS gives them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;

use crate::clock;

/// A connection id, request id or message id: eleven random bytes as base64url, which is 16 characters ending in `=`. The first
/// is a letter, as in every id that is known from AWS: commands take an argument that begins with `-` for an option.
pub(crate) fn api_id() -> String {
    let mut bytes = [0; 11];
    fastrand::fill(&mut bytes);
    // The first six bits are the first symbol, and its first half are letters.
    bytes[0] &= 0x7f;
    URL_SAFE.encode(bytes)
}

/// Whether a text has the shape of a connection id. AWS answers 400 to any other shape, and 410 to an id that it does
/// not know.
pub(crate) fn is_connection_id(text: &str) -> bool {
    let is_symbol = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match text.as_bytes() {
        [symbols @ .., b'='] => symbols.len() == 15 && symbols.iter().copied().all(is_symbol),
        _ => false,
    }
}

/// A request id of Lambda's or of the management API's: a random UUID.
pub(crate) fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The root of an X-Ray trace: `Root=1-`, the seconds since 1970, `-`, 96 random bits.
pub(crate) fn trace_id() -> String {
    let random = fastrand::u128(..) & ((1 << 96) - 1);
    format!("Root=1-{:08x}-{random:024x}", clock::now_ms() / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_id_is_sixteen_characters_ending_in_an_equals_sign() {
        for _ in 0..1000 {
            let id = api_id();
            assert!(is_connection_id(&id) && id.starts_with(char::is_alphabetic), "{id}");
        }
        assert_ne!(api_id(), api_id());
    }

    #[test]
    fn a_connection_id_is_known_by_its_shape() {
        for good in ["TXzPWdnOjoECGjA=", "HXT_RfBnPHcCIIg=", "JC1dgf9yoAMCK-g="] {
            assert!(is_connection_id(good), "{good}");
        }
        for bad in [
            "",
            "=",
            "TXzPWdnOjoECGjA",
            "TXzPWdnOjoECGj==",
            "TXzPWdnOjoECG+A=",
            "TXzPWdnOjoECGjAA=",
            "nonsense",
        ] {
            assert!(!is_connection_id(bad), "{bad}");
        }
    }

    #[test]
    fn a_trace_id_has_the_shape_that_x_ray_gives_it() {
        let id = trace_id();
        let parts: Vec<&str> = id.split('-').collect();
        assert_eq!(
            (parts[0], parts[1].len(), parts[2].len(), parts.len()),
            ("Root=1", 8, 24, 3)
        );
    }
}
