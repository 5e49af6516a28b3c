//! The embedded DynamoDB: an engine in this process, over HTTP, so that every client of DynamoDB works with it.

use super::LocalError;
use std::{fmt, net::SocketAddr, path::Path};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// A DynamoDB that ends with this process.
pub struct Database {
    address: SocketAddr,
    engine: dynoxide::Database,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), String>>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Serves the tables in `file`, or fresh ones in memory.
    pub(super) fn start(listener: TcpListener, file: Option<&Path>) -> Result<Database, LocalError> {
        let engine = match file {
            Some(file) => dynoxide::Database::new(&file.to_string_lossy()),
            None => dynoxide::Database::memory(),
        };
        let cannot = |reason: String| LocalError::Data {
            file: file.unwrap_or(Path::new("memory")).to_owned(),
            reason,
        };
        let engine = engine.map_err(|error| cannot(error.to_string()))?;
        let address = listener.local_addr().map_err(|error| cannot(error.to_string()))?;
        let running = Some(serve(listener, engine.clone()));
        Ok(Database {
            address,
            engine,
            running,
        })
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Stops serving: requests that are running are answered, and from then on nobody is. What the tables hold stays.
    pub async fn stop(&mut self) {
        if let Some(Running { stop, server }) = self.running.take() {
            let _ = stop.send(());
            let _ = server.await;
        }
    }

    /// Serves again what the tables held when it was stopped.
    ///
    /// # Errors
    /// If the port has been taken meanwhile.
    pub async fn restart(&mut self) -> std::io::Result<()> {
        self.stop().await;
        let listener = TcpListener::bind(self.address).await?;
        self.running = Some(serve(listener, self.engine.clone()));
        Ok(())
    }
}

fn serve(listener: TcpListener, engine: dynoxide::Database) -> Running {
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = dynoxide::server::serve_with_shutdown(listener, engine, async {
        let _ = stopped.await;
    });
    Running {
        stop,
        server: tokio::spawn(serving),
    }
}
