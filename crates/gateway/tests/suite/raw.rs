//! A strict client that sees every byte. It writes frames by hand, and tells a clean end of TCP from a reset.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::*;

/// What such a client can receive.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A frame: its first byte (FIN and opcode) and its payload.
    Frame(u8, Vec<u8>),
    /// The gateway has hung up, in good order.
    End,
    /// The gateway has reset the connection.
    Reset,
}

pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
}

impl Raw {
    /// Opens a socket at a path such as `/dev`. Header names are written as they are given.
    pub(crate) async fn open(world: &World, path: &str, headers: &str) -> Raw {
        let (raw, head) = Raw::handshake(world, path, headers).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        raw
    }

    /// Opens a socket on a connection that there is already.
    pub(crate) async fn open_on(stream: TcpStream, world: &World) -> Raw {
        let mut raw = Raw { stream };
        raw.send_bytes(opening(world, "/dev", "").as_bytes()).await;
        let head = raw.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        raw
    }

    /// The head of the answer to a handshake.
    pub(crate) async fn handshake(world: &World, path: &str, headers: &str) -> (Raw, String) {
        Raw::request(world.address, &opening(world, path, headers)).await
    }

    /// The head of the answer to a request.
    pub(crate) async fn request(address: SocketAddr, request: &str) -> (Raw, String) {
        let mut stream = within(TcpStream::connect(address)).await.unwrap();
        within(stream.write_all(request.as_bytes())).await.unwrap();
        let mut raw = Raw { stream };
        let head = raw.head().await;
        (raw, head)
    }

    /// The head of the next answer.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(within(self.stream.read_u8()).await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    /// Sends a frame, masked with zeros.
    pub(crate) async fn send(&mut self, first: u8, payload: &[u8]) {
        self.send_bytes(&masked(first, payload)).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        within(self.stream.write_all(bytes)).await.unwrap();
    }

    pub(crate) async fn see(&mut self) -> Seen {
        within(self.next()).await
    }

    /// Asserts that nothing comes for a while: no frame, and not the end either.
    pub(crate) async fn see_nothing(&mut self) {
        let seen = tokio::time::timeout(Duration::from_millis(300), self.next()).await;
        assert!(seen.is_err(), "the client has not answered, and sees {seen:?}");
    }

    /// The code and the reason of the next close frame. Frames before it are skipped.
    pub(crate) async fn see_close(&mut self) -> (u16, String) {
        loop {
            match self.see().await {
                Seen::Frame(0x88, payload) => {
                    let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                    let reason = payload.get(2..).unwrap_or_default().to_vec();
                    return (code, String::from_utf8(reason).unwrap());
                }
                Seen::Frame(..) => {}
                end => panic!("no close frame but {end:?}"),
            }
        }
    }

    async fn next(&mut self) -> Seen {
        match self.frame().await {
            Ok(Some(seen)) => seen,
            Ok(None) => Seen::End,
            Err(_) => Seen::Reset,
        }
    }

    /// `None` at the end of TCP. The end in the middle of a frame is an error, like a reset.
    async fn frame(&mut self) -> std::io::Result<Option<Seen>> {
        let mut first = [0];
        if self.stream.read(&mut first).await? == 0 {
            return Ok(None);
        }
        let length = match self.stream.read_u8().await? {
            126 => self.stream.read_u16().await?.into(),
            127 => self.stream.read_u64().await?,
            length => length.into(),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut payload).await?;
        Ok(Some(Seen::Frame(first[0], payload)))
    }
}

/// A request for a socket.
fn opening(world: &World, path: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n",
        world.address
    )
}

/// A frame as a client has to send it, masked with zeros, which changes nothing.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length @ 126..65536 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// The payload of a close frame.
pub(crate) fn goodbye(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes()[..], reason.as_bytes()].concat()
}
