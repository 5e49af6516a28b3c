//! The embedded DynamoDB: an engine in this process, which is served over HTTP, so that every client of DynamoDB works.

use super::{LocalError, data_file::DataFile, throttle::Throttle};
use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, oneshot},
    task::JoinHandle,
};

/// A DynamoDB that ends with this process.
pub struct Database {
    address: SocketAddr,
    engine: dynoxide::Database,
    /// The server that clients reach; `None` while it is stopped.
    running: Mutex<Option<Running>>,
    throttle: Option<ThrottledEngine>,
    /// The last field, and so dropped last: nobody else may use the file before the engine has closed it.
    file: Option<DataFile>,
}

/// A throttle, and the engine behind it on a port of its own.
struct ThrottledEngine {
    throttle: Arc<Throttle>,
    engine: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Serves the tables in `file`, or fresh ones in memory; behind a [`Throttle`] if faults are wanted.
    pub(super) async fn start(
        listener: TcpListener,
        file: Option<&Path>,
        with_throttle: bool,
    ) -> Result<Database, LocalError> {
        let cannot = |reason: String| LocalError::Data {
            file: file.unwrap_or(Path::new("memory")).to_owned(),
            reason,
        };
        let file = file.map(DataFile::open).transpose().map_err(cannot)?;
        let engine = match &file {
            Some(file) => dynoxide::Database::new(file.path()),
            None => dynoxide::Database::memory(),
        };
        let engine = engine.map_err(|error| cannot(error.to_string()))?;
        let address = listener.local_addr().map_err(|error| cannot(error.to_string()))?;
        let throttle = if with_throttle {
            Some(
                ThrottledEngine::start(engine.clone())
                    .await
                    .map_err(|error| cannot(error.to_string()))?,
            )
        } else {
            None
        };
        let database = Database {
            address,
            engine,
            running: Mutex::default(),
            throttle,
            file,
        };
        *database.running.lock().await = Some(database.serve(listener));
        Ok(database)
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Its throttle, if the local system may have faults.
    pub fn throttle(&self) -> Option<&Throttle> {
        self.throttle.as_ref().map(|throttled| &*throttled.throttle)
    }

    /// Stops serving. Requests under way are still answered, further ones are refused. The tables stay as they are.
    pub async fn stop(&self) {
        stop(&self.running).await;
    }

    /// Serves the same tables again.
    ///
    /// # Errors
    /// The port has been taken meanwhile.
    pub async fn restart(&self) -> std::io::Result<()> {
        self.stop().await;
        let listener = TcpListener::bind(self.address).await?;
        *self.running.lock().await = Some(self.serve(listener));
        Ok(())
    }

    /// Stops serving for good, and closes the tables' file.
    pub(super) async fn end(&self) {
        self.stop().await;
        if let Some(throttled) = &self.throttle {
            stop(&throttled.engine).await;
        }
        if let Some(file) = &self.file {
            file.release();
        }
    }

    /// The id of a table. Another id means that the tables were created anew, and that the chatter IDs of the old ones
    /// are gone.
    pub(super) fn table_id(&self, table: &str) -> Option<String> {
        let request = dynoxide::actions::describe_table::DescribeTableRequest {
            table_name: table.to_owned(),
        };
        self.engine.describe_table(request).ok()?.table.table_id
    }

    fn serve(&self, listener: TcpListener) -> Running {
        match &self.throttle {
            None => serve_engine(listener, self.engine.clone()),
            Some(throttled) => {
                let router = throttled.throttle.router();
                Running::new(|stopped| async move {
                    let _ = axum::serve(listener, router).with_graceful_shutdown(stopped).await;
                })
            }
        }
    }
}

impl ThrottledEngine {
    async fn start(engine: dynoxide::Database) -> std::io::Result<ThrottledEngine> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(ThrottledEngine {
            throttle: Arc::new(Throttle::new(listener.local_addr()?)),
            engine: Mutex::new(Some(serve_engine(listener, engine))),
        })
    }
}

impl Running {
    /// Runs a server, which has to end when the future that it is given ends.
    fn new<F: Future<Output = ()> + Send + 'static>(
        server: impl FnOnce(std::pin::Pin<Box<dyn Future<Output = ()> + Send>>) -> F,
    ) -> Running {
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            let _ = stopped.await;
        };
        Running {
            stop,
            server: tokio::spawn(server(Box::pin(stopped))),
        }
    }
}

fn serve_engine(listener: TcpListener, engine: dynoxide::Database) -> Running {
    Running::new(|stopped| async {
        let _ = dynoxide::server::serve_with_shutdown(listener, engine, stopped).await;
    })
}

async fn stop(running: &Mutex<Option<Running>>) {
    if let Some(Running { stop, server }) = running.lock().await.take() {
        let _ = stop.send(());
        let _ = server.await;
    }
}
