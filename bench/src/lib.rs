//! What the programs of the bench share: sockets that are only numbers, and how the callback endpoint tells of its posts.

use base64::{Engine, prelude::BASE64_URL_SAFE};
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// The connection ID of the n-th socket of the callback endpoint. It looks as API Gateway's do.
pub fn connection_id(n: u64) -> String {
    let mut bytes = [0; 11];
    bytes[3..].copy_from_slice(&n.to_be_bytes());
    BASE64_URL_SAFE.encode(bytes)
}

/// Which socket that is, with or without the escaped `=` at the end.
pub fn socket_number(connection_id: &str) -> Option<u64> {
    let bytes = BASE64_URL_SAFE.decode(format!("{}=", connection_id.get(..15)?)).ok()?;
    Some(u64::from_be_bytes(bytes.get(3..)?.try_into().ok()?))
}

/// How the callback endpoint answers posts.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Manner {
    /// Each socket whose number this divides is gone; 0 is none.
    pub gone_every: u64,
    /// Each post whose place among all posts this divides is throttled; 0 is none.
    pub throttled_every: u64,
    /// The socket that never answers.
    pub silent: Option<u64>,
    /// How long each answer takes, in milliseconds.
    pub delay: u64,
}

/// What the callback endpoint has seen since it was last told a manner. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Posts {
    /// Answered with 200.
    pub sent: u64,
    /// Answered with 410.
    pub gone: u64,
    /// Answered with 429.
    pub throttled: u64,
    /// How many connections were made for TLS.
    pub connections: u64,
    /// When the first was answered.
    pub first: f64,
    /// When the last was answered.
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
    fn a_connection_id_is_as_api_gateways_and_tells_its_number() {
        for n in [0, 1, 9_999, u64::MAX] {
            let id = connection_id(n);
            assert_eq!((id.len(), id.ends_with('=')), (16, true));
            assert_eq!(socket_number(&id.replace('=', "%3D")), Some(n));
        }
        assert_eq!(socket_number("short"), None);
    }
}
