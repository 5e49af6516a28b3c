//! A WebSocket client, as a browser or a testing tool is one.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, handshake::client::Response},
};

/// Long enough for a loaded machine: what takes longer is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The subprotocol that the server chose.
    pub subprotocol: Option<String>,
    n: u64,
}

/// How a socket ended: the close frame's code and reason, or nothing.
pub type Closed = Option<(u16, String)>;

impl Socket {
    /// Opens a socket with these headers, or says with which status it was refused.
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
            Err(error) => panic!("no handshake: {error}"),
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

    /// The next message, as JSON. Control frames are not messages.
    pub async fn hear(&mut self) -> Value {
        loop {
            match timeout(PATIENCE, self.stream.next()).await.expect("nothing was heard") {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("not a text: {other:?}"),
            }
        }
    }

    /// The next message of this type; those before it are not looked at.
    pub async fn hear_a(&mut self, kind: &str) -> Value {
        loop {
            let message = self.hear().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Asks what was missed since `cursor`, and hears the reply.
    pub async fn sync(&mut self, login: &str, cursor: &Value) -> Value {
        self.n += 1;
        self.say(serde_json::json!({"action": "sync", "login": login, "cursor": cursor, "n": self.n}).to_string())
            .await;
        let reply = self.hear_a("sync").await;
        assert_eq!(reply["n"], self.n);
        reply
    }

    /// Says `ping` and hears that nothing but `pong` has come: whatever was sent before has been worked off.
    pub async fn is_quiet(&mut self) {
        self.say(r#"{"action":"ping"}"#).await;
        assert_eq!(self.hear().await, serde_json::json!({"type": "pong"}));
    }

    /// Waits for the end; messages that come before it are not looked at.
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

    /// Says goodbye properly.
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
