//! Serves a router on a port, over TLS (`tls`) or without.
//!
//! Handlers get their peers' addresses, and the bytes of their requests as they were sent (`recorder`), from which
//! `header_names` takes the spelling of header names.

mod header_names;
mod recorder;
mod tls;

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::middleware::map_request;
use axum::serve::{IncomingStream, Listener, ListenerExt};
use tokio::net::TcpListener;

pub use tls::{Certificate, CertificateError};

pub(crate) use header_names::Names;
use recorder::Recorder;
pub(crate) use recorder::Recording;
use tls::TlsListener;

/// The peer of a connection, and the last bytes that came from it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    address: SocketAddr,
    pub(crate) recording: Recording,
}

/// Serves a router on a listener until `stop`, with what [`Gateway::router`](crate::Gateway::router) needs: the peers'
/// addresses, the names of headers as they were written, and no delay for small packets. Sockets that are open outlive
/// it: [`Gateway::stop`](crate::Gateway::stop) closes them.
///
/// # Errors
/// None at present; the type is that of axum's own `serve`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    serve_on(without_delay(listener), router, stop).await
}

/// Serves a router as [`serve`] does, over TLS, for `https` and `wss`. [`Config::endpoint`](crate::Config::endpoint)
/// tells functions of it.
///
/// # Errors
/// As [`serve`].
pub async fn serve_tls(
    listener: TcpListener,
    certificate: &Certificate,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = TlsListener::new(without_delay(listener), certificate);
    serve_on(listener, router, stop).await
}

async fn serve_on(
    listener: impl Listener<Addr = SocketAddr>,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = router
        .layer(map_request(with_address))
        .into_make_service_with_connect_info::<Caller>();
    axum::serve(Recorded(listener), service)
        .with_graceful_shutdown(stop)
        .await
}

/// Switches Nagle's algorithm off: a second small frame would wait for the acknowledgement of the first.
fn without_delay(listener: TcpListener) -> impl Listener<Io = tokio::net::TcpStream, Addr = SocketAddr> {
    listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    })
}

/// Puts the peer's address where axum usually has it, so that the handlers of an embedder find it too.
async fn with_address(mut request: Request) -> Request {
    let caller = request.extensions().get::<ConnectInfo<Caller>>();
    if let Some(address) = caller.map(|caller| caller.0.address) {
        request.extensions_mut().insert(ConnectInfo(address));
    }
    request
}

/// A listener whose connections are recorded. Its peers' addresses come with the recordings.
struct Recorded<L>(L);

impl<L: Listener<Addr = SocketAddr>> Listener for Recorded<L> {
    type Io = Recorder<L::Io>;
    type Addr = Caller;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = self.0.accept().await;
        let (stream, recording) = Recording::start(stream);
        (stream, Caller { address, recording })
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        let address = self.0.local_addr()?;
        let recording = Recording::none();
        Ok(Caller { address, recording })
    }
}

impl<L: Listener<Addr = SocketAddr>> Connected<IncomingStream<'_, Recorded<L>>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Recorded<L>>) -> Caller {
        stream.remote_addr().clone()
    }
}
