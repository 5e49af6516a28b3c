//! `chatter prune`: deletes the rows of sockets that have ended.

use super::{CommandError, Done, answer::Answers, counted, sockets::look};
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
    #[serde(skip)]
    dry_run: bool,
}

impl fmt::Display for Pruned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "looked at {}, of which dead: {}; ",
            counted(self.looked, "socket"),
            self.dead
        )?;
        match self.dry_run {
            true => f.write_str("nothing is deleted, as --dry-run asks"),
            false => write!(f, "{} deleted", counted(self.deleted, "row")),
        }
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
            dry_run: self.dry_run,
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
