//! `GET /{stage}` and `GET /{stage}/`: `$connect` runs, and its answer decides whether the client gets its socket.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    CONNECTION, HOST, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE, USER_AGENT,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::activity::{Activity, Kind};
use crate::api::Api;
use crate::faults::injector::ConnectFault;
use crate::socket::answer::Answer;
use crate::socket::close::Goodbye;
use crate::socket::connection::{Connection, Peer};
use crate::socket::integration::Fault;

use super::event::Head;
use super::{event, open_socket};
use crate::server::{Caller, Names, Recording};
use crate::{clock, ids, reply};

/// The longest URL that API Gateway takes, in characters.
const LONGEST_URL: usize = 4096;

/// Answers a request for a socket.
pub(crate) async fn handshake(State(api): State<Arc<Api>>, mut request: Request) -> Response {
    let start = Instant::now();
    if let Err((status, message)) = check(&api, &request) {
        api.feeds
            .record(Activity::new(Kind::Handshake).status(status.as_u16()).since(start));
        let mut response = reply::message(status, message);
        if status == StatusCode::UPGRADE_REQUIRED {
            response
                .headers_mut()
                .insert(UPGRADE, HeaderValue::from_static("websocket"));
        }
        return response;
    }
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, _) = request.into_parts();
    let source = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let recording = parts
        .extensions
        .get::<ConnectInfo<Caller>>()
        .map(|info| info.0.recording.clone());
    let key = parts
        .headers
        .get(SEC_WEBSOCKET_KEY)
        .map_or(&b""[..], HeaderValue::as_bytes);
    let names = recording.as_ref().map(|recording| Names::find(&recording.bytes(), key));
    let (respond, response) = oneshot::channel();
    let handshake = Handshake {
        peer: peer(&parts.headers, source.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))),
        head: Head {
            names: names.unwrap_or_default(),
            headers: parts.headers,
            uri: parts.uri,
        },
        recording,
        upgrade,
        start,
    };
    // A task of its own: a client that leaves meanwhile must not stop half-way what `$connect` has begun.
    let sockets = api.sockets.clone();
    sockets.spawn(handshake.run(api, respond));
    response
        .await
        .unwrap_or_else(|_| reply::status(StatusCode::SERVICE_UNAVAILABLE))
}

/// Refuses what `$connect` never sees.
fn check(api: &Api, request: &Request) -> Result<(), (StatusCode, &'static str)> {
    let (headers, uri) = (request.headers(), request.uri());
    let has = |name: HeaderName, token: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|item| item.trim().eq_ignore_ascii_case(token))
    };
    let path = uri.path().strip_suffix('/').unwrap_or(uri.path());
    if path.strip_prefix('/') != Some(&api.config.stage) {
        return Err((StatusCode::FORBIDDEN, "Forbidden"));
    }
    if uri.path_and_query().map_or(0, |path| path.as_str().len()) > LONGEST_URL {
        return Err((StatusCode::URI_TOO_LONG, "URI Too Long"));
    }
    if !has(CONNECTION, "upgrade") || !has(UPGRADE, "websocket") || !has(SEC_WEBSOCKET_VERSION, "13") {
        return Err((StatusCode::UPGRADE_REQUIRED, "Upgrade Required"));
    }
    if !headers.contains_key(SEC_WEBSOCKET_KEY) {
        return Err((StatusCode::BAD_REQUEST, "Bad Request"));
    }
    if api.connections.is_closed() {
        return Err((StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"));
    }
    if !api.connects.take() {
        return Err((StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"));
    }
    match api.injector.connect() {
        None => Ok(()),
        Some(ConnectFault::Throttled) => Err((StatusCode::TOO_MANY_REQUESTS, "Too Many Requests")),
        Some(ConnectFault::Failed) => Err((StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")),
    }
}

fn peer(headers: &HeaderMap, source_ip: IpAddr) -> Peer {
    let text = |name| {
        headers
            .get(name)
            .map(|value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()))
    };
    Peer {
        connection_id: ids::api_id().into(),
        connected_at: clock::now_ms(),
        source_ip,
        user_agent: text(USER_AGENT).map(|agent| agent.into_owned().into()),
        host: text(HOST).unwrap_or_default().into_owned().into(),
    }
}

/// A client that waits for its socket.
struct Handshake {
    peer: Peer,
    head: Head,
    recording: Option<Recording>,
    upgrade: OnUpgrade,
    start: Instant,
}

impl Handshake {
    async fn run(self, api: Arc<Api>, respond: oneshot::Sender<Response>) {
        let answer = self.connect(&api).await;
        let (id, bytes) = (
            Arc::clone(&self.peer.connection_id),
            self.head.uri.query().map_or(0, str::len),
        );
        let (response, note) = match &answer {
            Ok(answer) if answer.is_success() => (accepted(&self.head.headers, answer.subprotocol.as_deref()), None),
            Ok(answer) => (refused(answer.status), None),
            Err(fault @ (Fault::Failed(_) | Fault::Malformed(_))) => (
                reply::message(StatusCode::BAD_GATEWAY, "Internal server error"),
                Some(fault.note()),
            ),
            Err(fault @ Fault::TimedOut) => (
                reply::message(StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out"),
                Some(fault.note()),
            ),
        };
        let status = response.status();
        if status == StatusCode::SWITCHING_PROTOCOLS
            && let Some(stretch) = api.injector.stretch(&id)
        {
            tokio::time::sleep(stretch).await;
        }
        let done = Activity::new(Kind::Handshake).connection(&id).status(status.as_u16());
        api.feeds.record(done.since(self.start).bytes(bytes).note(note));
        if status == StatusCode::SWITCHING_PROTOCOLS {
            // What comes from now on are frames.
            self.recording.iter().for_each(Recording::end);
            let (connection, outgoing) = Connection::new(self.peer, api.config.limits.outgoing_bytes);
            if !api.connections.insert(&connection) {
                // The gateway has begun to stop; `$connect` has run, so `$disconnect` has to.
                let _ = respond.send(reply::status(StatusCode::SERVICE_UNAVAILABLE));
                return open_socket::disconnected(&api, &connection, &Goodbye::GOING_AWAY).await;
            }
            let sockets = api.sockets.clone();
            sockets.spawn(open_socket::run(api, connection, outgoing, self.upgrade));
        }
        // If the client has left, its socket's task finds out.
        let _ = respond.send(response);
    }

    /// A route for `$connect` is optional.
    async fn connect(&self, api: &Api) -> Result<Answer, Fault> {
        match api.config.routes.get("$connect") {
            None => Ok(Answer {
                status: 200,
                ..Answer::default()
            }),
            Some(route) => {
                let event = event::connect(&api.config, &self.peer, &ids::api_id(), &self.head);
                api.integrate("$connect", route, event).await
            }
        }
    }
}

/// The upgrade, with the one header of the function's that reaches the client. No extension is ever negotiated.
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
