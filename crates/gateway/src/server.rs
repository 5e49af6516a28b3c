//! Serves a router on a port: with the peers' addresses, and with the heads of their requests as they wrote them.

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

/// Who has opened a connection, and what came over it last.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    address: SocketAddr,
    pub(crate) recording: Recording,
}

/// Serves a router on a listener until `stop`, with what [`Gateway::router`](crate::Gateway::router) needs: the peers'
/// addresses, the names of headers as they were written, and no delay for small packets. Sockets that are open outlive it:
/// [`Gateway::stop`](crate::Gateway::stop) closes them.
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

/// The same over TLS, for `https` and `wss`. [`Config::endpoint`](crate::Config::endpoint) tells functions of it.
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

/// Without it a second small frame waits for the acknowledgement of the first.
fn without_delay(listener: TcpListener) -> impl Listener<Io = tokio::net::TcpStream, Addr = SocketAddr> {
    listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    })
}

/// Handlers, also those of an embedder, find the address in the place where axum usually has it.
async fn with_address(mut request: Request) -> Request {
    let caller = request.extensions().get::<ConnectInfo<Caller>>();
    if let Some(address) = caller.map(|caller| caller.0.address) {
        request.extensions_mut().insert(ConnectInfo(address));
    }
    request
}

/// A listener whose connections are recorded.
struct Recorded<L>(L);

impl<L: Listener> Listener for Recorded<L> {
    type Io = Recorder<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = self.0.accept().await;
        (Recorder::new(stream), address)
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl<L: Listener<Addr = SocketAddr>> Connected<IncomingStream<'_, Recorded<L>>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Recorded<L>>) -> Caller {
        Caller {
            address: *stream.remote_addr(),
            recording: stream.io().recording(),
        }
    }
}
