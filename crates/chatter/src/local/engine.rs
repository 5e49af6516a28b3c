//! DynamoDB's engine, behind a door of our own.
//!
//! The engine's HTTP server lets every web page read and write the tables: it allows all origins, and looks at no `Host`.
//! So it has no port. Each connection to it is one that this process has made to itself, through a port that is closed as
//! soon as that one connection stands.

use super::lock::lock;
use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderName, StatusCode, Version, header},
    response::{IntoResponse, Response},
};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::{
    fmt, io,
    net::Ipv4Addr,
    pin::pin,
    sync::{Arc, Mutex},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// An engine that only this process can ask.
#[derive(Clone)]
pub(super) struct Engine {
    database: dynoxide::Database,
    /// Connections that wait for a request.
    idle: Arc<Mutex<Vec<SendRequest<Body>>>>,
    stopped: CancellationToken,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// Headers about the client's connection, and not about its request; and `Origin`, to which the engine would answer that
/// every page may read this.
const OURS: [HeaderName; 4] = [header::CONNECTION, header::EXPECT, header::UPGRADE, header::ORIGIN];

impl Engine {
    pub(super) fn new(database: dynoxide::Database) -> Engine {
        Engine {
            database,
            idle: Arc::default(),
            stopped: CancellationToken::new(),
        }
    }

    pub(super) fn database(&self) -> &dynoxide::Database {
        &self.database
    }

    /// The engine's answer to a request.
    pub(super) async fn answer(&self, mut request: Request) -> Response {
        for name in OURS {
            request.headers_mut().remove(name);
        }
        // Whatever version the client speaks: to the engine it is the one of this connection.
        *request.version_mut() = Version::HTTP_11;
        match self.ask(request).await {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(%error, "DynamoDB's engine did not answer");
                StatusCode::BAD_GATEWAY.into_response()
            }
        }
    }

    /// Ends all connections. Further requests are not answered.
    pub(super) fn stop(&self) {
        self.stopped.cancel();
        lock(&self.idle).clear();
    }

    async fn ask(&self, request: Request) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
        let idle = lock(&self.idle).pop().filter(|connection| connection.is_ready());
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let (mut head, body) = connection.send_request(request).await?.into_parts();
        // To its end, so that the connection is free again.
        let body = to_bytes(Body::new(body), usize::MAX).await?;
        connection.ready().await?;
        lock(&self.idle).push(connection);
        head.headers.remove(header::CONNECTION);
        Ok(Response::from_parts(head, Body::from(body)))
    }

    async fn connect(&self) -> Result<SendRequest<Body>, Box<dyn std::error::Error + Send + Sync>> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let stream = TcpStream::connect(listener.local_addr()?).await?;
        stream.set_nodelay(true)?;
        let stopped = self.stopped.clone().cancelled_owned();
        let mut serving = pin!(dynoxide::server::serve_with_shutdown(
            listener,
            self.database.clone(),
            stopped
        ));
        let (mut connection, driver) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        // Once it has answered it has accepted the connection, which outlives the port.
        let hello = connection.send_request(Request::get("/").body(Body::empty())?);
        let hello = tokio::select! {
            _ = &mut serving => return Err(io::Error::other("it has been stopped").into()),
            hello = hello => hello?,
        };
        to_bytes(Body::new(hello.into_body()), usize::MAX).await?;
        connection.ready().await?;
        Ok(connection)
    }
}
