//! An `@connections` endpoint that does as little as possible, so that the sender is what is measured. It prints three ports:
//! the first without TLS, the second with TLS and HTTP/2 or HTTP/1.1, as API Gateway has them, the third with TLS and HTTP/1.1
//! alone. `PUT /` sets its `Manner`, `GET /` returns its `Posts` and `GET /certificate` its certificate. It ends with its
//! standard input.

use bench::{Manner, Posts, now, socket_number};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    rt::Executor,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::{cell::RefCell, error::Error, future::Future, io::Write, rc::Rc, sync::Arc, time::Duration};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    task::{LocalSet, spawn_local},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

#[derive(Default)]
struct State {
    manner: Manner,
    posts: Posts,
    certificate: String,
}

type Shared = Rc<RefCell<State>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()])?;
    let callback = State {
        certificate: cert.pem(),
        ..State::default()
    };
    let callback = Rc::new(RefCell::new(callback));
    let acceptor = |protocols: &[&str]| -> Result<TlsAcceptor, Box<dyn Error>> {
        let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)?;
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(TlsAcceptor::from(Arc::new(config)))
    };
    let doors = [
        None,
        Some(acceptor(&["h2", "http/1.1"])?),
        Some(acceptor(&["http/1.1"])?),
    ];
    let server = LocalSet::new();
    let mut ports = Vec::new();
    for tls in doors {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        ports.push(listener.local_addr()?.port().to_string());
        let callback = Rc::clone(&callback);
        server.spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                spawn_local(serve(stream, tls.clone(), Rc::clone(&callback)));
            }
        });
    }
    writeln!(std::io::stdout(), "{}", ports.join(" "))?;
    let mut input = tokio::io::stdin();
    let end = async move {
        let mut byte = [0];
        while input.read(&mut byte).await.is_ok_and(|count| count > 0) {}
    };
    server.run_until(end).await;
    // Exits at once, since a pending read of standard input cannot be cancelled and would keep the process running.
    std::process::exit(0);
}

/// Serves one connection until it ends; errors are ignored.
async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, callback: Shared) {
    let _ = stream.set_nodelay(true);
    let shared = Rc::clone(&callback);
    let service = service_fn(move |request| answer(Rc::clone(&shared), request));
    let Some(tls) = tls else {
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
        return;
    };
    callback.borrow_mut().posts.connections += 1;
    let Ok(stream) = tls.accept(stream).await else { return };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        // API Gateway's limit of concurrent streams.
        let mut builder = http2::Builder::new(SpawnLocal);
        builder.max_concurrent_streams(128);
        let _ = builder.serve_connection(TokioIo::new(stream), service).await;
    } else {
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }
}

/// Runs the streams of an HTTP/2 connection in this thread.
#[derive(Clone, Copy, Debug)]
struct SpawnLocal;

impl<F: Future<Output: 'static> + 'static> Executor<F> for SpawnLocal {
    fn execute(&self, future: F) {
        spawn_local(future);
    }
}

async fn answer(callback: Shared, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let status = match head.method {
        Method::POST => {
            let delay = callback.borrow().manner.delay;
            if delay > 0 {
                tokio::time::sleep(Duration::from_millis(delay)).await;
            }
            let status = callback.borrow_mut().post(head.uri.path());
            match status {
                Some(status) => status,
                None => std::future::pending().await,
            }
        }
        Method::PUT => {
            let manner = serde_json::from_slice(&body).unwrap_or_default();
            let mut callback = callback.borrow_mut();
            (callback.manner, callback.posts) = (manner, Posts::default());
            StatusCode::OK
        }
        Method::GET => {
            let callback = callback.borrow();
            let body = match head.uri.path() {
                "/certificate" => callback.certificate.clone().into_bytes(),
                _ => serde_json::to_vec(&callback.posts).unwrap_or_default(),
            };
            return Ok(Response::new(body.into()));
        }
        // DELETE closes a socket. notify sends one at its start, to open its connection.
        _ => StatusCode::GONE,
    };
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    if status == StatusCode::GONE {
        let gone = hyper::header::HeaderValue::from_static("GoneException");
        response.headers_mut().insert("x-amzn-errortype", gone);
    }
    Ok(response)
}

impl State {
    /// Status with which a post is answered; `None` if it never is.
    fn post(&mut self, path: &str) -> Option<StatusCode> {
        let socket = path.rsplit('/').next().and_then(socket_number);
        let Some(socket) = socket else {
            return Some(StatusCode::BAD_REQUEST);
        };
        let (manner, posts) = (self.manner, &mut self.posts);
        if manner.silent == Some(socket) {
            return None;
        }
        let place = posts.sent + posts.gone + posts.throttled + 1;
        let (count, status) = if divides(manner.gone_every, socket) {
            (&mut posts.gone, StatusCode::GONE)
        } else if divides(manner.throttled_every, place) {
            (&mut posts.throttled, StatusCode::TOO_MANY_REQUESTS)
        } else {
            (&mut posts.sent, StatusCode::OK)
        };
        *count += 1;
        posts.last = now();
        if posts.first == 0.0 {
            posts.first = posts.last;
        }
        Some(status)
    }
}

fn divides(divisor: u64, number: u64) -> bool {
    divisor > 0 && number.is_multiple_of(divisor)
}
