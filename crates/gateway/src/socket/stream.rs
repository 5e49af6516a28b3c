//! The stream under a WebSocket, watched for the client's close frame. After a frame that breaks a rule the WebSocket
//! library reads no further; the client may have its answer to our close frame in what follows all the same.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// A stream that knows whether the client's close frame has been read from it.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    frames: Frames,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S) -> Watched<S> {
        Watched {
            stream,
            frames: Frames::default(),
        }
    }
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Reads, and discards, up to and with the client's close frame, or to its end.
    pub(super) async fn read_to_goodbye(&mut self) {
        let mut discarded = [0; 4096];
        while !self.frames.has_goodbye() {
            if !matches!(self.read(&mut discarded).await, Ok(1..)) {
                return;
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.frames.read(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Where in the client's frames the stream has come to (RFC 6455, 5.2). It reads lengths and opcodes only, so it finds its
/// way through any frames, whatever other rules they break.
#[derive(Debug, Default)]
struct Frames {
    header: [u8; Frames::LONGEST_HEADER],
    /// How many bytes of the header there are.
    known: usize,
    /// How many bytes of the payload are still to come.
    rest: u64,
    /// Whether a close frame has been read to its end. What follows it is of no interest.
    has_goodbye: bool,
}

impl Frames {
    /// Two bytes, a length of eight, a mask of four.
    const LONGEST_HEADER: usize = 14;
    const OPCODE: u8 = 0x0f;
    const CLOSE: u8 = 0x08;
    const MASKED: u8 = 0x80;

    fn has_goodbye(&self) -> bool {
        self.has_goodbye
    }

    fn read(&mut self, mut bytes: &[u8]) {
        while !self.has_goodbye && !bytes.is_empty() {
            if self.rest > 0 {
                let skipped = usize::try_from(self.rest).map_or(bytes.len(), |rest| rest.min(bytes.len()));
                bytes = &bytes[skipped..];
                self.rest -= skipped as u64;
                if self.rest == 0 {
                    self.end_of_frame();
                }
            } else {
                self.header[self.known] = bytes[0];
                self.known += 1;
                bytes = &bytes[1..];
                if let Some(length) = self.payload_length() {
                    self.rest = length;
                    if length == 0 {
                        self.end_of_frame();
                    }
                }
            }
        }
    }

    /// `None` while the header is not complete.
    fn payload_length(&self) -> Option<u64> {
        let header = &self.header[..self.known];
        let second = *header.get(1)?;
        let (length, mask_at) = match second & !Self::MASKED {
            126 => (u16::from_be_bytes(*header.get(2..)?.first_chunk()?).into(), 4),
            127 => (u64::from_be_bytes(*header.get(2..)?.first_chunk()?), 10),
            length => (length.into(), 2),
        };
        let ends_at = if second & Self::MASKED == 0 {
            mask_at
        } else {
            mask_at + 4
        };
        (self.known >= ends_at).then_some(length)
    }

    fn end_of_frame(&mut self) {
        self.has_goodbye = self.header[0] & Self::OPCODE == Self::CLOSE;
        self.known = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the goodbye is known after the last byte, and not before; however the bytes are cut into pieces.
    fn assert_goodbye_is_last(bytes: &[u8]) {
        for size in 1..=bytes.len() {
            let mut frames = Frames::default();
            let last = (bytes.len() - 1) / size;
            for (index, piece) in bytes.chunks(size).enumerate() {
                assert!(!frames.has_goodbye(), "{size} {index}");
                frames.read(piece);
                assert_eq!(frames.has_goodbye(), index == last, "{size} {index}");
            }
        }
    }

    fn frame(first: u8, length: &[u8], mask: &[u8], payload: &[u8]) -> Vec<u8> {
        [&[first][..], length, mask, payload].concat()
    }

    #[test]
    fn a_goodbye_is_found_behind_any_frames() {
        let mask = &[1, 2, 3, 4];
        let goodbye = frame(0x88, &[0x80 | 2], mask, &[0x02, 0xea]);
        for before in [
            Vec::new(),
            frame(0x81, &[0x80], mask, b""),
            frame(0x01, &[0x80 | 1], mask, b"\x88"),
            frame(0x82, &[0x80 | 126, 1, 0], mask, &[0x88; 256]),
            frame(0x81, &[0x80 | 127, 0, 0, 0, 0, 0, 0, 1, 1], mask, &[0x88; 257]),
            frame(0xf3, &[3], b"", b"\x88\x88\x88"),
        ] {
            assert_goodbye_is_last(&[before, goodbye.clone()].concat());
        }
        assert_goodbye_is_last(&frame(0x88, &[0x80], mask, b""));
        assert_goodbye_is_last(&frame(0x88, &[0], b"", b""));
        assert_goodbye_is_last(&frame(0x08, &[0x80 | 125], mask, &[b'r'; 125]));
    }

    #[test]
    fn what_follows_a_goodbye_and_a_length_without_end_are_no_trouble() {
        let mut frames = Frames::default();
        frames.read(&frame(0x88, &[0x80], &[0; 4], &[0xff; 100]));
        assert!(frames.has_goodbye());
        let mut frames = Frames::default();
        frames.read(&frame(0x81, &[0xff; 9], &[0; 4], &[0x88; 100]));
        frames.read(&[0x88; 1000]);
        assert!(!frames.has_goodbye());
    }
}
