//! The handshake: a client's request for a socket, `$connect`, and the opening.
//!
//! It has two handlers, one inside the other: [`handshake`] checks the request and opens the socket, [`connect`] asks
//! `$connect` in between. What stands between the two can refuse or delay a handshake.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    CONNECTION, HOST, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE, USER_AGENT,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Version};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::upgrade::OnUpgrade;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::authorizer::authorize;
use super::close::Goodbye;
use super::connection::{Connection, Peer};
use super::disconnect::disconnect;
use super::event::{self, Head};
use super::integration::{IntegrationError, integrate};
use super::open_socket;
use super::proxy_response::ProxyResponse;
use super::sockets::Sockets;
use crate::activity::{Activity, milliseconds_since};
use crate::config::Config;
use crate::server::{Caller, Names, Recording};
use crate::{clock, ids, reply};

/// The longest URL that API Gateway takes, in characters.
const LONGEST_URL: usize = 4096;

/// Answers a request for a socket. `next` leads to [`connect`].
pub(crate) async fn handshake(State(sockets): State<Arc<Sockets>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    if let Err((status, message)) = check(&sockets, &request) {
        sockets
            .feeds
            .record(Activity::refused_handshake(status.as_u16(), start));
        return refusal(status, message);
    }
    let (handshake, request) = Handshake::new(&sockets.config, request, start);
    let (respond, response) = oneshot::channel();
    // A task of its own: if the client leaves, what `$connect` has begun goes on to its end.
    let tasks = sockets.tasks.clone();
    tasks.spawn(async move {
        let response = next.run(request).await;
        handshake.finish(sockets, response, respond).await;
    });
    response
        .await
        .unwrap_or_else(|_| reply::status(StatusCode::SERVICE_UNAVAILABLE))
}

/// Refuses requests that `$connect` never sees.
fn check(sockets: &Sockets, request: &Request) -> Result<(), (StatusCode, &'static str)> {
    let uri = request.uri();
    let path = uri.path().strip_suffix('/').unwrap_or(uri.path());
    if path.strip_prefix('/') != Some(&sockets.config.stage) {
        return Err((StatusCode::FORBIDDEN, "Forbidden"));
    }
    if uri.path_and_query().map_or(0, |path| path.as_str().len()) > LONGEST_URL {
        return Err((StatusCode::URI_TOO_LONG, "URI Too Long"));
    }
    check_opening(request)?;
    let keys = &sockets.config.api_keys;
    if !keys.is_empty() && api_key(keys, request.headers()).is_none() {
        return Err((StatusCode::FORBIDDEN, "Forbidden"));
    }
    if sockets.open.is_closed() {
        return Err((StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"));
    }
    if !sockets.accepts("$connect") || !sockets.connects.take() {
        return Err((StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"));
    }
    Ok(())
}

/// The key of these that a client has sent.
fn api_key<'a>(keys: &'a [String], headers: &HeaderMap) -> Option<&'a str> {
    let sent = headers.get("x-api-key")?.as_bytes();
    keys.iter().map(String::as_str).find(|key| key.as_bytes() == sent)
}

/// The client's half of the handshake has to be as RFC 6455, section 4.2.1 says.
fn check_opening(request: &Request) -> Result<(), (StatusCode, &'static str)> {
    const BAD: (StatusCode, &str) = (StatusCode::BAD_REQUEST, "Bad Request");
    let headers = request.headers();
    let has = |name: HeaderName, token: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|item| item.trim().eq_ignore_ascii_case(token))
    };
    let all = |name: HeaderName| {
        headers
            .get_all(name)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect::<Vec<_>>()
    };
    if request.method() != Method::GET || request.version() < Version::HTTP_11 {
        return Err(BAD);
    }
    let versions = all(SEC_WEBSOCKET_VERSION);
    if !has(CONNECTION, "upgrade") || !has(UPGRADE, "websocket") || versions.first() != Some(&&b"13"[..]) {
        return Err((StatusCode::UPGRADE_REQUIRED, "Upgrade Required"));
    }
    // The key is 16 random bytes.
    let keys = all(SEC_WEBSOCKET_KEY);
    let is_key = |key: &&[u8]| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16);
    if versions.len() > 1 || keys.len() != 1 || !keys.iter().all(is_key) {
        return Err(BAD);
    }
    Ok(())
}

fn refusal(status: StatusCode, message: &str) -> Response {
    let mut response = reply::message(status, message);
    if status == StatusCode::UPGRADE_REQUIRED {
        let headers = response.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    response
}

/// A client that waits for its socket.
struct Handshake {
    peer: Arc<Peer>,
    query_bytes: usize,
    recording: Option<Recording>,
    upgrade: OnUpgrade,
    start: Instant,
}

/// An extension of the response, if [`connect`] has run for the handshake.
#[derive(Debug, Clone, Copy)]
struct Connected {
    /// Why there is no socket, if the function has failed.
    note: Option<&'static str>,
}

impl Handshake {
    /// The handshake, and its request with what [`connect`] needs.
    fn new(config: &Config, mut request: Request, start: Instant) -> (Handshake, Request) {
        let upgrade = hyper::upgrade::on(&mut request);
        let extensions = request.extensions();
        let source = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let caller = extensions.get::<ConnectInfo<Caller>>();
        let recording = caller.map(|info| info.0.recording.clone());
        let key = request.headers().get(SEC_WEBSOCKET_KEY);
        let key = key.map_or(&b""[..], HeaderValue::as_bytes);
        let names = recording.as_ref().map(|recording| Names::find(&recording.bytes(), key));
        let source = source.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let peer = Arc::new(peer(config, request.headers(), source));
        let query_bytes = request.uri().query().map_or(0, str::len);
        request.extensions_mut().insert(Arc::clone(&peer));
        request.extensions_mut().insert(Arc::new(names.unwrap_or_default()));
        let handshake = Handshake {
            peer,
            query_bytes,
            recording,
            upgrade,
            start,
        };
        (handshake, request)
    }

    /// Opens the socket if the response says so, and answers the client.
    async fn finish(self, sockets: Arc<Sockets>, response: Response, respond: oneshot::Sender<Response>) {
        sockets.feeds.record(self.activity(&response));
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            // From now on the client sends frames.
            self.recording.iter().for_each(Recording::end);
            let (connection, outgoing) = Connection::new(self.peer, sockets.config.limits.outgoing_bytes);
            if !sockets.open.insert(&connection) {
                // The gateway has begun to stop. `$connect` has run, so `$disconnect` has to run too.
                let _ = respond.send(reply::status(StatusCode::SERVICE_UNAVAILABLE));
                return disconnect(&sockets, &connection, &Goodbye::GOING_AWAY).await;
            }
            let tasks = sockets.tasks.clone();
            tasks.spawn(open_socket::run(sockets, connection, outgoing, self.upgrade));
        }
        // If the client has left, its socket's task finds out.
        let _ = respond.send(response);
    }

    fn activity(&self, response: &Response) -> Activity {
        let status = response.status().as_u16();
        match response.extensions().get::<Connected>() {
            None => Activity::refused_handshake(status, self.start),
            Some(&Connected { note }) => Activity::Handshake {
                connection_id: Some(Arc::clone(&self.peer.connection_id)),
                status,
                milliseconds: milliseconds_since(self.start),
                bytes: Some(self.query_bytes),
                note,
            },
        }
    }
}

fn peer(config: &Config, headers: &HeaderMap, source_ip: IpAddr) -> Peer {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()))
    };
    Peer {
        connection_id: ids::api_id().into(),
        connected_at: clock::now_ms(),
        source_ip,
        api_key: api_key(&config.api_keys, headers).map(Into::into),
        user_agent: text(USER_AGENT).map(|agent| agent.into_owned().into()),
        host: text(HOST).unwrap_or_default().into_owned().into(),
        authorizer: OnceLock::new(),
    }
}

/// Asks the authorizer, if there is one, and then `$connect`. The response is the upgrade, or a refusal.
pub(crate) async fn connect(
    State(sockets): State<Arc<Sockets>>,
    Extension(peer): Extension<Arc<Peer>>,
    Extension(names): Extension<Arc<Names>>,
    request: Request,
) -> Response {
    let (Parts { uri, headers, .. }, _) = request.into_parts();
    let head = Head {
        uri: &uri,
        headers: &headers,
        names: &names,
    };
    if let Some(authorizer) = &sockets.config.authorizer {
        match authorize(&sockets, authorizer, &peer, &head).await {
            Ok(context) => drop(peer.authorizer.set(context)),
            Err(rejection) => {
                let mut response = rejection.response();
                let note = rejection.note();
                response.extensions_mut().insert(Connected { note });
                return response;
            }
        }
    }
    let answer = ask_connect(&sockets, &peer, &head).await;
    let note = answer.as_ref().err().map(|error| error.note());
    let mut response = match answer {
        Ok(answer) if answer.is_success() => accepted(&headers, answer.subprotocol.as_deref()),
        Ok(answer) => refused(answer.status),
        Err(IntegrationError::Failed(_) | IntegrationError::Malformed(_)) => {
            reply::message(StatusCode::BAD_GATEWAY, "Internal server error")
        }
        Err(IntegrationError::TimedOut) => reply::message(StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out"),
    };
    response.extensions_mut().insert(Connected { note });
    response
}

/// The answer of `$connect`. Without a route for it, every client is let in.
async fn ask_connect(sockets: &Sockets, peer: &Peer, head: &Head<'_>) -> Result<ProxyResponse, IntegrationError> {
    let Some(route) = sockets.config.routes.get("$connect") else {
        return Ok(ProxyResponse {
            status: 200,
            ..ProxyResponse::default()
        });
    };
    let event = event::connect(&sockets.config, peer, &ids::api_id(), head);
    integrate(sockets, "$connect", route, event).await
}

/// The upgrade, with the subprotocol: of the function's headers it is the only one that reaches the client. No
/// extension is ever negotiated.
fn accepted(headers: &HeaderMap, subprotocol: Option<&str>) -> Response {
    let key = headers.get(SEC_WEBSOCKET_KEY).map_or(&b""[..], HeaderValue::as_bytes);
    let Ok(accept) = HeaderValue::try_from(derive_accept_key(key)) else {
        return reply::status(StatusCode::BAD_REQUEST);
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    response
        .headers_mut()
        .insert(UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(Ok(subprotocol)) = subprotocol.map(HeaderValue::try_from) {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    response
}

/// The function's own status, without its body and headers. A status below 200 cannot end a request.
fn refused(status: u16) -> Response {
    let status = StatusCode::from_u16(status)
        .ok()
        .filter(|status| !status.is_informational());
    reply::status(status.unwrap_or(StatusCode::BAD_GATEWAY))
}
