//! The parts of a gateway that faults break: sockets and processes.

use std::sync::Arc;

use super::injector::Injector;
use crate::host::{Functions, Pool};
use crate::socket::{Connection, Ending, Goodbye, Sockets};

/// A gateway's sockets and functions, and the injector that counts what is done to them.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) injector: Arc<Injector>,
    pub(super) sockets: Arc<Sockets>,
    pub(super) functions: Arc<Functions>,
}

impl Target {
    pub(crate) fn new(injector: Arc<Injector>, sockets: Arc<Sockets>, functions: Arc<Functions>) -> Target {
        Target {
            injector,
            sockets,
            functions,
        }
    }

    /// Closes every open socket with 1001. Returns how many there were.
    pub(crate) fn close_sockets(&self) -> usize {
        let open = self.sockets.open.all();
        open.iter().for_each(|connection| self.close(connection));
        open.len()
    }

    /// Cuts every open socket without a close frame. Returns how many there were.
    pub(crate) fn cut_sockets(&self) -> usize {
        let open = self.sockets.open.all();
        open.iter().for_each(|connection| self.cut(connection));
        open.len()
    }

    /// Cuts the socket of this connection id. `false` if it is not open.
    pub(crate) fn cut_socket(&self, connection_id: &str) -> bool {
        let connection = self.sockets.open.get(connection_id);
        connection.iter().for_each(|connection| self.cut(connection));
        connection.is_some()
    }

    /// Kills all processes of a function. Returns how many there were, or `None` if there is no such function.
    pub(crate) fn kill_processes(&self, function: &str) -> Option<usize> {
        let pool = self.functions.get(function)?;
        let killed = pool.process_ids().into_iter().filter(|id| self.kill(pool, *id));
        Some(killed.count())
    }

    /// Closes a socket with 1001.
    pub(super) fn close(&self, connection: &Connection) {
        self.injector.on_socket("socket closed", &connection.peer.connection_id);
        connection.end(Ending::Close(Goodbye::GOING_AWAY));
    }

    /// Ends a socket without a close frame.
    pub(super) fn cut(&self, connection: &Connection) {
        self.injector.on_socket("socket cut", &connection.peer.connection_id);
        connection.end(Ending::Cut);
    }

    /// Kills a process. `false` if it has ended meanwhile.
    pub(super) fn kill(&self, pool: &Pool, process_id: u32) -> bool {
        let is_killed = pool.kill(process_id);
        if is_killed {
            self.injector.on_process(pool.name(), process_id);
        }
        is_killed
    }
}
