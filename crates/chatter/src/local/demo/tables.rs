//! What the tables hold of a login, for the demo page: its chatter IDs, its sockets, and its log of updates.

use super::{System, mask::mask_json, site::Failure};
use axum::{
    Json,
    extract::{Query, State},
};
use chatterbox_core::{
    ChatterHash, Chatters, Connection, Connections, Login, Standing, StoreError, Topics, UpdateLog, Updates,
};
use chatterbox_gateway::Gateway;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;

/// The tables, and the gateway that knows which sockets are open.
#[derive(Clone, Debug)]
pub(in crate::local) struct Contents {
    pub(in crate::local) gateway: Arc<Gateway>,
    pub(in crate::local) chatters: Chatters,
    pub(in crate::local) connections: Connections,
    pub(in crate::local) updates: Updates,
    pub(in crate::local) system: watch::Receiver<System>,
}

/// The query of a request.
#[derive(Deserialize)]
pub(super) struct LoginQuery {
    login: String,
}

/// `GET /demo/tables?login=…`.
pub(super) async fn tables(
    State(contents): State<Contents>,
    Query(LoginQuery { login }): Query<LoginQuery>,
) -> Result<Json<Value>, Failure> {
    let login = Login::parse(&login).ok_or(Failure::BAD_LOGIN)?;
    let found = contents.of(&login).await;
    let failed = |error| Failure::Store {
        error,
        chaos: contents.system.borrow().chaos,
    };
    found.map(Json).map_err(failed)
}

impl Contents {
    /// The most chatter IDs and sockets of a login that are shown.
    const MOST: usize = 50;

    async fn of(&self, login: &Login) -> Result<Value, StoreError> {
        let mut chatters = Vec::new();
        for hash in self.chatters.of(login).await?.into_iter().take(Self::MOST) {
            let standing = word(self.chatters.standing(login, &hash).await?);
            chatters.push(json!({"hash": short(&hash), "standing": standing}));
        }
        let mut connections = self.connections.of(login).await?;
        connections.sort_by_key(|connection| std::cmp::Reverse(connection.connected_at));
        let sockets: Vec<Value> = connections
            .iter()
            .take(Self::MOST)
            .map(|connection| self.socket(connection))
            .collect();
        let log = self.updates.read(login).await?.map(log);
        Ok(mask_json(json!({"chatters": chatters, "sockets": sockets, "log": log})))
    }

    fn socket(&self, connection: &Connection) -> Value {
        let topics = match &connection.topics {
            Topics::All => None,
            Topics::Only(topics) => Some(topics.iter().map(|topic| topic.as_str()).collect::<Vec<_>>()),
        };
        json!({
            "connectionId": connection.id.as_str(),
            "connectedAt": connection.connected_at,
            "expiresAt": connection.expires_at(),
            "topics": topics,
            "hash": short(&connection.chatter_hash),
            "isOpen": self.gateway.is_open(connection.id.as_str()),
        })
    }
}

fn log(mut log: UpdateLog) -> Value {
    log.entries.sort_by_key(|entry| std::cmp::Reverse(entry.version));
    let newest = log.entries.iter().map(|entry| {
        json!({
            "topic": entry.topic.as_str(),
            "version": entry.version,
            "id": entry.id,
            "at": entry.at,
            "body": serde_json::from_str::<Value>(entry.body.as_str()).unwrap_or_default(),
        })
    });
    json!({"epoch": log.epoch, "version": log.version, "topics": newest.collect::<Vec<_>>()})
}

/// As much of a hash as tells chatter IDs apart.
fn short(hash: &ChatterHash) -> String {
    hash.as_str().chars().take(8).collect()
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Good => "good",
        Standing::Unknown => "unknown",
        Standing::Expired => "expired",
        Standing::BadExpiry => "expiry that cannot be",
    }
}
