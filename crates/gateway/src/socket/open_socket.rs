//! One open socket: its messages in and out, its times, and its end.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use super::stream::Watched;
use super::writer::Writer;
use super::{event, message, parting};
use crate::activity::{Activity, Kind};
use crate::api::Api;
use crate::socket::close::Goodbye;
use crate::socket::connection::{Connection, Outgoing};

/// Small, because there is one in each idle socket.
const READ_BUFFER: usize = 2 * 1024;

pub(super) type Stream = WebSocketStream<Watched<TokioIo<Upgraded>>>;

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
        let _ = api.integrate("$disconnect", route, event).await;
    }
}

struct Socket<'a> {
    api: &'a Arc<Api>,
    connection: &'a Arc<Connection>,
    writer: Writer,
    stream: SplitStream<Stream>,
    born: Instant,
}

/// Why a socket ends, and what `$disconnect` is told of it.
#[derive(Debug, Clone)]
pub(super) enum End {
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
        let upgraded = Watched::new(TokioIo::new(upgraded));
        let stream = WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await;
        let (sink, stream) = stream.split();
        Socket {
            api,
            connection,
            writer: Writer::new(sink, outgoing, limits.frame_bytes),
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
        let (End::Ours(goodbye) | End::Theirs(goodbye)) = end.clone();
        if let End::Ours(_) = end {
            self.api
                .feeds
                .record(Activity::new(Kind::Close).connection(id).status(goodbye.code));
        }
        // `$disconnect` does not wait for a client that does not hang up.
        let parted = parting::part(self.writer, self.stream, end, self.api.config.limits.closing);
        self.api.sockets.spawn(parted);
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
                written = self.writer.step() => {
                    if written.is_err() {
                        return End::Theirs(Goodbye::DIED);
                    }
                }
                () = sleep_until(expires) => {}
            }
        }
    }

    /// When the socket has to be looked at again, and whether it has been idle for too long or is too old by now.
    fn expires(&self) -> (Instant, bool) {
        let limits = &self.api.config.limits;
        let now = Instant::now();
        let remaining = limits
            .idle
            .saturating_sub(self.connection.idle())
            .min(limits.life.saturating_sub(now - self.born));
        (now + remaining, remaining.is_zero())
    }
}
