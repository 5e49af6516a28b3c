//! `chatter prune`: deletes the rows of sockets that have ended.

use super::{CommandError, Done, answer::Answers, sockets::look};
use crate::place::Place;
use chatterbox_core::Login;
use serde::Serialize;
use std::fmt;

/// Delete the rows of sockets that have ended without API Gateway having told `$disconnect`.
///
/// The next update to a login does so too, and every row expires; this is for a login that has too many.
#[derive(Clone, Debug, clap::Args)]
pub struct Prune {
    /// One login; without it all of them.
    #[arg(value_parser = super::login)]
    login: Option<Login>,
    /// The most sockets to look at. Each is one request.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    most: usize,
    /// Only say what would be deleted.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pruned {
    looked: usize,
    dead: usize,
    deleted: usize,
}

impl fmt::Display for Pruned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pruned { looked, dead, deleted } = self;
        write!(f, "looked at {looked} sockets: {dead} are dead, {deleted} rows deleted")
    }
}

impl Prune {
    /// Runs the command.
    ///
    /// # Errors
    /// If the table does not answer.
    pub async fn run(&self, place: &Place, answers: Answers) -> Result<Done, CommandError> {
        let found = look(place, self.login.as_ref(), self.most, answers).await?;
        let connections = place.connections();
        let mut pruned = Pruned {
            looked: found.len(),
            dead: 0,
            deleted: 0,
        };
        for dead in found.iter().filter(|found| found.is_dead()) {
            pruned.dead += 1;
            if !self.dry_run && connections.forget(&dead.connection.login, &dead.connection.id).await? {
                pruned.deleted += 1;
            }
        }
        answers.say(&pruned)?;
        Ok(Done::Well)
    }
}
