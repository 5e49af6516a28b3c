//! The open sockets, as everything but their own tasks sees them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::clock;
use crate::socket::close::Goodbye;

/// What is known of a client from its handshake on, and stands in each of its events.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) connection_id: Arc<str>,
    /// Epoch milliseconds.
    pub(crate) connected_at: u64,
    pub(crate) source_ip: IpAddr,
    pub(crate) user_agent: Option<Box<str>>,
    /// The name by which the client called the gateway.
    pub(crate) host: Box<str>,
}

/// One open socket.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) peer: Peer,
    /// When the socket was opened: by the wall clock, in epoch milliseconds, and by the clock that is never set.
    opened: (u64, Instant),
    /// When a message went one way or the other, in milliseconds after that.
    last_active: AtomicU64,
    outgoing: mpsc::UnboundedSender<Outgoing>,
    /// The bytes that may still wait for the client.
    room: Arc<Semaphore>,
    capacity: u32,
    goodbye: OnceLock<Goodbye>,
    closing: Notify,
}

/// A message on its way to the client. It takes room until it has been written.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) text: Utf8Bytes,
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
    /// What a waiting message costs beside its bytes, so that a great many small ones are bounded too.
    const OVERHEAD: usize = 64;

    /// An open socket; its task writes what comes out of the receiver.
    pub(crate) fn new(peer: Peer, outgoing_bytes: usize) -> (Arc<Connection>, mpsc::UnboundedReceiver<Outgoing>) {
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
            goodbye: OnceLock::new(),
            closing: Notify::new(),
        };
        (Arc::new(connection), receiver)
    }

    /// Queues a text for the client, and waits for nobody.
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

    /// A message went one way or the other: the idle time begins anew.
    pub(crate) fn touch(&self) {
        self.last_active.store(self.age(), Ordering::Relaxed);
    }

    /// For how long no message has gone either way. Setting the wall clock makes it neither shorter nor longer.
    pub(crate) fn idle(&self) -> Duration {
        Duration::from_millis(self.age().saturating_sub(self.last_active.load(Ordering::Relaxed)))
    }

    /// When a message last went either way, in epoch milliseconds by the wall clock of the time when the socket was opened.
    pub(crate) fn last_active(&self) -> u64 {
        self.opened.0 + self.last_active.load(Ordering::Relaxed)
    }

    /// In milliseconds.
    fn age(&self) -> u64 {
        u64::try_from(self.opened.1.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Asks the socket's task to close it. The first reason stands.
    pub(crate) fn close(&self, goodbye: Goodbye) {
        let _ = self.goodbye.set(goodbye);
        self.closing.notify_one();
    }

    /// Waits until the socket is to be closed. Only its task may ask.
    pub(crate) async fn closing(&self) -> Goodbye {
        loop {
            if let Some(goodbye) = self.goodbye.get() {
                return goodbye.clone();
            }
            self.closing.notified().await;
        }
    }
}

/// The open sockets by connection id.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: HashMap<Arc<str>, Arc<Connection>>,
    is_closed: bool,
}

impl Connections {
    /// Lets posts reach a socket from now on. `false` once the gateway stops.
    pub(crate) fn insert(&self, connection: &Arc<Connection>) -> bool {
        let mut state = self.state();
        if !state.is_closed {
            state
                .open
                .insert(Arc::clone(&connection.peer.connection_id), Arc::clone(connection));
        }
        !state.is_closed
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Connection>> {
        self.state().open.get(id).cloned()
    }

    pub(crate) fn remove(&self, id: &str) -> Option<Arc<Connection>> {
        self.state().open.remove(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.state().open.len()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.state().open.values().cloned().collect()
    }

    /// Closes every socket and takes no new one.
    pub(crate) fn close(&self, goodbye: &Goodbye) {
        let mut state = self.state();
        state.is_closed = true;
        for connection in state.open.values() {
            connection.close(goodbye.clone());
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state().is_closed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
