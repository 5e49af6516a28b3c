//! The embedded DynamoDB: an engine in this process, over HTTP, so that every client of DynamoDB works with it.

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
    /// What clients reach; `None` while it is stopped.
    running: Mutex<Option<Running>>,
    throttle: Option<Faulty>,
    /// The last, so that nobody else may use the file before the engine has closed it.
    file: Option<DataFile>,
}

/// A throttle, and the engine behind it on a port of its own.
struct Faulty {
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
                Faulty::start(engine.clone())
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

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// What throttles it, if faults are wanted.
    pub fn throttle(&self) -> Option<&Throttle> {
        self.throttle.as_ref().map(|faulty| &*faulty.throttle)
    }

    /// Stops serving: requests that are running are answered, and from then on nobody is. What the tables hold stays.
    pub async fn stop(&self) {
        stop(&self.running).await;
    }

    /// Serves again what the tables held when it was stopped.
    ///
    /// # Errors
    /// If the port has been taken meanwhile.
    pub async fn restart(&self) -> std::io::Result<()> {
        self.stop().await;
        let listener = TcpListener::bind(self.address).await?;
        *self.running.lock().await = Some(self.serve(listener));
        Ok(())
    }

    /// Stops serving for good, and closes the tables' file.
    pub(super) async fn end(&self) {
        self.stop().await;
        if let Some(faulty) = &self.throttle {
            stop(&faulty.engine).await;
        }
        if let Some(file) = &self.file {
            file.release();
        }
    }

    /// Names these tables: another name means that they were made anew, and what was issued by the old ones is gone.
    pub(super) fn name_of(&self, table: &str) -> Option<String> {
        let request = dynoxide::actions::describe_table::DescribeTableRequest {
            table_name: table.to_owned(),
        };
        self.engine.describe_table(request).ok()?.table.table_id
    }

    fn serve(&self, listener: TcpListener) -> Running {
        match &self.throttle {
            None => serve_engine(listener, self.engine.clone()),
            Some(faulty) => {
                let router = faulty.throttle.router();
                Running::new(|stopped| async move {
                    let _ = axum::serve(listener, router).with_graceful_shutdown(stopped).await;
                })
            }
        }
    }
}

impl Faulty {
    async fn start(engine: dynoxide::Database) -> std::io::Result<Faulty> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Faulty {
            throttle: Arc::new(Throttle::new(listener.local_addr()?)),
            engine: Mutex::new(Some(serve_engine(listener, engine))),
        })
    }
}

impl Running {
    /// Runs a server that ends when its argument does.
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
