//! The functions and the revocation, as they are shipped, on a wire that the test holds.
//!
//! Each invocation is a future that owns what it needs. What is here and not in core is what stands in the functions'
//! `main.rs`: which part of core gets the event.

use crate::{engine, wire::Wire};
use chatterbox_core::{
    Admission, ChatterHash, Chatters, ConnectionId, Connections, Deferral, Handled, Handshake, HandshakePolicy,
    Invocation, Login, MessageHandler, Notified, Notifier, Revocation, SocketEvent, Timestamp, Updates, Verdict,
    aws::{Aws, Endpoints},
};
use serde_json::{Value, json, value::RawValue};
use std::time::Duration;

/// The functions of one deployment.
#[derive(Clone, Debug)]
pub struct Functions {
    admission: Admission,
    connections: Connections,
    handler: MessageHandler,
    notifier: Notifier,
    revocation: Revocation,
}

/// The result of an invocation.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Of `$connect`: the status with which the handshake is answered.
    Connected(u16),
    /// Of `$default`: what became of the message.
    Handled(Handled),
    /// Of `$disconnect`: whether the row was deleted now.
    Disconnected(bool),
    /// Of notify.
    Notified(Box<Notified>),
    /// Of a revocation: how many sockets it closed, unless a table did not answer.
    Revoked(Option<usize>),
}

/// The time that Lambda gives notify.
const NOTIFY_TIMEOUT: Duration = Duration::from_secs(60);

impl Functions {
    /// The functions on this wire, for logins with at most so many sockets.
    pub fn new(wire: &Wire, max_connections_per_login: usize) -> Functions {
        let names = engine::names();
        let endpoints = Endpoints {
            dynamodb: Some("http://dynamodb.test".to_owned()),
            sqs: Some("http://sqs.test".to_owned()),
            ca_bundle: None,
        };
        let aws = Aws::over(wire.connector(), endpoints);
        let dynamodb = aws.dynamodb();
        let connections = Connections::new(dynamodb.clone(), &names.connections);
        let updates = Updates::new(dynamodb.clone(), &names.updates);
        let poster = aws.poster("http://gateway.test/stage");
        Functions {
            admission: Admission::new(
                dynamodb.clone(),
                &names.chatters,
                &names.connections,
                max_connections_per_login,
            ),
            handler: MessageHandler {
                connections: connections.clone(),
                updates: updates.clone(),
                chatters: None,
            },
            notifier: Notifier {
                updates,
                connections: connections.clone(),
                poster: poster.clone(),
                deferral: None,
                max_connections_per_login,
            },
            revocation: Revocation {
                chatters: Chatters::new(dynamodb, &names.chatters),
                connections: connections.clone(),
                poster,
            },
            connections,
        }
        .deferring(&aws)
    }

    fn deferring(mut self, aws: &Aws) -> Functions {
        self.notifier.deferral = Some(Deferral::new(aws.sqs(), "http://sqs.test/queue"));
        self
    }

    /// The same without a queue for what notify has no time for.
    #[must_use]
    pub fn without_queue(mut self) -> Functions {
        self.notifier.deferral = None;
        self
    }

    /// `$connect`.
    pub fn connect(&self, handshake: &Value) -> impl Future<Output = Outcome> + use<> {
        let (admission, handshake) = (self.admission.clone(), raw(handshake));
        async move {
            let event = SocketEvent::parse(&handshake).expect("an event of API Gateway");
            let status = match Handshake::read(&event, &policy()) {
                Err(refusal) => refusal.status(),
                Ok(handshake) => match admission.admit(&handshake.connection(&event)).await {
                    Ok(Verdict::Admitted) => 200,
                    Ok(Verdict::Refused(refusal)) => refusal.status(),
                    Err(_) => 500,
                },
            };
            Outcome::Connected(status)
        }
    }

    /// `$default`, for a message on this socket.
    pub fn default(&self, socket: &str, message: String) -> impl Future<Output = Outcome> + use<> {
        let (handler, socket) = (self.handler.clone(), ConnectionId::new(socket));
        async move { Outcome::Handled(handler.handle(&socket, &message).await) }
    }

    /// `$disconnect`.
    pub fn disconnect(&self, socket: &str) -> impl Future<Output = Outcome> + use<> {
        let (connections, socket) = (self.connections.clone(), ConnectionId::new(socket));
        async move { Outcome::Disconnected(connections.forget_by_id(&socket).await.unwrap_or_default()) }
    }

    /// notify.
    pub fn notify(&self, request_id: String, event: &Value) -> impl Future<Output = Outcome> + use<> {
        let (notifier, event) = (self.notifier.clone(), raw(event));
        async move {
            let received_at = Timestamp::now();
            let invocation = Invocation {
                request_id,
                received_at,
                deadline: received_at + NOTIFY_TIMEOUT,
            };
            Outcome::Notified(Box::new(notifier.notify(&event, &invocation).await))
        }
    }

    /// A revocation of one chatter ID, as the site's backend runs it.
    pub fn revoke(&self, login: &Login, hash: &ChatterHash) -> impl Future<Output = Outcome> + use<> {
        let (revocation, login, hash) = (self.revocation.clone(), login.clone(), hash.clone());
        async move { Outcome::Revoked(revocation.revoke(&login, &hash).await.ok()) }
    }
}

/// The event of a handshake on this socket, as API Gateway sends it.
pub fn handshake(socket: &str, connected_at: i64, login: &str, chatter_id: &str, topics: &str) -> Value {
    json!({
        "requestContext": {"connectionId": socket, "eventType": "CONNECT", "connectedAt": connected_at},
        "queryStringParameters": {"login": login, "chatter": chatter_id, "topic": topics},
    })
}

fn policy() -> HandshakePolicy {
    HandshakePolicy {
        login_parameter: "login".to_owned(),
        chatter_parameter: "chatter".to_owned(),
        topic_parameter: "topic".to_owned(),
        cookies: None,
        origins: None,
        origin_secrets: Vec::new(),
    }
}

fn raw(json: &Value) -> Box<RawValue> {
    RawValue::from_string(json.to_string()).expect("JSON")
}
