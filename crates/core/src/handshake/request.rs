//! A handshake's request: who it says it is, and what it wants to listen to.

use super::{
    HandshakePolicy, Refusal,
    carriers::{self, only},
};
use crate::{ChatterId, Connection, Login, OriginSecret, SocketEvent, Topics};

/// The subprotocol of Chatterbox, the only one that it ever chooses.
pub const SUBPROTOCOL: &str = "chatterbox.v1";

/// A handshake that was read. Whether its credentials are right, [`Admission`](crate::Admission) finds out.
#[derive(Clone, Debug)]
pub struct Handshake {
    /// The login that it claims.
    pub login: Login,
    /// The secret that is to prove the login.
    pub chatter_id: ChatterId,
    /// The topics that the socket subscribes to; always from the query string.
    pub topics: Topics,
    /// [`SUBPROTOCOL`] if the client offered it. `$connect` then has to answer with it, or the client closes the socket.
    pub subprotocol: Option<&'static str>,
}

impl Handshake {
    /// Reads a handshake, without any call to AWS. Of the carriers that are in use, the first counts: the subprotocol, the
    /// query string, cookies.
    ///
    /// # Errors
    /// A [`Refusal`] other than `Unknown`, `Expired`, `BadExpiry` and `TooManySockets`, which take a look into a table.
    pub fn read(event: &SocketEvent, policy: &HandshakePolicy) -> Result<Handshake, Refusal> {
        check_way(event, policy)?;
        let is_from_browser = check_origin(event, policy)?;
        let offered = offered_subprotocols(event);
        let subprotocol = offered.contains(&SUBPROTOCOL).then_some(SUBPROTOCOL);
        let (login, chatter_id) = if let Some(pair) = carriers::in_subprotocol(&offered)? {
            subprotocol.ok_or(Refusal::NoSubprotocol)?;
            pair
        } else if let Some(pair) = carriers::in_query(event, policy)? {
            pair
        } else if is_from_browser && let Some(pair) = carriers::in_cookies(event, policy)? {
            pair
        } else {
            return Err(Refusal::Malformed);
        };
        let topics = only(event.query(&policy.topic_parameter).into_iter().map(Topics::parse));
        let topics = topics.map_err(|_| Refusal::Topics)?.unwrap_or(Topics::All);
        // Both are kept in the row, which must not have the secret.
        if chatter_id.is_in(login.as_str()) {
            return Err(Refusal::Malformed);
        }
        if matches!(&topics, Topics::Only(names) if names.iter().any(|name| chatter_id.is_in(name.as_str()))) {
            return Err(Refusal::Topics);
        }
        Ok(Handshake {
            login,
            chatter_id,
            topics,
            subprotocol,
        })
    }

    /// The connection that this handshake of the event asks for.
    pub fn connection(&self, event: &SocketEvent) -> Connection {
        Connection {
            login: self.login.clone(),
            id: event.connection_id().clone(),
            connected_at: event.connected_at(),
            topics: self.topics.clone(),
            chatter_hash: self.chatter_id.hash(),
        }
    }
}

/// The handshake has to come through CloudFront, if the policy demands that.
fn check_way(event: &SocketEvent, policy: &HandshakePolicy) -> Result<(), Refusal> {
    let sent = event.header(OriginSecret::HEADER);
    let is_one = |value: &&str| policy.origin_secrets.iter().any(|secret| secret.is(value));
    if policy.origin_secrets.is_empty() || (!sent.is_empty() && sent.iter().all(is_one)) {
        Ok(())
    } else {
        Err(Refusal::OriginSecret)
    }
}

/// Whether the handshake has an `Origin`, which browsers always send. One that is not on the list is refused.
fn check_origin(event: &SocketEvent, policy: &HandshakePolicy) -> Result<bool, Refusal> {
    let origin = only(event.header("origin").into_iter().map(Some)).map_err(|_| Refusal::Origin)?;
    let is_listed = |origin| {
        policy
            .origins
            .as_ref()
            .is_none_or(|list| list.iter().any(|listed| listed == origin))
    };
    if origin.is_some_and(|origin| !is_listed(origin)) {
        return Err(Refusal::Origin);
    }
    Ok(origin.is_some())
}

/// The items of all `Sec-WebSocket-Protocol` headers, which are lists separated by commas.
fn offered_subprotocols(event: &SocketEvent) -> Vec<&str> {
    event
        .header("sec-websocket-protocol")
        .iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .collect()
}

#[cfg(test)]
mod tests;
