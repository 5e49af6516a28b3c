//! The browsers' ends of many sockets, in this process, each with as little memory as possible.

use crate::Fallible;
use futures_util::{SinkExt, StreamExt, stream};
use std::time::{Duration, Instant};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

/// An open socket.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Longest time for a socket to open, or for a message to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// Opens a socket; the URL is `ws://HOST:PORT/…`.
pub(crate) async fn open(url: &str) -> Fallible<Socket> {
    let address = url.trim_start_matches("ws://").split('/').next().unwrap_or_default();
    let opened = timeout(PATIENCE, async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        // Ten thousand sockets with the usual buffer of 128 KB would not fit into memory.
        let small = WebSocketConfig::default().read_buffer_size(1024).write_buffer_size(0);
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(client_async_with_config(url, stream, Some(small)).await?)
    });
    let (socket, _) = opened.await.map_err(|_| "a handshake takes too long")??;
    Ok(socket)
}

/// Opens `count` sockets, several at a time.
pub(crate) async fn open_many(url: &str, count: usize, at_once: usize) -> Fallible<Vec<Socket>> {
    let opening = stream::iter(0..count).map(|_| open(url)).buffer_unordered(at_once);
    let sockets: Vec<Fallible<Socket>> = opening.collect().await;
    sockets.into_iter().collect()
}

/// Sends a text and receives the answer. Returns the time between.
pub(crate) async fn ask(socket: &mut Socket, text: &str) -> Fallible<(String, Duration)> {
    let start = Instant::now();
    socket.send(Message::text(text)).await?;
    let answer = hear(socket).await?;
    Ok((answer, start.elapsed()))
}

/// Receives the next text, within the time limit.
async fn hear(socket: &mut Socket) -> Fallible<String> {
    timeout(PATIENCE, hear_some_time(socket))
        .await
        .map_err(|_| "nothing is heard")?
}

/// Receives the next text, without a time limit.
pub(crate) async fn hear_some_time(socket: &mut Socket) -> Fallible<String> {
    let message = socket.next().await.ok_or("a socket has ended")??;
    Ok(message.into_text()?.to_string())
}
