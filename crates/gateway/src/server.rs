//! Serves a router on a port, over TLS (`tls`) or without.
//!
//! Requests have to come from this machine (`access`), and in time (`body_time`). Handlers get their peers' addresses, and
//! the bytes of their requests as they were sent (`recorder`), from which `header_names` takes the spelling of header
//! names.

mod access;
mod body_time;
mod guard;
mod header_names;
mod recorder;
mod tls;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::serve::{Listener, ListenerExt};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub use access::Access;
pub use tls::{Certificate, CertificateError};

pub(crate) use header_names::Names;
pub(crate) use recorder::Recording;
use tls::TlsListener;

/// The peer of a connection: the last bytes that came from it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) recording: Recording,
}

/// Serves routers on ports of this machine: to whom, and how long it waits for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Who may call.
    pub access: Access,
    /// How long the head of a request may take, from the end of the request before; so this is also how long a
    /// connection may be idle. Then it is hung up.
    pub head: Duration,
    /// How long the body of a request may take. Then the request is answered with 408.
    pub body: Duration,
    /// How long requests under way may take once the server has to stop. Then they are cut off.
    pub stop: Duration,
}

impl Default for Server {
    /// For this machine alone; a minute for a head, a minute for a body, two seconds to stop.
    fn default() -> Server {
        Server {
            access: Access::default(),
            head: Duration::from_secs(60),
            body: Duration::from_secs(60),
            stop: Duration::from_secs(2),
        }
    }
}

impl Server {
    /// Serves a router on a listener until `stop`, with what [`Gateway::router`](crate::Gateway::router) needs: the
    /// peers' addresses, the names of headers as they were written, and no delay for small packets. Sockets that are
    /// open outlive it: [`Gateway::stop`](crate::Gateway::stop) closes them.
    ///
    /// # Errors
    /// The listener has no address.
    pub async fn serve(
        &self,
        listener: TcpListener,
        router: Router,
        stop: impl Future<Output = ()>,
    ) -> std::io::Result<()> {
        let router = self.protected(router, &listener)?;
        self.run(without_delay(listener), router, stop).await;
        Ok(())
    }

    /// Serves a router as [`Server::serve`] does, over TLS, for `https` and `wss`.
    /// [`Config::endpoint`](crate::Config::endpoint) tells functions of it.
    ///
    /// # Errors
    /// As [`Server::serve`].
    pub async fn serve_tls(
        &self,
        listener: TcpListener,
        certificate: &Certificate,
        router: Router,
        stop: impl Future<Output = ()>,
    ) -> std::io::Result<()> {
        let router = self.protected(router, &listener)?;
        let listener = TlsListener::new(without_delay(listener), certificate);
        self.run(listener, router, stop).await;
        Ok(())
    }

    /// The router behind the layers that every request has to pass, the outermost last.
    fn protected(&self, router: Router, listener: &TcpListener) -> std::io::Result<Router> {
        let guard = guard::Guard::new(self.access.clone(), listener.local_addr()?.ip());
        Ok(router
            .layer(from_fn_with_state(self.body, body_time::limit))
            .layer(from_fn_with_state(guard, guard::guard)))
    }

    async fn run(
        &self,
        mut listener: impl Listener<Addr = SocketAddr>,
        router: Router,
        stop: impl Future<Output = ()>,
    ) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.head);
        let (mut connections, stopping) = (JoinSet::new(), CancellationToken::new());
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                (stream, address) = listener.accept() => {
                    let (stream, recording) = Recording::start(stream);
                    let service = service(router.clone(), Caller { recording }, address);
                    let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
                    let stopping = stopping.clone();
                    connections.spawn(async move {
                        let mut connection = pin!(connection);
                        tokio::select! {
                            _ = &mut connection => return,
                            () = stopping.cancelled() => connection.as_mut().graceful_shutdown(),
                        }
                        let _ = connection.await;
                    });
                }
                Some(_) = connections.join_next() => {}
            }
        }
        drop(listener);
        stopping.cancel();
        // A client that has sent half a request would be waited for for ever. What is left after this time is cut off,
        // with `connections`.
        let _ = timeout(self.stop, async { while connections.join_next().await.is_some() {} }).await;
    }
}

/// Answers the requests of one connection.
fn service(
    router: Router,
    caller: Caller,
    address: SocketAddr,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Send + 'static {
    let router = TowerToHyperService::new(router);
    service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(caller.clone()));
        // Where axum has the address, so that the handlers of an embedder find it too.
        request.extensions_mut().insert(ConnectInfo(address));
        router.call(request)
    })
}

/// Switches Nagle's algorithm off: a second small frame would wait for the acknowledgement of the first.
fn without_delay(listener: TcpListener) -> impl Listener<Io = tokio::net::TcpStream, Addr = SocketAddr> {
    listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    })
}
