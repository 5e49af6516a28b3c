//! `chatter updates`: the log of a login's updates.

use super::{CommandError, Done, answer::Answers};
use crate::place::Place;
use chatterbox_core::{Body, Login, Timestamp, UpdateLog};
use serde::Serialize;
use std::fmt;

/// Show what a login's log holds: of each topic the newest update, with its version.
#[derive(Clone, Debug, clap::Args)]
pub struct Updates {
    /// The login name, as the site knows it.
    #[arg(value_parser = super::login)]
    login: Login,
}

#[derive(Debug, Serialize)]
struct Log {
    login: Login,
    /// Absent where the login has no log.
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<String>,
    version: u64,
    topics: Vec<Newest>,
}

#[derive(Debug, Serialize)]
struct Newest {
    topic: String,
    version: u64,
    id: String,
    at: Timestamp,
    recorded: Timestamp,
    body: Body,
}

impl Log {
    fn of(login: Login, log: Option<UpdateLog>) -> Log {
        let Some(UpdateLog {
            epoch,
            version,
            mut entries,
        }) = log
        else {
            return Log {
                login,
                epoch: None,
                version: 0,
                topics: Vec::new(),
            };
        };
        entries.sort_by(|one, other| (other.version, &one.topic).cmp(&(one.version, &other.topic)));
        let newest = entries.into_iter().map(|entry| Newest {
            topic: entry.topic.as_str().to_owned(),
            version: entry.version,
            id: entry.id,
            at: entry.at,
            recorded: entry.recorded,
            body: entry.body,
        });
        Log {
            login,
            epoch: Some(epoch),
            version,
            topics: newest.collect(),
        }
    }
}

/// The most characters of a body that people are shown.
const BODY: usize = 60;

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let login = self.login.as_str();
        let Some(epoch) = &self.epoch else {
            return write!(f, "{login} has no log: no update was recorded within 90 days");
        };
        write!(f, "{login}: version {} of the log {epoch}", self.version)?;
        for Newest {
            topic,
            version,
            id,
            at,
            recorded,
            body,
        } in &self.topics
        {
            write!(
                f,
                "\n  {topic}: version {version}, id {id}, at {at}, recorded {recorded}"
            )?;
            let text: String = body.as_str().chars().take(BODY).collect();
            let more = if text.len() < body.as_str().len() { "…" } else { "" };
            write!(f, "\n    {text}{more}")?;
        }
        Ok(())
    }
}

impl Updates {
    /// Runs the command.
    ///
    /// # Errors
    /// If the table does not answer.
    pub async fn run(&self, place: &Place, answers: Answers) -> Result<Done, CommandError> {
        let log = place.updates().read(&self.login).await?;
        let done = if log.is_some() { Done::Well } else { Done::No };
        answers.say(&Log::of(self.login.clone(), log))?;
        Ok(done)
    }
}
