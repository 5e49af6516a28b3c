//! The open sockets by connection id: those that posts can reach.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::close::{Ending, Goodbye};
use super::connection::Connection;
use crate::lock::lock;

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
    /// Lets posts reach a socket from now on. `false` if the gateway is being stopped and takes no more sockets.
    pub(super) fn insert(&self, connection: &Arc<Connection>) -> bool {
        let mut state = lock(&self.state);
        if !state.is_closed {
            state
                .open
                .insert(Arc::clone(&connection.peer.connection_id), Arc::clone(connection));
        }
        !state.is_closed
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Connection>> {
        lock(&self.state).open.get(id).cloned()
    }

    pub(crate) fn remove(&self, id: &str) -> Option<Arc<Connection>> {
        lock(&self.state).open.remove(id)
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.state).open.len()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        lock(&self.state).open.values().cloned().collect()
    }

    /// Closes every socket, and takes no new one.
    pub(crate) fn close(&self, goodbye: &Goodbye) {
        let mut state = lock(&self.state);
        state.is_closed = true;
        for connection in state.open.values() {
            connection.end(Ending::Close(goodbye.clone()));
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        lock(&self.state).is_closed
    }
}
