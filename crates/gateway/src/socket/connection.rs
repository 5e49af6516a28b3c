//! One open socket, as everything but its own task sees it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::close::Ending;
use crate::clock;

/// A client, as it is known from its handshake on. It stands in each of its events.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) connection_id: Arc<str>,
    /// In milliseconds since 1970.
    pub(crate) connected_at: u64,
    pub(crate) source_ip: IpAddr,
    pub(crate) user_agent: Option<Box<str>>,
    /// The API key that it has sent, if the API asks for one.
    pub(crate) api_key: Option<Box<str>>,
    /// The name by which the client called the gateway.
    pub(crate) host: Box<str>,
    /// What the authorizer has said of the client, once it has been asked.
    pub(crate) authorizer: OnceLock<Map<String, Value>>,
}

/// One open socket.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) peer: Arc<Peer>,
    /// When the socket was opened: by the wall clock, in epoch milliseconds, and by the monotonic clock.
    opened: (u64, Instant),
    /// When a message last went one way or the other, in milliseconds after `opened`.
    last_active: AtomicU64,
    outgoing: mpsc::UnboundedSender<Outgoing>,
    /// The bytes of further messages that may wait for the client.
    room: Arc<Semaphore>,
    capacity: u32,
    /// How it has to end, once that is asked for.
    ending: OnceLock<Ending>,
    ending_is_set: Notify,
}

/// A message on its way to the client. It takes room until it has been written.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) text: Utf8Bytes,
    _room: OwnedSemaphorePermit,
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The socket has ended.
    Gone,
    /// Too much waits for the client already: it does not read, or too slowly.
    Full,
}

impl Connection {
    /// The room that a message takes beside its bytes, so that the number of small ones is bounded too.
    const OVERHEAD: usize = 64;

    /// An open socket; its task writes what comes out of the receiver.
    pub(super) fn new(peer: Arc<Peer>, outgoing_bytes: usize) -> (Arc<Connection>, mpsc::UnboundedReceiver<Outgoing>) {
        let (outgoing, receiver) = mpsc::unbounded_channel();
        let capacity = u32::try_from(outgoing_bytes)
            .unwrap_or(u32::MAX)
            .clamp(1, u32::MAX >> 3);
        let connection = Connection {
            opened: (clock::now_ms(), Instant::now()),
            last_active: AtomicU64::new(0),
            peer,
            outgoing,
            room: Arc::new(Semaphore::new(capacity as usize)),
            capacity,
            ending: OnceLock::new(),
            ending_is_set: Notify::new(),
        };
        (Arc::new(connection), receiver)
    }

    /// Queues a text for the client, without waiting.
    pub(crate) fn send(&self, text: Utf8Bytes) -> Result<(), Refused> {
        let cost = u32::try_from(text.len() + Self::OVERHEAD)
            .unwrap_or(u32::MAX)
            .min(self.capacity);
        let room = Arc::clone(&self.room)
            .try_acquire_many_owned(cost)
            .map_err(|_| Refused::Full)?;
        self.outgoing
            .send(Outgoing { text, _room: room })
            .map_err(|_| Refused::Gone)?;
        self.touch();
        Ok(())
    }

    /// Begins the idle time anew, because a message went one way or the other.
    pub(super) fn touch(&self) {
        self.last_active.store(self.age(), Ordering::Relaxed);
    }

    /// The time since the last message in either direction. Setting the wall clock does not change it.
    pub(super) fn idle(&self) -> Duration {
        Duration::from_millis(self.age().saturating_sub(self.last_active.load(Ordering::Relaxed)))
    }

    /// When a message last went either way, in epoch milliseconds. The wall clock is read only when the socket is
    /// opened, so that setting it later changes nothing.
    pub(crate) fn last_active(&self) -> u64 {
        self.opened.0 + self.last_active.load(Ordering::Relaxed)
    }

    /// The time since the socket was opened, in milliseconds.
    fn age(&self) -> u64 {
        u64::try_from(self.opened.1.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Asks the socket's task to end it. The first to ask decides how.
    pub(crate) fn end(&self, ending: Ending) {
        let _ = self.ending.set(ending);
        self.ending_is_set.notify_one();
    }

    /// Waits until somebody asks for the end. Only the socket's own task may wait.
    pub(super) async fn ending(&self) -> Ending {
        loop {
            if let Some(ending) = self.ending.get() {
                return ending.clone();
            }
            self.ending_is_set.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    /// A socket that has just been opened.
    fn opened() -> Connection {
        let peer = Peer {
            connection_id: "L0SM9cOFvHcCIhw=".into(),
            connected_at: clock::now_ms(),
            source_ip: Ipv4Addr::LOCALHOST.into(),
            user_agent: None,
            api_key: None,
            host: "localhost".into(),
            authorizer: OnceLock::new(),
        };
        let (connection, _) = Connection::new(Arc::new(peer), 1_000);
        Arc::into_inner(connection).unwrap()
    }

    #[test]
    fn a_socket_that_has_just_spoken_is_not_idle_after_a_step_of_the_wall_clock() {
        const STEP: i64 = 15 * 60 * 1_000;
        for step in [-STEP, STEP] {
            let mut connection = opened();
            connection.touch();
            // As if the clock, by which it was opened, had been set since then.
            connection.opened.0 = connection.opened.0.saturating_add_signed(-step);
            assert!(connection.idle() < Duration::from_secs(60), "{step}");
        }
    }

    #[test]
    fn a_socket_is_idle_since_its_last_message_and_not_since_it_was_opened() {
        let mut connection = opened();
        connection.opened.1 -= Duration::from_secs(20);
        assert!(connection.idle() >= Duration::from_secs(20));
        connection.touch();
        assert!(connection.idle() < Duration::from_secs(10));
        assert!(connection.last_active() >= connection.opened.0 + 20_000);
    }
}
