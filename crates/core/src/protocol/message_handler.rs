//! The handler of a browser's message: what `$default` does, but for its log and its metrics.

use crate::{
    Chatters, Connection, ConnectionId, Connections, Cursor, Incoming, Login, Standing, StoreError, Timestamp, Updates,
    outgoing::Outgoing, sync,
};

/// Answers the messages of browsers. The answer goes back on the same socket.
#[derive(Clone, Debug)]
pub struct MessageHandler {
    /// The table in which a socket's row proves its login.
    pub connections: Connections,
    /// The table of updates.
    pub updates: Updates,
    /// The table of chatter IDs, if a sync is to be refused once the socket's own has expired or was deleted. It is read
    /// beside the updates, and so costs a read and no time.
    pub chatters: Option<Chatters>,
}

/// What became of a message, each with the text of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handled {
    /// A ping was answered.
    Ponged(String),
    /// A sync was answered; with `unknown-connection` too, if the socket has no row under that login.
    Synced(String),
    /// It was not understood.
    NotUnderstood(String),
    /// A table did not answer: the page asks again later.
    Failed {
        /// What the table said.
        error: StoreError,
        /// The answer.
        text: String,
    },
}

impl MessageHandler {
    /// Answers a message that came on this socket.
    pub async fn handle(&self, socket: &ConnectionId, message: &str) -> Handled {
        match Incoming::parse(message) {
            Ok(Incoming::Ping) => Handled::Ponged(Outgoing::Pong.to_text()),
            Ok(Incoming::Sync { login, cursor, n }) => match self.answer(socket, &login, cursor.as_ref(), n).await {
                Ok(text) => Handled::Synced(text),
                Err(error) => Handled::Failed {
                    error,
                    text: Outgoing::unavailable().to_text(),
                },
            },
            Err(why) => Handled::NotUnderstood(Outgoing::not_understood(&why).to_text()),
        }
    }

    /// The reply to a sync. The login is proved by the row of this connection: not by the message, which may say anything,
    /// nor by an index, which lags behind.
    async fn answer(
        &self,
        socket: &ConnectionId,
        login: &Login,
        cursor: Option<&Cursor>,
        n: u64,
    ) -> Result<String, StoreError> {
        let Some(connection) = self.connections.find(login, socket).await? else {
            return Ok(Outgoing::unknown_connection().to_text());
        };
        let (update_log, may_listen) = tokio::join!(self.updates.read(login), self.may_listen(&connection));
        if !may_listen? {
            // The page opens another socket, and is refused there unless it has a new chatter ID by then.
            return Ok(Outgoing::unknown_connection().to_text());
        }
        let update_log = update_log?;
        let now = Timestamp::now();
        Ok(sync::reply(update_log.as_ref(), &connection.topics, cursor, n, now))
    }

    /// Whether the chatter ID that opened this socket is still good, or nobody asks.
    async fn may_listen(&self, connection: &Connection) -> Result<bool, StoreError> {
        match &self.chatters {
            Some(chatters) => {
                let standing = chatters.standing(&connection.login, &connection.chatter_hash).await;
                standing.map(|standing| standing == Standing::Good)
            }
            None => Ok(true),
        }
    }
}
