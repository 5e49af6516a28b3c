//! A gateway that is served on a port of this machine.

use std::net::SocketAddr;

use tokio::task::JoinHandle;

use crate::gateway::Gateway;

/// An API on a port of this machine, which a [`Builder`](crate::Builder) has started. Dropping it cuts its sockets and ends
/// its functions' processes; [`LocalApi::stop`] does so in good order.
#[derive(Debug)]
pub struct LocalApi {
    gateway: Gateway,
    address: SocketAddr,
    stage: String,
    serving: JoinHandle<std::io::Result<()>>,
}

impl LocalApi {
    pub(crate) fn new(
        gateway: Gateway,
        address: SocketAddr,
        stage: &str,
        serving: JoinHandle<std::io::Result<()>>,
    ) -> LocalApi {
        let stage = stage.to_owned();
        LocalApi {
            gateway,
            address,
            stage,
            serving,
        }
    }

    /// Where clients connect: `ws://127.0.0.1:PORT/STAGE`.
    pub fn url(&self) -> String {
        format!("ws://{}/{}", self.address, self.stage)
    }

    /// The endpoint of `@connections`, for the clients of AWS's SDKs: `http://127.0.0.1:PORT/STAGE`. Functions find it in
    /// `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`.
    pub fn management_url(&self) -> String {
        format!("http://{}/{}", self.address, self.stage)
    }

    /// The endpoint of Lambda's Invoke, for the clients of AWS's SDKs: `http://127.0.0.1:PORT`.
    pub fn lambda_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The gateway itself: its feeds, its faults, its functions.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Closes the sockets with 1001, lets `$disconnect` run, and ends every process, as [`Gateway::stop`] does. Meanwhile
    /// the port is served, since `$disconnect` may still post.
    pub async fn stop(self) {
        self.gateway.stop().await;
    }
}

impl Drop for LocalApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
