//! `chatter revoke`: takes chatter IDs back, and closes the sockets that they have opened.

use super::{CommandError, Done, answer::Answers, counted};
use crate::place::Place;
use chatterbox_core::{ChatterId, Login};
use serde::Serialize;
use std::{fmt, io};

/// Take a login's chatter IDs back and close their sockets, as the site's backend does at logout.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").args(["chatter", "all"]).required(true))]
pub struct Revoke {
    /// The login name, as the site knows it.
    #[arg(value_parser = super::login)]
    login: Login,
    /// This chatter ID alone. `-` reads it from standard input, so that it stands in no shell's history.
    #[arg(long, value_name = "ID")]
    chatter: Option<String>,
    /// Every chatter ID of the login.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Revoked<'a> {
    login: &'a Login,
    chatter_ids: usize,
    sockets_closed: usize,
}

impl fmt::Display for Revoked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Revoked {
            login,
            chatter_ids,
            sockets_closed,
        } = self;
        write!(
            f,
            "{}: {} taken back, {} closed",
            login.as_str(),
            counted(*chatter_ids, "chatter ID"),
            counted(*sockets_closed, "socket")
        )
    }
}

impl Revoke {
    /// Runs the command. It takes a second more than its calls: handshakes that were under way are closed too.
    ///
    /// # Errors
    /// If the chatter ID cannot be one, or a table does not answer.
    pub async fn run(&self, place: &Place, answers: Answers) -> Result<Done, CommandError> {
        let revocation = place.revocation();
        let known = revocation.chatters.of(&self.login).await?;
        let (chatter_ids, sockets_closed) = if self.all {
            (known.len(), revocation.revoke_all(&self.login).await?)
        } else {
            let hash = self.chatter_id()?.hash();
            let is_known = known.iter().any(|one| one.as_str() == hash.as_str());
            (usize::from(is_known), revocation.revoke(&self.login, &hash).await?)
        };
        answers.say(&Revoked {
            login: &self.login,
            chatter_ids,
            sockets_closed,
        })?;
        Ok(if chatter_ids + sockets_closed > 0 {
            Done::Well
        } else {
            Done::No
        })
    }

    fn chatter_id(&self) -> Result<ChatterId, CommandError> {
        let text = match self.chatter.as_deref() {
            Some("-") | None => io::read_to_string(io::stdin())?,
            Some(text) => text.to_owned(),
        };
        let wrong = "--chatter: must be a chatter ID: 36 characters, a UUID with hyphens";
        ChatterId::parse(text.trim()).ok_or_else(|| CommandError::Argument(wrong.to_owned()))
    }
}
