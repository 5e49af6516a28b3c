//! The writing half of a socket: messages in their order, in frames that are no larger than API Gateway's.

use bytes::Bytes;
use futures_util::SinkExt;
use futures_util::stream::{SplitSink, SplitStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::connection::Outgoing;
use super::stream::Stream;

/// Writes messages to a client.
pub(super) struct Writer {
    sink: SplitSink<Stream, Message>,
    outgoing: UnboundedReceiver<Outgoing>,
    /// The message that is being written. It keeps its room in the buffer until the client's side has taken it.
    writing: Option<Writing>,
    /// Whether the library may hold a pong back for which there was no room.
    owes_pong: bool,
    frame_bytes: usize,
}

struct Writing {
    frames: Frames,
    /// A frame for which there was no room yet.
    unsent: Option<Message>,
    _message: Outgoing,
}

impl Writing {
    fn new(message: Outgoing, frame_bytes: usize) -> Writing {
        Writing {
            frames: Frames::new(message.text.clone().into(), frame_bytes),
            unsent: None,
            _message: message,
        }
    }
}

impl Writer {
    pub(super) fn new(
        sink: SplitSink<Stream, Message>,
        outgoing: UnboundedReceiver<Outgoing>,
        frame_bytes: usize,
    ) -> Writer {
        Writer {
            sink,
            outgoing,
            writing: None,
            owes_pong: false,
            frame_bytes,
        }
    }

    /// The client has pinged. The library has the pong ready, and writes it if it can.
    pub(super) fn pong(&mut self) {
        self.owes_pong = true;
    }

    /// Takes one step: writes a frame of the present message, or waits for the next message. Cancelling it loses
    /// nothing.
    pub(super) async fn step(&mut self) -> Result<(), Error> {
        let Some(writing) = &mut self.writing else {
            if self.owes_pong {
                // The first makes room, and only the second writes a pong that has had none.
                self.sink.flush().await?;
                self.sink.flush().await?;
                self.owes_pong = false;
            }
            match self.outgoing.recv().await {
                Some(message) => self.writing = Some(Writing::new(message, self.frame_bytes)),
                None => std::future::pending().await,
            }
            return Ok(());
        };
        match self.sink.flush().await {
            // Pongs have come between, and take the room.
            Err(Error::WriteBufferFull(frame)) => writing.unsent = Some(*frame),
            Err(error) => return Err(error),
            Ok(()) => match writing.unsent.take().or_else(|| writing.frames.next()) {
                Some(frame) => self.sink.start_send_unpin(frame)?,
                None => self.writing = None,
            },
        }
        Ok(())
    }

    /// Takes no more messages, writes those that it has, and then the close frame.
    pub(super) async fn finish(&mut self, close: Message) -> Result<(), Error> {
        self.outgoing.close();
        while self.writing.is_some() || !self.outgoing.is_empty() {
            self.step().await?;
        }
        // Pongs may have taken the room of the close frame.
        self.sink.flush().await?;
        self.sink.send(close).await
    }

    /// Whether everything has been written, but for what the library itself answers.
    pub(super) fn is_idle(&self) -> bool {
        self.writing.is_none() && !self.owes_pong
    }

    /// Writes what the library itself answers: pongs, and the answer to the client's close frame.
    pub(super) async fn flush(&mut self) -> Result<(), Error> {
        self.sink.flush().await
    }

    /// Puts the two halves together again.
    pub(super) fn reunite(self, stream: SplitStream<Stream>) -> Option<Stream> {
        self.sink.reunite(stream).ok()
    }
}

/// The frames of one text message. A character may be split between two of them: only the whole message has to be UTF-8
/// (RFC 6455, section 5.6).
struct Frames {
    rest: Bytes,
    frame_bytes: usize,
    opcode: Data,
    is_over: bool,
}

impl Frames {
    fn new(text: Bytes, frame_bytes: usize) -> Frames {
        Frames {
            rest: text,
            frame_bytes: frame_bytes.max(1),
            opcode: Data::Text,
            is_over: false,
        }
    }
}

impl Iterator for Frames {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        if self.is_over {
            return None;
        }
        let payload = self.rest.split_to(self.rest.len().min(self.frame_bytes));
        self.is_over = self.rest.is_empty();
        let frame = Frame::message(payload, OpCode::Data(self.opcode), self.is_over);
        self.opcode = Data::Continue;
        Some(Message::Frame(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_in_one_frame_if_it_fits_and_else_in_frames_of_the_largest_size() {
        for (text, expected) in [
            ("", &[("", "TEXT", true)][..]),
            ("abc", &[("abc", "TEXT", true)]),
            ("abcd", &[("abc", "TEXT", false), ("d", "CONTINUE", true)]),
            ("abcdef", &[("abc", "TEXT", false), ("def", "CONTINUE", true)]),
            (
                "abcdefg",
                &[
                    ("abc", "TEXT", false),
                    ("def", "CONTINUE", false),
                    ("g", "CONTINUE", true),
                ],
            ),
        ] {
            let frames: Vec<(String, String, bool)> = Frames::new(text.into(), 3)
                .map(|message| match message {
                    Message::Frame(frame) => (
                        String::from_utf8(frame.payload().to_vec()).unwrap(),
                        frame.header().opcode.to_string(),
                        frame.header().is_final,
                    ),
                    other => panic!("{other:?}"),
                })
                .collect();
            let expected: Vec<(String, String, bool)> = expected
                .iter()
                .map(|(payload, opcode, is_final)| (payload.to_string(), opcode.to_string(), *is_final))
                .collect();
            assert_eq!(frames, expected);
        }
    }
}
