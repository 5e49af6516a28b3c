//! An `@connections` endpoint that does next to nothing, so that it is the sender that is measured. It prints its port, takes
//! its `Manner` by `PUT /`, tells its `Posts` by `GET /`, and ends when its standard input does.

use bench::{Manner, Posts, now, socket_number};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{cell::RefCell, error::Error, io::Write, rc::Rc};
use tokio::{io::AsyncReadExt, net::TcpListener, task::LocalSet};

#[derive(Default)]
struct Callback {
    manner: Manner,
    posts: Posts,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?.port())?;
    let callback = Rc::new(RefCell::new(Callback::default()));
    let server = LocalSet::new();
    server.spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let callback = Rc::clone(&callback);
            let service = service_fn(move |request| answer(Rc::clone(&callback), request));
            tokio::task::spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    let mut input = tokio::io::stdin();
    let end = async move {
        let mut byte = [0];
        while input.read(&mut byte).await.is_ok_and(|count| count > 0) {}
    };
    server.run_until(end).await;
    // A read of standard input cannot be cancelled, and would keep the process.
    std::process::exit(0);
}

async fn answer(
    callback: Rc<RefCell<Callback>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let status = match head.method {
        Method::POST => {
            let status = callback.borrow_mut().post(head.uri.path());
            match status {
                Some(status) => status,
                None => std::future::pending().await,
            }
        }
        Method::PUT => {
            let manner = serde_json::from_slice(&body).unwrap_or_default();
            *callback.borrow_mut() = Callback {
                manner,
                posts: Posts::default(),
            };
            StatusCode::OK
        }
        Method::GET => {
            let posts = serde_json::to_vec(&callback.borrow().posts).unwrap_or_default();
            return Ok(Response::new(posts.into()));
        }
        // Closing a socket; notify does so at its start, for the sake of the connection.
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

impl Callback {
    /// What to answer to a post; `None` is nothing, ever.
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
