//! The rows of connections beside what API Gateway knows of their sockets: what `who` shows and `prune` deletes.

use super::answer::Answers;
use crate::place::Place;
use chatterbox_core::{Connection, Login, Presence, StoreError, Timestamp};
use futures_util::{StreamExt, stream};

/// How many sockets are looked at at once: an operator's command is not to use up the account's requests.
const AT_ONCE: usize = 16;
/// After how many of them the command says how far it is.
const TELL: usize = 500;

/// A row, and whether its socket is there.
#[derive(Clone, Debug)]
pub struct Found {
    /// The row.
    pub connection: Connection,
    /// What API Gateway says.
    pub presence: Presence,
    /// When it was asked.
    pub asked_at: Timestamp,
}

impl Found {
    /// Whether its socket has ended, and is not only just opening.
    pub fn is_dead(&self) -> bool {
        self.presence == Presence::Gone && self.connection.is_dead_after_gone(self.asked_at)
    }
}

/// The connections of a login, or the first `most` of all logins, each looked at; the oldest first.
///
/// # Errors
/// If the table cannot be read.
pub async fn look(
    place: &Place,
    login: Option<&Login>,
    most: usize,
    answers: Answers,
) -> Result<Vec<Found>, StoreError> {
    let connections = match login {
        Some(login) => place.connections().of(login).await?,
        None => place.connections().first(most).await?,
    };
    let poster = place.poster();
    let all = connections.len().min(most);
    let looks = connections.into_iter().take(most).map(|connection| {
        let poster = poster.clone();
        async move {
            let asked_at = Timestamp::now();
            let presence = poster.look(&connection.id).await;
            Found {
                connection,
                presence,
                asked_at,
            }
        }
    });
    let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
    let mut found = Vec::new();
    while let Some(one) = looks.next().await {
        found.push(one);
        if found.len().is_multiple_of(TELL) {
            answers.progress(&format!("{} of {all} sockets looked at", found.len()));
        }
    }
    found.sort_by(|one, other| {
        let key = |found: &Found| {
            (
                found.connection.login.clone(),
                found.connection.connected_at,
                found.connection.id.clone(),
            )
        };
        key(one).cmp(&key(other))
    });
    Ok(found)
}
