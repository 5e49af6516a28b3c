//! One open socket: its messages in and out, its times, and its end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use crate::activity::{Activity, Kind};
use crate::api::Api;
use crate::close::Goodbye;
use crate::connection::{Connection, Outgoing};
use crate::{clock, event, message};

/// How long a client may take to read its last messages and the close frame, and to hang up.
const PARTING: Duration = Duration::from_secs(2);
/// Small, because there is one in each idle socket.
const READ_BUFFER: usize = 2 * 1024;

type Stream = WebSocketStream<TokioIo<Upgraded>>;

/// Looks after a socket from the upgrade to `$disconnect`.
pub(crate) async fn run(
    api: Arc<Api>,
    connection: Arc<Connection>,
    outgoing: UnboundedReceiver<Outgoing>,
    upgrade: OnUpgrade,
) {
    let goodbye = match upgrade.await {
        Ok(upgraded) => Socket::new(&api, &connection, outgoing, upgraded).await.run().await,
        // The client left while `$connect` ran.
        Err(_) => Goodbye::DIED,
    };
    api.connections.remove(&connection.peer.connection_id);
    disconnected(&api, &connection, &goodbye).await;
}

/// Tells `$disconnect`. What it answers interests nobody.
pub(crate) async fn disconnected(api: &Api, connection: &Connection, goodbye: &Goodbye) {
    let done = Activity::new(Kind::Disconnect).connection(&connection.peer.connection_id);
    api.feeds.record(done.status(goodbye.code));
    if let Some(route) = api.config.routes.get("$disconnect") {
        let event = event::disconnect(&api.config, &connection.peer, goodbye);
        let _ = api.integrate(route, event).await;
    }
}

struct Socket<'a> {
    api: &'a Arc<Api>,
    connection: &'a Arc<Connection>,
    outgoing: UnboundedReceiver<Outgoing>,
    /// The message that is being written. It keeps its room in the buffer until the client's side has taken it.
    writing: Option<Outgoing>,
    sink: SplitSink<Stream, Message>,
    stream: SplitStream<Stream>,
    born: Instant,
}

/// Why a socket ends.
enum End {
    /// The gateway closes it.
    Ours(Goodbye),
    /// The client has said goodbye or is gone, or a fault has cut it off.
    Theirs(Goodbye),
}

impl<'a> Socket<'a> {
    async fn new(
        api: &'a Arc<Api>,
        connection: &'a Arc<Connection>,
        outgoing: UnboundedReceiver<Outgoing>,
        upgraded: Upgraded,
    ) -> Socket<'a> {
        let limits = &api.config.limits;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(limits.message_bytes))
            .max_frame_size(Some(limits.frame_bytes));
        let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        let (sink, stream) = stream.split();
        Socket {
            api,
            connection,
            outgoing,
            writing: None,
            sink,
            stream,
            born: Instant::now(),
        }
    }

    /// Runs until the end, and says how `$disconnect` is to be told of it.
    async fn run(mut self) -> Goodbye {
        let end = self.open().await;
        // From here on a post is answered with 410.
        let id = &self.connection.peer.connection_id;
        self.api.connections.remove(id);
        let (goodbye, close) = match end {
            End::Theirs(goodbye) => (goodbye, None),
            End::Ours(goodbye) => {
                self.api
                    .feeds
                    .record(Activity::new(Kind::Close).connection(id).status(goodbye.code));
                let close = Message::Close(Some(goodbye.frame()));
                (goodbye, Some(close))
            }
        };
        // `$disconnect` does not wait for a client that does not hang up.
        let parted = part(self.sink, self.stream, self.outgoing, close);
        self.api.sockets.spawn(async { timeout(PARTING, parted).await });
        goodbye
    }

    /// Messages in and out. A client that does not read holds up nothing but its own messages.
    async fn open(&mut self) -> End {
        loop {
            let (expires, is_over) = self.expires();
            if is_over {
                return End::Ours(Goodbye::GOING_AWAY);
            }
            tokio::select! {
                goodbye = self.connection.closing() => {
                    return if goodbye == Goodbye::DIED { End::Theirs(goodbye) } else { End::Ours(goodbye) };
                }
                incoming = self.stream.next() => match incoming {
                    Some(Ok(Message::Text(text))) => {
                        self.connection.touch();
                        let message = message::handle(Arc::clone(self.api), Arc::clone(self.connection), text);
                        self.api.sockets.spawn(message);
                    }
                    Some(Ok(Message::Binary(_))) => return End::Ours(Goodbye::BINARY),
                    Some(Ok(Message::Close(frame))) => return End::Theirs(Goodbye::of_client(frame)),
                    // Pings are answered by the library; whether AWS counts them as activity is not known.
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Goodbye::of_error(&error).map_or(End::Theirs(Goodbye::DIED), End::Ours),
                    None => return End::Theirs(Goodbye::DIED),
                },
                Some(outgoing) = self.outgoing.recv(), if self.writing.is_none() => {
                    if self.sink.start_send_unpin(Message::Text(outgoing.text.clone())).is_err() {
                        return End::Theirs(Goodbye::DIED);
                    }
                    self.writing = Some(outgoing);
                }
                flushed = self.sink.flush(), if self.writing.is_some() => {
                    if flushed.is_err() {
                        return End::Theirs(Goodbye::DIED);
                    }
                    self.writing = None;
                }
                () = sleep_until(expires) => {}
            }
        }
    }

    /// When the socket has to be looked at again, and whether it has been idle for too long or is too old by now.
    fn expires(&self) -> (Instant, bool) {
        let limits = &self.api.config.limits;
        let now = Instant::now();
        let idle = Duration::from_millis(clock::now_ms().saturating_sub(self.connection.last_active()));
        let remaining = limits
            .idle
            .saturating_sub(idle)
            .min(limits.life.saturating_sub(now - self.born));
        (now + remaining, remaining.is_zero())
    }
}

/// Writes what is still to be written, then hangs up, and reads on to the client's own end: to hang up on unread bytes
/// would be a reset, which can swallow the close frame.
async fn part(
    mut sink: SplitSink<Stream, Message>,
    stream: SplitStream<Stream>,
    mut outgoing: UnboundedReceiver<Outgoing>,
    close: Option<Message>,
) {
    if let Some(close) = close {
        let _ = sink.flush().await;
        outgoing.close();
        while let Some(message) = outgoing.recv().await {
            let _ = sink.send(Message::Text(message.text)).await;
        }
        let _ = sink.send(close).await;
    }
    let _ = sink.flush().await;
    let Ok(mut stream) = sink.reunite(stream) else { return };
    let stream = stream.get_mut();
    let _ = stream.shutdown().await;
    let mut rest = [0; 1024];
    while let Ok(1..) = stream.read(&mut rest).await {}
}
