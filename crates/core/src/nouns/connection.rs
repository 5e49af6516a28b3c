//! A browser's socket, as the connections table knows it.
//!
//! Connection IDs are API Gateway's and new for every socket, so forgetting one can never hit another, later socket.
//! So no row may ever be keyed by login alone.

use crate::{ChatterHash, Login, Timestamp, Topics};
use serde::Deserialize;
use std::{fmt, time::Duration};

/// The opaque id that API Gateway gives a socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct ConnectionId(String);

impl ConnectionId {
    /// An id as API Gateway or the table gives it.
    pub fn new(id: impl Into<String>) -> ConnectionId {
        ConnectionId(id.into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One row of the connections table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The login that was proved.
    pub login: Login,
    /// API Gateway's id.
    pub id: ConnectionId,
    /// The time at which API Gateway received the handshake.
    pub connected_at: Timestamp,
    /// The topics that it subscribed to.
    pub topics: Topics,
    /// The hash of the chatter ID that opened it, by which its revocation finds it.
    pub chatter_hash: ChatterHash,
}

impl Connection {
    /// API Gateway ends every socket after two hours; ten minutes more keep clocks and slow handshakes from mattering.
    pub const LIFE: Duration = Duration::from_secs(2 * 3600 + 600);
    /// The age from which a 410 means that a row's socket is dead. API Gateway answers 410 until `$connect`
    /// has returned, and `$connect` may take 10 s.
    pub const GRACE: Duration = Duration::from_secs(60);

    /// The time from which the row is ignored.
    pub fn expires_at(&self) -> Timestamp {
        self.connected_at + Self::LIFE
    }

    /// Whether a 410 to a post that was sent at `sent_at` proves the socket dead. What counts is the row's age when the post
    /// was sent: a 410 that took long to arrive may still be about a socket that was just opening then.
    pub fn is_dead_after_gone(&self, sent_at: Timestamp) -> bool {
        sent_at.since(self.connected_at) > Self::GRACE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_410_proves_a_socket_dead_only_after_a_minute() {
        let connected_at = Timestamp::from_millis(1_000_000).unwrap();
        let connection = Connection {
            login: Login::parse("friendless").unwrap(),
            id: ConnectionId::new("L0SM9cOFvHcCIhw="),
            connected_at,
            topics: Topics::All,
            chatter_hash: ChatterHash::stored("00"),
        };
        for (sent_after_ms, dead) in [
            (-5_000, false),
            (0, false),
            (60_000, false),
            (60_001, true),
            (7_200_000, true),
        ] {
            let sent_at = Timestamp::from_millis(1_000_000 + sent_after_ms).unwrap();
            assert_eq!(connection.is_dead_after_gone(sent_at), dead, "{sent_after_ms}");
        }
        assert_eq!(connection.expires_at().millis() - connected_at.millis(), 7_800_000);
    }
}
