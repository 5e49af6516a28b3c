//! What the demo page does to itself, so that one can watch what follows: its socket is cut, its chatter ID expires. A request
//! names the page's own session, whose chatter ID it has to know.

use super::site::{Failure, Request, Site, read};
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
};
use chatterbox_core::{ChatterId, Chatters, Connections, Login, Timestamp, json::Strict};
use chatterbox_gateway::Gateway;
use serde_json::{Value, json};
use std::sync::Arc;

/// What experiments need.
#[derive(Clone, Debug)]
pub(in crate::local) struct Experiments {
    pub(in crate::local) gateway: Arc<Gateway>,
    pub(in crate::local) connections: Connections,
    pub(in crate::local) chatters: Chatters,
    pub(in crate::local) site: Site,
}

impl Experiments {
    /// Cuts the sockets of a chatter ID without a close frame, as a network does. Returns how many there were.
    async fn cut(&self, login: &Login, chatter_id: &ChatterId) -> Result<usize, Failure> {
        let connections = self.site.with_patience(|| self.connections.of(login)).await?;
        let own = connections
            .iter()
            .filter(|connection| connection.chatter_hash == chatter_id.hash());
        Ok(own
            .filter(|connection| self.gateway.cut_socket(connection.id.as_str()))
            .count())
    }

    /// Lets a chatter ID be one that has expired a moment ago. Its item stays, as DynamoDB leaves it for up to two days.
    async fn expire(&self, login: &Login, chatter_id: &ChatterId) -> Result<(), Failure> {
        let now = Timestamp::now();
        let expired = self.chatters.expire(login, &chatter_id.hash(), now).await;
        if !expired.map_err(|_| Failure::NoAnswer)? {
            return Err(Failure::LoggedOut);
        }
        self.site.expired(login, chatter_id, now);
        Ok(())
    }
}

/// `POST /demo/cut`: the sockets of the page's chatter ID.
pub(super) async fn cut(
    State(experiments): State<Experiments>,
    body: Result<Json<Strict<Request>>, JsonRejection>,
) -> Result<Json<Value>, Failure> {
    let (login, request) = read(body)?;
    let sockets = experiments.cut(&login, &request.chatter_id()?).await?;
    Ok(Json(json!({"sockets": sockets})))
}

/// `POST /demo/expire`: the page's chatter ID expires, and its sockets are cut, so that they have to be opened anew.
pub(super) async fn expire(
    State(experiments): State<Experiments>,
    body: Result<Json<Strict<Request>>, JsonRejection>,
) -> Result<Json<Value>, Failure> {
    let (login, request) = read(body)?;
    let chatter_id = request.chatter_id()?;
    experiments.expire(&login, &chatter_id).await?;
    let sockets = experiments.cut(&login, &chatter_id).await?;
    Ok(Json(json!({"sockets": sockets})))
}
