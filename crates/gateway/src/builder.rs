//! The short way to a gateway: what it serves, and a port of this machine.

use tokio::net::TcpListener;

use crate::config::{Config, ConfigError, Endpoint, Function, Route};
use crate::gateway::Gateway;
use crate::local_api::LocalApi;
use crate::server::Server;

/// Makes a [`LocalApi`]. [`Gateway::builder`] has an example.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    config: Config,
    port: u16,
}

/// Why a [`Builder`] did not start an API.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The port cannot be listened at: another program has it, or it is one of those that need rights.
    #[error("port {port}: {error}")]
    Port {
        /// The port.
        port: u16,
        /// What the system said.
        error: std::io::Error,
    },
}

impl Gateway {
    /// The short way to an API on a port of this machine, for tests: any number of them at a time, each on a port of its own.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use chatterbox_gateway::{Gateway, Route};
    /// use futures_util::{SinkExt, StreamExt};
    ///
    /// let api = Gateway::builder()
    ///     // Functions of your own: .function("chat", Function::new("target/debug/chat")).route("$default", Route::two_way("chat"))
    ///     .route("ping", Route::mock(r#"{"type":"pong"}"#))
    ///     .start()
    ///     .await?;
    /// let (mut socket, _) = tokio_tungstenite::connect_async(api.url()).await?;
    /// socket.send(r#"{"action":"ping"}"#.into()).await?;
    /// assert_eq!(socket.next().await.unwrap()?.to_text()?, r#"{"type":"pong"}"#);
    /// api.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// The port on 127.0.0.1. Without it, or with 0, it is any free one, so that many tests can run at a time.
    #[must_use]
    pub fn port(mut self, port: u16) -> Builder {
        self.port = port;
        self
    }

    /// A function by its name, in place of one that had the name before.
    #[must_use]
    pub fn function(mut self, name: impl Into<String>, function: Function) -> Builder {
        self.config.functions.insert(name.into(), function);
        self
    }

    /// A route by its key: `$connect`, `$disconnect`, `$default`, or what the route selection expression makes of a
    /// message. It takes the place of one that had the key before.
    #[must_use]
    pub fn route(mut self, key: impl Into<String>, route: Route) -> Builder {
        self.config.routes.insert(key.into(), route);
        self
    }

    /// Changes whatever else the configuration has: the stage, limits, an authorizer, faults.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Builder {
        change(&mut self.config);
        self
    }

    /// Starts the API, which is then ready for clients. It serves this machine alone, as [`Server::default`] does. Its functions
    /// are told where it is, unless the configuration has an endpoint.
    ///
    /// # Errors
    /// The configuration cannot work, or the port cannot be listened at.
    pub async fn start(self) -> Result<LocalApi, StartError> {
        let Builder { mut config, port } = self;
        let refused = |error| StartError::Port { port, error };
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        config.endpoint.get_or_insert(Endpoint::http(address));
        let stage = config.stage.clone();
        let gateway = Gateway::start(config).await?;
        let router = gateway.router();
        let serving = tokio::spawn(async move {
            let server = Server::default();
            server.serve(listener, router, std::future::pending()).await
        });
        Ok(LocalApi::new(gateway, address, &stage, serving))
    }
}
