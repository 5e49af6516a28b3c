//! Shared by the bench's programs: connection IDs made of numbers, and the callback endpoint's control messages.

use base64::{Engine, prelude::BASE64_URL_SAFE};
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// Connection ID of the callback endpoint's n-th socket, in the form of API Gateway's.
pub fn connection_id(n: u64) -> String {
    let mut bytes = [0; 11];
    bytes[3..].copy_from_slice(&n.to_be_bytes());
    BASE64_URL_SAFE.encode(bytes)
}

/// Number of the socket with this connection ID, whose last `=` may be escaped.
pub fn socket_number(connection_id: &str) -> Option<u64> {
    let bytes = BASE64_URL_SAFE.decode(format!("{}=", connection_id.get(..15)?)).ok()?;
    Some(u64::from_be_bytes(bytes.get(3..)?.try_into().ok()?))
}

/// Behaviour of the callback endpoint: how it answers posts.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Manner {
    /// Every socket whose number is a multiple of this is gone (410); 0 for none.
    pub gone_every: u64,
    /// Every n-th of all posts is throttled (429); 0 for none.
    pub throttled_every: u64,
    /// Number of the socket whose posts are never answered.
    pub silent: Option<u64>,
    /// Time until each answer, in milliseconds.
    pub delay: u64,
}

/// Counters of the callback endpoint since its behaviour was last set. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Posts {
    /// Posts answered with 200.
    pub sent: u64,
    /// Posts answered with 410.
    pub gone: u64,
    /// Posts answered with 429.
    pub throttled: u64,
    /// Number of TLS connections that were opened.
    pub connections: u64,
    /// Time of the first answer.
    pub first: f64,
    /// Time of the last answer.
    pub last: f64,
}

/// Now, in milliseconds since 1970.
pub fn now() -> f64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_1970.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_id_has_api_gateways_form_and_contains_its_number() {
        for n in [0, 1, 9_999, u64::MAX] {
            let id = connection_id(n);
            assert_eq!((id.len(), id.ends_with('=')), (16, true));
            assert_eq!(socket_number(&id.replace('=', "%3D")), Some(n));
        }
        assert_eq!(socket_number("short"), None);
    }
}
