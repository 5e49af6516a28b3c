//! The whole gateway in one call.

use std::future::pending;

use tokio::net::TcpListener;

use crate::config::{Config, ConfigError, Endpoint};
use crate::gateway::Gateway;
use crate::server::Server;

/// Why [`run`] has ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The listener does not work.
    #[error("the listener: {0}")]
    Listener(#[from] std::io::Error),
}

/// Runs an API on a listener until `shutdown`, then closes its sockets, lets `$disconnect` run, and ends its functions'
/// processes. If the configuration has no endpoint, functions are told the listener's address.
///
/// It serves this machine alone, as [`Server::default`] does. To let others in, watch the feeds, add routes or serve TLS,
/// use the parts instead: [`Gateway::start`], [`Gateway::router`], [`Server`], and [`Gateway::stop`].
///
/// # Errors
/// The configuration cannot work, or the listener does not.
pub async fn run(
    mut config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    if config.endpoint.is_none() {
        config.endpoint = Some(Endpoint::http(listener.local_addr()?));
    }
    let gateway = Gateway::start(config).await?;
    let server = Server::default();
    let serving = server.serve(listener, gateway.router(), pending());
    let stopping = async {
        shutdown.await;
        gateway.stop().await;
    };
    // Serving goes on while the gateway stops, since `$disconnect` may still post.
    tokio::select! {
        served = serving => Ok(served?),
        () = stopping => Ok(()),
    }
}
