//! Upper bound: posts over plain HTTP connections, as fast as one thread can, without signatures, retries and tables.
//! The event is `{"address": "127.0.0.1:1", "sockets": 10000, "connections": 64, "body": "…"}`.

use bench::connection_id;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{cell::Cell, ops::Range};
use tokio::net::TcpStream;

#[derive(Deserialize)]
struct Event {
    address: String,
    sockets: u64,
    connections: usize,
    body: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Event>| {
        post_all(event.payload).await
    }))
    .await
}

async fn post_all(event: Event) -> Result<Value, Error> {
    let left = Cell::new(0..event.sockets);
    let body = Bytes::from(event.body);
    let posts = (0..event.connections).map(|_| post_some(&event.address, &left, &body));
    futures_util::future::try_join_all(posts).await?;
    Ok(json!({"sent": event.sockets}))
}

/// Posts over one connection until every socket was taken by one of the connections.
async fn post_some(address: &str, left: &Cell<Range<u64>>, body: &Bytes) -> Result<(), Error> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    while let Some(socket) = take(left) {
        let path = format!("/dev/@connections/{}", connection_id(socket).replace('=', "%3D"));
        let request = Request::post(path)
            .header(HOST, address)
            .body(Full::new(body.clone()))?;
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        if !response.status().is_success() {
            return Err(format!("a post was answered with {}", response.status()).into());
        }
        response.into_body().collect().await?;
    }
    Ok(())
}

fn take(left: &Cell<Range<u64>>) -> Option<u64> {
    let mut range = left.take();
    let next = range.next();
    left.set(range);
    next
}
