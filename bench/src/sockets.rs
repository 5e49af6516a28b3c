//! The browsers' end: many sockets in this process, each as small as it can be.

use crate::Outcome;
use futures_util::{SinkExt, StreamExt, stream};
use std::time::{Duration, Instant};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

/// An open socket.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// How long one socket may take to open, or to hear something.
const PATIENCE: Duration = Duration::from_secs(60);

/// Opens a socket; the URL is `ws://HOST:PORT/…`.
pub(crate) async fn open(url: &str) -> Outcome<Socket> {
    let address = url.trim_start_matches("ws://").split('/').next().unwrap_or_default();
    let opened = timeout(PATIENCE, async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        // Ten thousand of the usual 128 KB would not fit.
        let small = WebSocketConfig::default().read_buffer_size(1024).write_buffer_size(0);
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(client_async_with_config(url, stream, Some(small)).await?)
    });
    let (socket, _) = opened.await.map_err(|_| "a handshake takes too long")??;
    Ok(socket)
}

/// Opens so many sockets, some at a time.
pub(crate) async fn open_many(url: &str, count: usize, at_once: usize) -> Outcome<Vec<Socket>> {
    let opening = stream::iter(0..count).map(|_| open(url)).buffer_unordered(at_once);
    let sockets: Vec<Outcome<Socket>> = opening.collect().await;
    sockets.into_iter().collect()
}

/// Says something and hears the answer; how long that takes.
pub(crate) async fn ask(socket: &mut Socket, text: &str) -> Outcome<(String, Duration)> {
    let start = Instant::now();
    socket.send(Message::text(text)).await?;
    let answer = hear(socket).await?;
    Ok((answer, start.elapsed()))
}

/// Hears the next text, soon.
async fn hear(socket: &mut Socket) -> Outcome<String> {
    timeout(PATIENCE, hear_some_time(socket))
        .await
        .map_err(|_| "nothing is heard")?
}

/// Hears the next text, whenever it comes.
pub(crate) async fn hear_some_time(socket: &mut Socket) -> Outcome<String> {
    let message = socket.next().await.ok_or("a socket has ended")??;
    Ok(message.into_text()?.to_string())
}
