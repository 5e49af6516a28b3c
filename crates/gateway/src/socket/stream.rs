//! The stream under a WebSocket, in which the client's close frame is looked for. After a frame that breaks a rule the
//! WebSocket library reads no further, but the client may still answer our close frame in what follows.

use std::sync::{Arc, OnceLock};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;
use tokio_tungstenite::WebSocketStream;
use tokio_util::io::InspectReader;

use super::close::Goodbye;

/// A WebSocket over a stream that is inspected.
pub(super) type Stream = WebSocketStream<Inspected>;

type Inspected = InspectReader<TokioIo<Upgraded>, Box<dyn FnMut(&[u8]) + Send>>;

/// The payload of the client's close frame, once that has been read from a stream.
#[derive(Debug, Clone)]
pub(super) struct CloseFrame(Arc<OnceLock<Vec<u8>>>);

impl CloseFrame {
    /// A stream in which the client's close frame is looked for.
    pub(super) fn look_for(upgraded: Upgraded) -> (Inspected, CloseFrame) {
        let found = Arc::new(OnceLock::new());
        let close_frame = CloseFrame(Arc::clone(&found));
        let mut frames = Frames::default();
        let inspect = move |bytes: &[u8]| {
            frames.read(bytes);
            if frames.has_close {
                let _ = found.set(std::mem::take(&mut frames.close));
            }
        };
        (
            InspectReader::new(TokioIo::new(upgraded), Box::new(inspect)),
            close_frame,
        )
    }

    /// What a close frame with [`Goodbye::BAD_GATEWAY`] says. The library takes the code for a fault.
    pub(super) fn bad_gateway(&self) -> Option<Goodbye> {
        let (code, reason) = self.0.get()?.split_first_chunk()?;
        let is_bad_gateway = u16::from_be_bytes(*code) == Goodbye::BAD_GATEWAY;
        is_bad_gateway.then(|| Goodbye {
            code: Goodbye::BAD_GATEWAY,
            reason: String::from_utf8_lossy(reason).into_owned().into(),
        })
    }

    /// Reads, and discards, up to and with the client's close frame, or to the stream's end.
    pub(super) async fn read_up_to(&self, stream: &mut Inspected) {
        let mut discarded = [0; 4096];
        while self.0.get().is_none() {
            if !matches!(stream.read(&mut discarded).await, Ok(1..)) {
                return;
            }
        }
    }
}

/// The position in the client's frames (RFC 6455, section 5.2). Only lengths and opcodes are read, so frames that break
/// any other rule are no obstacle.
#[derive(Debug, Default)]
struct Frames {
    header: [u8; Frames::LONGEST_HEADER],
    /// How many bytes of the header have been read.
    known: usize,
    /// How many bytes of the payload are still to be read.
    rest: u64,
    /// Whether a close frame has been read to its end. What follows it is ignored.
    has_close: bool,
    /// The payload of the close frame, without its mask.
    close: Vec<u8>,
}

impl Frames {
    /// Two bytes, a length of eight, a mask of four.
    const LONGEST_HEADER: usize = 14;
    const OPCODE: u8 = 0x0f;
    const CLOSE: u8 = 0x08;
    const MASKED: u8 = 0x80;
    /// The longest payload of a control frame (RFC 6455, section 5.5).
    const LONGEST_CONTROL: usize = 125;

    fn read(&mut self, mut bytes: &[u8]) {
        while !self.has_close && !bytes.is_empty() {
            if self.rest > 0 {
                let skipped = usize::try_from(self.rest).map_or(bytes.len(), |rest| rest.min(bytes.len()));
                self.keep_close(&bytes[..skipped]);
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

    fn is_close(&self) -> bool {
        self.header[0] & Self::OPCODE == Self::CLOSE
    }

    /// Keeps bytes of the payload if the frame is a close frame.
    fn keep_close(&mut self, bytes: &[u8]) {
        if !self.is_close() {
            return;
        }
        let mask = match self.header[1] & Self::MASKED {
            0 => [0; 4],
            _ => *self.header[..self.known].last_chunk().unwrap_or(&[0; 4]),
        };
        let room = Self::LONGEST_CONTROL - self.close.len();
        for byte in bytes.iter().take(room) {
            self.close.push(byte ^ mask[self.close.len() % mask.len()]);
        }
    }

    fn end_of_frame(&mut self) {
        self.has_close = self.is_close();
        self.known = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The close frame has to be found at the last byte and not before, however the bytes are cut into pieces.
    fn assert_close_frame_is_last(bytes: &[u8]) {
        for size in 1..=bytes.len() {
            let mut frames = Frames::default();
            let last = (bytes.len() - 1) / size;
            for (index, piece) in bytes.chunks(size).enumerate() {
                assert!(!frames.has_close, "{size} {index}");
                frames.read(piece);
                assert_eq!(frames.has_close, index == last, "{size} {index}");
            }
        }
    }

    #[test]
    fn the_payload_of_a_close_frame_is_kept_without_its_mask() {
        let payload: Vec<u8> = (0..200).collect();
        let mask = [1, 2, 3, 4];
        let masked: Vec<u8> = payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask)
            .collect();
        for (bytes, expected) in [
            (frame(0x88, &[0x80], &mask, b""), &payload[..0]),
            (frame(0x88, &[0x80 | 5], &mask, &masked[..5]), &payload[..5]),
            (frame(0x88, &[5], b"", &payload[..5]), &payload[..5]),
            (frame(0x88, &[0x80 | 126, 0, 200], &mask, &masked), &payload[..125]),
        ] {
            for size in 1..=bytes.len() {
                let mut frames = Frames::default();
                frames.read(&frame(0x81, &[0x80 | 1], &mask, b"x"));
                bytes.chunks(size).for_each(|piece| frames.read(piece));
                assert_eq!(frames.close, expected, "{size}");
            }
        }
    }

    fn frame(first: u8, length: &[u8], mask: &[u8], payload: &[u8]) -> Vec<u8> {
        [&[first][..], length, mask, payload].concat()
    }

    #[test]
    fn a_close_frame_is_found_behind_any_frames() {
        let mask = &[1, 2, 3, 4];
        let close = frame(0x88, &[0x80 | 2], mask, &[0x02, 0xea]);
        for before in [
            Vec::new(),
            frame(0x81, &[0x80], mask, b""),
            frame(0x01, &[0x80 | 1], mask, b"\x88"),
            frame(0x82, &[0x80 | 126, 1, 0], mask, &[0x88; 256]),
            frame(0x81, &[0x80 | 127, 0, 0, 0, 0, 0, 0, 1, 1], mask, &[0x88; 257]),
            frame(0xf3, &[3], b"", b"\x88\x88\x88"),
        ] {
            assert_close_frame_is_last(&[before, close.clone()].concat());
        }
        assert_close_frame_is_last(&frame(0x88, &[0x80], mask, b""));
        assert_close_frame_is_last(&frame(0x88, &[0], b"", b""));
        assert_close_frame_is_last(&frame(0x08, &[0x80 | 125], mask, &[b'r'; 125]));
    }

    #[test]
    fn bytes_after_a_close_frame_are_ignored_and_an_endless_frame_hides_all_others() {
        let mut frames = Frames::default();
        frames.read(&frame(0x88, &[0x80], &[0; 4], &[0xff; 100]));
        assert!(frames.has_close);
        let mut frames = Frames::default();
        frames.read(&frame(0x81, &[0xff; 9], &[0; 4], &[0x88; 100]));
        frames.read(&[0x88; 1000]);
        assert!(!frames.has_close);
    }
}
