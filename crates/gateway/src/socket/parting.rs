//! The closing handshake of RFC 6455: the last messages, the close frame, the client's close frame, the end of TCP.

use std::time::Duration;

use futures_util::stream::SplitStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;

use super::close::{Ending, Goodbye};
use super::stream::{CloseFrame, Stream};
use super::writer::Writer;

/// Parts from a client. Each of the two steps that are up to the client takes no longer than the limit.
pub(super) async fn part(
    mut writer: Writer,
    stream: SplitStream<Stream>,
    client_close: CloseFrame,
    ending: Ending,
    limit: Duration,
) {
    let mut answer = Vec::new();
    let waits_for_answer = match ending {
        Ending::Close(goodbye) => {
            let close = Message::Close(Some(goodbye.frame()));
            matches!(timeout(limit, writer.finish(close)).await, Ok(Ok(())))
        }
        Ending::ClosedByClient(goodbye) if goodbye.code == Goodbye::BAD_GATEWAY && writer.is_idle() => {
            // The library would answer that the code is wrong.
            let _ = Frame::close(Some(goodbye.frame())).format(&mut answer);
            false
        }
        Ending::ClosedByClient(_) | Ending::Cut => {
            // The library has the answer to the client's close frame ready, if there was one.
            let _ = timeout(limit, writer.flush()).await;
            false
        }
    };
    let Some(mut stream) = writer.reunite(stream) else {
        return;
    };
    let stream = stream.get_mut();
    let _ = timeout(limit, stream.write_all(&answer)).await;
    if waits_for_answer {
        // Section 7.1.1: whoever has sent a close frame hangs up when it has received one.
        let _ = timeout(limit, client_close.read_up_to(stream)).await;
    }
    let _ = timeout(limit, hang_up(stream)).await;
}

/// Hangs up first, as a server should, and reads on to the client's own end: with bytes left unread the system would
/// reset the connection, and the client might lose what it has not read yet.
async fn hang_up(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin)) {
    let _ = stream.shutdown().await;
    let mut discarded = [0; 4096];
    while let Ok(1..) = stream.read(&mut discarded).await {}
}
