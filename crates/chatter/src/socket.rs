//! A client's socket: how a terminal opens one, as a browser does.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chatterbox_core::{ChatterId, Login};
use futures_util::{SinkExt, StreamExt};
use std::{
    fmt,
    time::{Duration, SystemTime},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Error, Message, Utf8Bytes,
        client::IntoClientRequest,
        error::ProtocolError,
        http::{HeaderName, HeaderValue, Response, header},
    },
};

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The subprotocol that the server chose.
    pub subprotocol: Option<String>,
}

/// An answer to a handshake that opens nothing.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// What the answer says beside it; perhaps nothing.
    pub words: String,
    /// The server's clock (`Date`), if it says.
    pub date: Option<SystemTime>,
}

impl Refusal {
    fn of(response: &Response<Option<Vec<u8>>>) -> Refusal {
        let date = response.headers().get(header::DATE);
        Refusal {
            status: response.status().as_u16(),
            words: words(response),
            date: date.and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok()),
        }
    }

    /// The words, as they follow a status in a sentence.
    pub fn in_words(&self) -> String {
        if self.words.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.words)
        }
    }
}

/// Why a socket did not open.
#[derive(Debug)]
pub enum NotOpened {
    /// The URL cannot be one.
    Url(String),
    /// The server answered, and not with 101.
    Refused(Refusal),
    /// No answer came: no such name, nobody listens, TLS failed, time was up.
    Unreachable(String),
}

impl fmt::Display for NotOpened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotOpened::Url(why) => write!(f, "this is no URL of a socket: {why}"),
            NotOpened::Refused(refusal) => {
                write!(f, "the handshake was answered {}{}", refusal.status, refusal.in_words())
            }
            NotOpened::Unreachable(why) => write!(f, "the server was not reached: {why}"),
        }
    }
}

/// What came on a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A text message.
    Text(Utf8Bytes),
    /// A frame of another kind, in words.
    Other(String),
    /// The close frame, with its code and reason; `None` if it had neither.
    Close(Option<(u16, String)>),
    /// The connection ended without a close frame, for this reason.
    Broken(String),
}

/// How long a handshake may take: as long as a browser's client gives it.
const HANDSHAKE: Duration = chatterbox_page::timing::HANDSHAKE_TIMEOUT;
/// The most characters of a refusal's body that are shown.
const WORDS: usize = 300;

/// The subprotocols that carry credentials: a browser cannot send them in a header of its own.
pub fn credentials(login: &Login, chatter_id: &ChatterId) -> String {
    let both = format!("{}\0{}", login.as_str(), chatter_id.reveal());
    format!("chatterbox.v1, chatterbox.auth.{}", BASE64_URL_SAFE_NO_PAD.encode(both))
}

impl Socket {
    /// Opens a socket at this URL with these headers.
    ///
    /// # Errors
    /// The status of a refusal, or why there was no answer.
    pub async fn open(url: &str, headers: &[(HeaderName, &str)]) -> Result<Socket, NotOpened> {
        let mut request = url
            .into_client_request()
            .map_err(|error| NotOpened::Url(error.to_string()))?;
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|error| NotOpened::Url(error.to_string()))?;
            request.headers_mut().append(name, value);
        }
        let opened = timeout(HANDSHAKE, connect_async(request)).await;
        match opened {
            Err(_) => Err(NotOpened::Unreachable(format!(
                "no answer within {} s",
                HANDSHAKE.as_secs()
            ))),
            Ok(Err(Error::Http(response))) => Err(NotOpened::Refused(Refusal::of(&response))),
            Ok(Err(Error::Url(error))) => Err(NotOpened::Url(error.to_string())),
            Ok(Err(error)) => Err(NotOpened::Unreachable(error.to_string())),
            Ok(Ok((stream, response))) => Ok(Socket {
                stream,
                subprotocol: response
                    .headers()
                    .get(header::SEC_WEBSOCKET_PROTOCOL)
                    .and_then(|value| Some(value.to_str().ok()?.to_owned())),
            }),
        }
    }

    /// Sends a text. A failure shows as the end of what comes.
    pub async fn send(&mut self, text: &str) {
        let _ = self.stream.send(Message::text(text)).await;
    }

    /// The next frame. Pings are answered.
    pub async fn next(&mut self) -> Frame {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => Frame::Text(text),
            Some(Ok(Message::Binary(bytes))) => Frame::Other(format!("a binary message of {} bytes", bytes.len())),
            Some(Ok(Message::Ping(_))) => Frame::Other("a ping".to_owned()),
            Some(Ok(Message::Pong(_))) => Frame::Other("a pong".to_owned()),
            Some(Ok(Message::Close(frame))) => {
                // What is left is the answer to the close frame, which the library sends while it is asked for more.
                let _ = timeout(Duration::from_secs(1), self.stream.next()).await;
                Frame::Close(frame.map(|frame| (frame.code.into(), frame.reason.to_string())))
            }
            Some(Ok(Message::Frame(_))) => Frame::Other("a frame".to_owned()),
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) | None => {
                Frame::Broken("the connection has ended".to_owned())
            }
            Some(Err(error)) => Frame::Broken(error.to_string()),
        }
    }

    /// Closes the socket with the closing handshake, for which it waits a second.
    pub async fn close(mut self) {
        let _ = self.stream.close(None).await;
        let rest = async { while matches!(self.stream.next().await, Some(Ok(_))) {} };
        let _ = timeout(Duration::from_secs(1), rest).await;
    }
}

/// The words of a refusal: API Gateway's and this repository's gateway say `{"message": …}`.
fn words(response: &Response<Option<Vec<u8>>>) -> String {
    // Where it leads to, without what follows the `?`, which may be a secret.
    let location = response.headers().get(header::LOCATION);
    if let Some(to) = location.and_then(|to| to.to_str().ok()?.split('?').next()) {
        return format!("to {to}");
    }
    let body = response.body().as_deref().unwrap_or_default();
    let json = serde_json::from_slice::<serde_json::Value>(body).ok();
    let message = json.as_ref().and_then(|json| json["message"].as_str());
    let words = message.map_or_else(|| String::from_utf8_lossy(body).into_owned(), ToOwned::to_owned);
    words
        .chars()
        .filter(|character| !character.is_control())
        .take(WORDS)
        .collect()
}
