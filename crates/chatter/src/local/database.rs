//! The embedded DynamoDB: an engine in this process, which is served over HTTP, so that every client of DynamoDB works.

use super::{LocalError, data_file::DataFile, engine::Engine, table_throttle::TableThrottle};
use axum::{
    Router,
    extract::{Request, State},
    response::Response,
};
use chatterbox_core::{StoreError, Tables, schema};
use chatterbox_gateway::Server;
use std::{net::SocketAddr, path::Path, sync::Arc};
use tokio::{
    net::TcpListener,
    sync::{Mutex, oneshot, watch},
    task::JoinHandle,
};

/// A DynamoDB that ends with this process.
#[derive(Debug)]
pub struct Database {
    address: SocketAddr,
    /// How its port is served.
    server: Server,
    door: Door,
    /// The server that clients reach; `None` while it is stopped.
    running: Mutex<Option<Running>>,
    /// The last field, and so dropped last: nobody else may use the file before the engine has closed it.
    file: Option<DataFile>,
}

/// What every request goes through.
#[derive(Clone, Debug)]
struct Door {
    throttle: Option<Arc<TableThrottle>>,
    engine: Engine,
    /// Told after each request that may have changed a table.
    changes: watch::Sender<()>,
}

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Database {
    /// Serves the tables in `file`, or fresh ones in memory; behind a [`TableThrottle`] if faults are wanted.
    pub(super) async fn start(
        listener: TcpListener,
        server: Server,
        file: Option<&Path>,
        tables: &Tables,
        with_throttle: bool,
    ) -> Result<Database, LocalError> {
        let cannot = |reason: String| LocalError::Data {
            file: file.unwrap_or(Path::new("memory")).to_owned(),
            reason,
        };
        let file = file.map(|file| DataFile::open(file, &schema::tables(tables)));
        let file = file.transpose().map_err(cannot)?;
        let engine = match &file {
            Some(file) => dynoxide::Database::new(file.path()),
            None => dynoxide::Database::memory(),
        };
        let engine = engine.map_err(|error| cannot(error.to_string()))?;
        let database = Database {
            address: listener.local_addr().map_err(|error| cannot(error.to_string()))?,
            server,
            door: Door {
                throttle: with_throttle.then(Arc::default),
                engine: Engine::new(engine),
                changes: watch::Sender::new(()),
            },
            running: Mutex::default(),
            file,
        };
        *database.running.lock().await = Some(database.serve(listener));
        Ok(database)
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Its throttle, if the local system may have faults.
    pub fn throttle(&self) -> Option<&TableThrottle> {
        self.door.throttle.as_deref()
    }

    /// Stops serving. Requests under way are still answered, further ones are refused. The tables stay as they are. It
    /// takes at most [`Server::stop`], whatever clients do.
    pub async fn stop(&self) {
        if let Some(Running { stop, server }) = self.running.lock().await.take() {
            let _ = stop.send(());
            let _ = server.await;
        }
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
        self.door.engine.stop();
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
        let engine = self.door.engine.database();
        engine.describe_table(request).ok()?.table.table_id
    }

    /// Told whenever a table may have changed.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.door.changes.subscribe()
    }

    /// Deletes the items that have expired, as DynamoDB does in the background, and says how many.
    ///
    /// # Errors
    /// If the engine does not do it.
    pub async fn delete_expired(&self) -> Result<usize, StoreError> {
        let deleted = self.with_engine(dynoxide::Database::sweep_ttl).await?;
        self.door.changes.send_replace(());
        Ok(deleted)
    }

    /// Asks the engine itself, on a thread where waiting holds nobody up.
    pub(super) async fn with_engine<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dynoxide::Database) -> dynoxide::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let engine = self.door.engine.database().clone();
        let answer = tokio::task::spawn_blocking(move || ask(&engine).map_err(|error| error.to_string()));
        let answer = answer.await.unwrap_or_else(|error| Err(error.to_string()));
        answer.map_err(|code| StoreError::Failed {
            operation: "the engine",
            code,
        })
    }

    fn serve(&self, listener: TcpListener) -> Running {
        let router = Router::new().fallback(answer).with_state(self.door.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let server = self.server.clone();
        let server = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            if let Err(error) = server.serve(listener, router, stopped).await {
                tracing::error!(%error, "DynamoDB is not served");
            }
        });
        Running { stop, server }
    }
}

/// The URL of a DynamoDB at this address.
pub(super) fn url(address: SocketAddr) -> String {
    format!("http://{address}/")
}

async fn answer(State(door): State<Door>, request: Request) -> Response {
    let refusal = door.throttle.as_ref().and_then(|throttle| throttle.refusal(&request));
    match refusal {
        Some(refusal) => refusal,
        None => {
            let is_read = is_read(&request);
            let response = door.engine.answer(request).await;
            if !is_read {
                door.changes.send_replace(());
            }
            response
        }
    }
}

/// Whether a request cannot change a table. DynamoDB's clients name the operation in a header: `DynamoDB_20120810.GetItem`.
fn is_read(request: &Request) -> bool {
    const READS: [&str; 6] = [
        "GetItem",
        "Query",
        "Scan",
        "BatchGetItem",
        "TransactGetItems",
        "DescribeTable",
    ];
    let target = request
        .headers()
        .get("x-amz-target")
        .and_then(|name| name.to_str().ok());
    let operation = target.and_then(|name| name.rsplit('.').next());
    operation.is_some_and(|operation| READS.contains(&operation))
}
