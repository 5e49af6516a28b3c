//! HTTP/1.1 and HTTP/2 as far as a post or a call of DynamoDB needs them.

use crate::{
    endpoint::State,
    faulty_connection::{Fault, FaultyConnection},
};
use bytes::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use std::{io, sync::Arc};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What a request is known by, as the clients of the test name it: the connection ID, the table, or the queue.
pub(crate) fn name_of(path: &str, body: &[u8]) -> String {
    match path.split_once("/@connections/") {
        Some((_, id)) => id.to_owned(),
        None => {
            let body: serde_json::Value = serde_json::from_slice(body).unwrap();
            let name = body["TableName"].as_str().or(body["QueueUrl"].as_str());
            name.unwrap().to_owned()
        }
    }
}

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// With this status and a body; if it is not 200, as a service that has too much to do.
    Status(u16),
    /// With 200 and the length of a body, which never comes.
    HeadAlone,
    /// The same, and then HTTP/2 resets the stream, HTTP/1.1 hangs up.
    Cut,
    /// Not at all: HTTP/2 resets the stream, HTTP/1.1 hangs up.
    None,
}

impl Answer {
    fn status(self) -> u16 {
        match self {
            Answer::Status(status) => status,
            Answer::HeadAlone | Answer::Cut | Answer::None => 200,
        }
    }

    fn error(self) -> Option<&'static str> {
        (self.status() != 200).then_some("ThrottlingException")
    }
}

/// By which the SDK knows an error.
const ERROR: &str = "x-amzn-errortype";
const JSON: &str = "application/x-amz-json-1.0";

/// To the end of the connection, one request after the other.
pub(crate) async fn http1<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    state: &State,
    connection: &FaultyConnection,
) -> io::Result<()> {
    let mut read = Vec::new();
    loop {
        let (head, body) = tokio::select! {
            request = request(&mut stream, &mut read) => request?,
            _ = connection.order() => return stream.shutdown().await,
        };
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let answer = state.answer(&name_of(&path, &body)).await;
        if answer == Answer::None {
            return stream.shutdown().await;
        }
        let status = answer.status();
        let error = answer
            .error()
            .map_or(String::new(), |error| format!("{ERROR}: {error}\r\n"));
        let head = format!("HTTP/1.1 {status} -\r\ncontent-type: {JSON}\r\n{error}content-length: 2\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        stream.flush().await?;
        match answer {
            Answer::Cut => return stream.shutdown().await,
            Answer::HeadAlone => std::future::pending().await,
            Answer::Status(_) | Answer::None => {}
        }
        state.wear_out(connection);
        stream.write_all(b"{}").await?;
        stream.flush().await?;
    }
}

/// The head and the body of the next request.
async fn request<S: AsyncRead + Unpin>(stream: &mut S, read: &mut Vec<u8>) -> io::Result<(String, Vec<u8>)> {
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(read[..end].to_vec()).unwrap();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse::<usize>().unwrap())
            });
            let whole = end + 4 + length.unwrap_or(0);
            if read.len() >= whole {
                let body = read[end + 4..whole].to_vec();
                read.drain(..whole);
                return Ok((head, body));
            }
        }
        let mut more = [0; 4096];
        let count = stream.read(&mut more).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read.extend_from_slice(&more[..count]);
    }
}

/// Serves requests to the end of the connection, up to 128 at once, as AWS does.
pub(crate) async fn http2<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    state: Arc<State>,
    connection: &FaultyConnection,
) -> Result<(), h2::Error> {
    let mut builder = h2::server::Builder::new();
    let mut server = builder.max_concurrent_streams(128).handshake(stream).await?;
    let mut is_ordered = false;
    loop {
        tokio::select! {
            accepted = server.accept() => match accepted {
                Some(accepted) => {
                    let (request, respond) = accepted?;
                    let state = Arc::clone(&state);
                    tokio::spawn(async move { serve(request, respond, &state).await });
                }
                None => return Ok(()),
            },
            fault = connection.order(), if !is_ordered => {
                is_ordered = true;
                match fault {
                    Fault::GoAway => server.graceful_shutdown(),
                    _ => server.abrupt_shutdown(Reason::NO_ERROR),
                }
            }
        }
    }
}

async fn serve(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    state: &State,
) -> Result<(), h2::Error> {
    let (head, mut stream) = request.into_parts();
    let mut body = Vec::new();
    while let Some(chunk) = stream.data().await {
        let chunk = chunk?;
        stream.flow_control().release_capacity(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    let answer = state.answer(&name_of(head.uri.path(), &body)).await;
    if answer == Answer::None {
        respond.send_reset(Reason::INTERNAL_ERROR);
        return Ok(());
    }
    let mut response = http::Response::builder().status(answer.status());
    response = response.header("content-type", JSON);
    if let Some(error) = answer.error() {
        response = response.header(ERROR, error);
    }
    let mut stream = respond.send_response(response.body(()).unwrap(), false)?;
    match answer {
        Answer::Cut => {
            stream.send_reset(Reason::INTERNAL_ERROR);
            return Ok(());
        }
        Answer::HeadAlone => std::future::pending().await,
        Answer::Status(_) | Answer::None => {}
    }
    stream.send_data(Bytes::from_static(b"{}"), true)
}
