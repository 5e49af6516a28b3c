//! `chatter issue`: gives a login a chatter ID, as the site's backend does at login.

use super::{
    CommandError, Done,
    answer::{Answers, age},
};
use crate::place::Place;
use chatterbox_core::{Chatters, Login, Timestamp};
use serde::Serialize;
use std::{fmt, time::Duration};

/// Give a login a chatter ID, as the site's backend does.
///
/// Whoever has it may open sockets of this login.
#[derive(Clone, Debug, clap::Args)]
pub struct Issue {
    /// The login name, as the site knows it.
    #[arg(value_parser = super::login)]
    login: Login,
    /// How long it is good: 90s, 15min, 8h, 30days; at most ten years.
    #[arg(long, value_name = "TIME", default_value = "30days", value_parser = life)]
    ttl: Duration,
}

/// Reads a life of a chatter ID.
fn life(text: &str) -> Result<Duration, String> {
    let life = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if life < Duration::from_secs(1) || life > Chatters::LONGEST_LIFE {
        return Err("must be one second to ten years".to_owned());
    }
    Ok(life)
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Issued<'a> {
    login: &'a Login,
    chatter_id: String,
    expires_at: Timestamp,
    url: Option<&'a str>,
    #[serde(skip)]
    life: Duration,
}

impl fmt::Display for Issued<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.chatter_id)?;
        write!(f, "  for {}, good for {}", self.login.as_str(), age(self.life))?;
        match self.url {
            Some(url) => write!(f, "; browsers connect to {url}"),
            None => Ok(()),
        }
    }
}

impl Issue {
    /// Runs the command.
    ///
    /// # Errors
    /// If the table does not answer.
    pub async fn run(&self, place: &Place, answers: Answers) -> Result<Done, CommandError> {
        let chatter_id = place.chatters().issue(&self.login, self.ttl).await?;
        answers.say(&Issued {
            login: &self.login,
            chatter_id: chatter_id.reveal(),
            expires_at: Timestamp::now() + self.ttl,
            url: place.socket_url.as_deref(),
            life: self.ttl,
        })?;
        Ok(Done::Well)
    }
}
