//! WebSocket client for the tests, in the place of a browser or of a testing tool.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, handshake::client::Response},
};

/// Longest wait for anything, generous enough for a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The subprotocol that the server chose.
    pub subprotocol: Option<String>,
    n: u64,
}

/// End of a socket: the close frame's code and reason, or `None` if there was no close frame or it was empty.
pub type Closed = Option<(u16, String)>;

impl Socket {
    /// Opens a socket with these headers.
    ///
    /// # Errors
    /// The HTTP status with which the handshake was refused.
    pub async fn open(url: &str, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        match timeout(PATIENCE, connect_async(request))
            .await
            .expect("the handshake takes too long")
        {
            Ok((stream, response)) => Ok(Socket {
                stream,
                subprotocol: chosen(&response),
                n: 0,
            }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("the handshake failed: {error}"),
        }
    }

    /// Sends a frame of any kind.
    pub async fn send(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// Sends a text.
    pub async fn say(&mut self, text: impl Into<String>) {
        self.send(Message::text(text.into())).await;
    }

    /// The next message, as JSON. Control frames are skipped.
    pub async fn hear(&mut self) -> Value {
        loop {
            match timeout(PATIENCE, self.stream.next())
                .await
                .expect("no message came in time")
            {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a text message, got {other:?}"),
            }
        }
    }

    /// The next message's text; `None` if the socket has ended.
    pub(crate) async fn next_text(&mut self) -> Option<String> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }

    /// The next message of this type; messages before it are skipped.
    pub async fn hear_a(&mut self, kind: &str) -> Value {
        loop {
            let message = self.hear().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Sends a sync with this cursor, and returns its reply.
    pub async fn sync(&mut self, login: &str, cursor: &Value) -> Value {
        self.n += 1;
        self.say(serde_json::json!({"action": "sync", "login": login, "cursor": cursor, "n": self.n}).to_string())
            .await;
        let reply = self.hear_a("sync").await;
        assert_eq!(reply["n"], self.n);
        reply
    }

    /// Asserts that no message is waiting: sends `ping`, and expects `pong` as the next message.
    pub async fn is_quiet(&mut self) {
        self.say(r#"{"action":"ping"}"#).await;
        assert_eq!(self.hear().await, serde_json::json!({"type": "pong"}));
    }

    /// Waits for the socket's end; messages before it are skipped.
    pub async fn end(mut self) -> Closed {
        let end = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Close(frame))) => {
                        return frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        };
        timeout(PATIENCE, end).await.expect("the socket does not end")
    }

    /// Closes the socket with the closing handshake.
    pub async fn close(mut self) {
        self.stream.close(None).await.unwrap();
        self.end().await;
    }
}

fn chosen(response: &Response) -> Option<String> {
    response
        .headers()
        .get("sec-websocket-protocol")
        .map(|value| value.to_str().unwrap().to_owned())
}
