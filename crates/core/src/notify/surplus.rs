//! The surplus: the sockets that a login has beyond those that it may have. They are closed when every login of the invocation
//! has been served, so that nobody waits for that, and only for a while: what is left is there for the next update.

use crate::{
    Connection, ConnectionId, Connections, Payload, Poster,
    lock::lock,
    outgoing::{ClosingReason, Outgoing},
};
use futures_util::{StreamExt, stream};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::time::Instant;

/// How long sockets are closed before the invocation is answered. That is enough for some two thousand, at 10 ms for each of
/// three calls.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// Sockets that are closed at once.
const AT_ONCE: usize = 32;

/// Whether a page is told why its socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// It is told `replaced`, and does not come back at once.
    Replaced,
    /// It is told nothing, comes back at once and asks for what it missed: there is room for it, since others are dead.
    Silent,
}

/// The surplus of all logins of an invocation.
#[derive(Debug, Default)]
pub(crate) struct Surplus {
    /// By connection ID: the events of one invocation find the same ones.
    sockets: Mutex<BTreeMap<ConnectionId, (Connection, Goodbye)>>,
}

impl Surplus {
    /// Adds sockets of a login.
    pub(crate) fn add(&self, sockets: impl IntoIterator<Item = (Connection, Goodbye)>) {
        let sockets = sockets.into_iter();
        lock(&self.sockets).extend(sockets.map(|(connection, goodbye)| (connection.id.clone(), (connection, goodbye))));
    }

    /// Closes the sockets, for [`PATIENCE`], and no longer than until `end`; returns how many are left.
    pub(crate) async fn close(self, connections: &Connections, poster: &Poster, end: Instant) -> usize {
        let sockets = self
            .sockets
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let left = AtomicUsize::new(sockets.len());
        let last_start = end.min(Instant::now() + PATIENCE);
        let replaced = Payload::new(
            Outgoing::Closing {
                reason: ClosingReason::Replaced,
                retry: false,
            }
            .to_text(),
        );
        let close = async |(connection, goodbye): (Connection, Goodbye)| {
            if Instant::now() < last_start {
                let text = (goodbye == Goodbye::Replaced).then_some(&replaced);
                let is_gone = close(&connection, text, connections, poster).await;
                left.fetch_sub(usize::from(is_gone), Relaxed);
            }
        };
        let all = stream::iter(sockets.into_values()).for_each_concurrent(AT_ONCE, close);
        let _ = tokio::time::timeout_at(end, all).await;
        left.into_inner()
    }
}

/// Closes a socket, and says whether its row is gone. That is deleted first: without its row, a socket that fails to close gets
/// no more updates; without its socket, a row would be posted to until it expires. If the row was not there any more, another
/// invocation or `$disconnect` does the rest.
async fn close(connection: &Connection, text: Option<&Payload>, connections: &Connections, poster: &Poster) -> bool {
    match connections.forget(&connection.login, &connection.id).await {
        Ok(true) => {
            if let Some(text) = text {
                poster.say_goodbye(&connection.id, text).await;
            }
            poster.close(&connection.id).await;
            true
        }
        Ok(false) => true,
        Err(error) => {
            tracing::warn!(connection_id = %connection.id, %error, "a row beyond the cap was not deleted; the next update tries again");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ChatterHash, Login, Timestamp, Topics,
        test_support::{dynamodb, poster},
    };
    use serde_json::{Value, json};
    use std::sync::Arc;

    /// The row of this socket cannot be deleted.
    const STUCK: &str = "STUCK";
    /// The row of this socket has gone before.
    const UNKNOWN: &str = "UNKNOWN";

    fn connection(id: &str) -> Connection {
        Connection {
            login: Login::parse("a").unwrap(),
            id: ConnectionId::new(id),
            connected_at: Timestamp::from_millis(0).unwrap(),
            topics: Topics::All,
            chatter_hash: ChatterHash::stored("00"),
        }
    }

    /// Closes these sockets; returns how many are left, and what was asked of the table and the gateway.
    async fn close(sockets: &[(&str, Goodbye)], end: Instant) -> (usize, Vec<String>) {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (of_table, of_gateway) = (Arc::clone(&calls), Arc::clone(&calls));
        let client = dynamodb(move |_, body| {
            let request: Value = serde_json::from_str(body).unwrap();
            let id = request["Key"]["connection_id"]["S"].as_str().unwrap();
            lock(&of_table).push(format!("forget {id}"));
            match id {
                STUCK => (400, json!({"__type": "ThrottlingException"}).to_string()),
                UNKNOWN => (200, "{}".to_owned()),
                _ => (200, json!({"Attributes": request["Key"]}).to_string()),
            }
        });
        let poster = poster(move |path, body| {
            let (_, id) = path.rsplit_once('/').unwrap();
            let call = if body.is_empty() {
                format!("close {id}")
            } else {
                assert_eq!(body, r#"{"type":"closing","reason":"replaced","retry":false}"#);
                format!("tell {id}")
            };
            lock(&of_gateway).push(call);
            (200, String::new())
        });
        let surplus = Surplus::default();
        for (id, goodbye) in sockets {
            surplus.add([(connection(id), *goodbye)]);
        }
        let left = surplus
            .close(&Connections::new(client, "connections"), &poster, end)
            .await;
        let calls = lock(&calls).clone();
        (left, calls)
    }

    #[tokio::test(start_paused = true)]
    async fn the_row_goes_first_then_the_socket_is_closed_and_told_why_if_it_is_not_to_come_back_at_once() {
        use Goodbye::{Replaced, Silent};
        let end = Instant::now() + Duration::from_secs(60);
        for (sockets, left, expected) in [
            (&[][..], 0, &[][..]),
            (&[("A", Replaced)], 0, &["forget A", "tell A", "close A"]),
            (&[("A", Silent)], 0, &["forget A", "close A"]),
            // Two events of one invocation have found the same.
            (
                &[("A", Replaced), ("A", Replaced)],
                0,
                &["forget A", "tell A", "close A"],
            ),
            (&[(STUCK, Replaced)], 1, &["forget STUCK"]),
            (&[(UNKNOWN, Replaced)], 0, &["forget UNKNOWN"]),
        ] {
            assert_eq!(
                close(sockets, end).await,
                (left, expected.iter().map(ToString::to_string).collect()),
                "{sockets:?}"
            );
        }
        let many = [(STUCK, Replaced), ("A", Silent), ("B", Replaced), (UNKNOWN, Silent)];
        assert_eq!(close(&many, end).await.0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn from_the_end_on_no_socket_is_closed_and_all_are_left() {
        let sockets = [("A", Goodbye::Replaced), ("B", Goodbye::Silent)];
        let now = Instant::now();
        for end in [now, now - Duration::from_millis(1)] {
            assert_eq!(close(&sockets, end).await, (2, vec![]));
        }
    }
}
