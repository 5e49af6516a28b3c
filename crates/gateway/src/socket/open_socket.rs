//! One open socket: its messages in and out, its time limits, and its end.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use hyper::upgrade::{OnUpgrade, Upgraded};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use super::close::{Ending, Goodbye};
use super::connection::{Connection, Outgoing};
use super::disconnect::disconnect;
use super::sockets::Sockets;
use super::stream::{CloseFrame, Stream};
use super::writer::Writer;
use super::{message, parting};
use crate::activity::Activity;

/// The size of the read buffer. It is small, because each idle socket has one.
const READ_BUFFER: usize = 2 * 1024;
/// How many bytes of pongs may wait for a client that does not read. Of the pings beyond that only the newest is answered
/// (RFC 6455, section 5.5.3).
const PONGS: usize = 16 * 1024;

/// Runs a socket from the upgrade to `$disconnect`.
pub(super) async fn run(
    sockets: Arc<Sockets>,
    connection: Arc<Connection>,
    outgoing: UnboundedReceiver<Outgoing>,
    upgrade: OnUpgrade,
) {
    let ending = match upgrade.await {
        Ok(upgraded) => {
            let socket = OpenSocket::new(&sockets, &connection, outgoing, upgraded);
            socket.await.run().await
        }
        // The client left while `$connect` ran.
        Err(_) => Ending::Cut,
    };
    sockets.open.remove(&connection.peer.connection_id);
    disconnect(&sockets, &connection, ending.goodbye()).await;
}

struct OpenSocket<'a> {
    sockets: &'a Arc<Sockets>,
    connection: &'a Arc<Connection>,
    writer: Writer,
    stream: SplitStream<Stream>,
    client_close: CloseFrame,
    opened_at: Instant,
    /// A message that has been read and waits for its turn. Meanwhile no other is read.
    waiting: Option<Utf8Bytes>,
    /// The turns of this socket's messages.
    turns: Arc<Semaphore>,
}

impl<'a> OpenSocket<'a> {
    async fn new(
        sockets: &'a Arc<Sockets>,
        connection: &'a Arc<Connection>,
        outgoing: UnboundedReceiver<Outgoing>,
        upgraded: Upgraded,
    ) -> OpenSocket<'a> {
        let limits = &sockets.config.limits;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(limits.frame_bytes + PONGS)
            .max_message_size(Some(limits.message_bytes))
            .max_frame_size(Some(limits.frame_bytes));
        let (upgraded, client_close) = CloseFrame::look_for(upgraded);
        let stream = WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await;
        let (sink, stream) = stream.split();
        OpenSocket {
            sockets,
            connection,
            writer: Writer::new(sink, outgoing, limits.frame_bytes),
            stream,
            client_close,
            opened_at: Instant::now(),
            waiting: None,
            turns: Arc::new(Semaphore::new(limits.messages_at_once)),
        }
    }

    /// Runs until the end, and returns how it ended.
    async fn run(mut self) -> Ending {
        let ending = self.exchange().await;
        // From here on a post is answered with 410.
        let id = &self.connection.peer.connection_id;
        self.sockets.open.remove(id);
        if let Ending::Close(goodbye) = &ending {
            self.sockets.feeds.record(Activity::Close {
                connection_id: Arc::clone(id),
                code: goodbye.code,
            });
        }
        let limit = self.sockets.config.limits.closing;
        let parted = parting::part(self.writer, self.stream, self.client_close, ending.clone(), limit);
        // A task of its own, so that `$disconnect` does not wait for a client that does not hang up.
        self.sockets.tasks.spawn(parted);
        ending
    }

    /// Takes messages in and out until the end. A client that does not read holds up nothing but its own messages.
    async fn exchange(&mut self) -> Ending {
        loop {
            let (expires, is_over) = self.expires();
            if is_over {
                return Ending::Close(Goodbye::GOING_AWAY);
            }
            tokio::select! {
                ending = self.connection.ending() => return ending,
                Ok(turn) = Arc::clone(&self.turns).acquire_owned(), if self.waiting.is_some() => self.begin(turn),
                incoming = self.stream.next(), if self.waiting.is_none() => match incoming {
                    Some(Ok(Message::Text(text))) => {
                        self.connection.touch();
                        self.waiting = Some(text);
                    }
                    Some(Ok(Message::Binary(_))) => return Ending::Close(Goodbye::BINARY),
                    Some(Ok(Message::Close(frame))) => {
                        let goodbye = self.client_close.bad_gateway();
                        return Ending::ClosedByClient(goodbye.unwrap_or_else(|| Goodbye::of_client(frame)));
                    }
                    // Whether AWS counts pings as activity is not known.
                    Some(Ok(Message::Ping(_))) => self.writer.pong(),
                    Some(Ok(Message::Pong(_) | Message::Frame(_))) => {}
                    Some(Err(error)) => return Ending::of_error(&error),
                    None => return Ending::Cut,
                },
                written = self.writer.step() => {
                    if written.is_err() {
                        return Ending::Cut;
                    }
                }
                () = sleep_until(expires) => {}
            }
        }
    }

    /// Begins with the message that waits, in a task of its own.
    fn begin(&mut self, turn: OwnedSemaphorePermit) {
        if let Some(text) = self.waiting.take() {
            let (sockets, connection) = (Arc::clone(self.sockets), Arc::clone(self.connection));
            self.sockets
                .tasks
                .spawn(message::handle(sockets, connection, text, turn));
        }
    }

    /// When the limits have to be checked again, and whether the socket has been idle for too long or is too old now.
    fn expires(&self) -> (Instant, bool) {
        let limits = &self.sockets.config.limits;
        let now = Instant::now();
        let remaining = limits
            .idle
            .saturating_sub(self.connection.idle())
            .min(limits.life.saturating_sub(now - self.opened_at));
        (now + remaining, remaining.is_zero())
    }
}
