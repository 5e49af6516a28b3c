//! `chatter who`: which sockets are open, and which rows are of dead ones.

use super::{
    CommandError, Done,
    answer::{Answers, Paint, age},
    sockets::{Found, look},
};
use crate::place::Place;
use chatterbox_core::{Login, Presence, Timestamp, Topics};
use serde::Serialize;
use std::{fmt, time::Duration};

/// Show the sockets of a login, or of all, and which are dead.
///
/// Age, topics, when the row expires, and whether API Gateway has the socket.
#[derive(Clone, Debug, clap::Args)]
pub struct Who {
    /// One login; without it all of them.
    #[arg(value_parser = super::login)]
    login: Option<Login>,
    /// The most sockets to show. Each is looked at, which is one request.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    most: usize,
    /// Show them again every two seconds, until Ctrl-C.
    #[arg(long)]
    watch: bool,
}

/// How often `--watch` looks.
const AGAIN: Duration = Duration::from_secs(2);

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    login: Login,
    connection_id: String,
    age_seconds: u64,
    expires_in_seconds: u64,
    /// Absent for all topics.
    #[serde(skip_serializing_if = "Option::is_none")]
    topics: Option<Vec<String>>,
    state: &'static str,
}

#[derive(Debug, Serialize)]
struct Sockets {
    sockets: Vec<Row>,
}

/// The word for what is known of a socket.
fn state(found: &Found) -> &'static str {
    match found.presence {
        Presence::Open => "open",
        Presence::Gone if found.is_dead() => "dead",
        Presence::Gone => "opening",
        Presence::Unknown(_) => "unknown",
    }
}

fn paint(state: &str) -> Paint {
    match state {
        "open" => Paint::Good,
        "dead" => Paint::Bad,
        _ => Paint::Faint,
    }
}

fn row(found: Found, now: Timestamp) -> Row {
    let state = state(&found);
    let connection = found.connection;
    Row {
        connection_id: connection.id.as_str().to_owned(),
        age_seconds: now.since(connection.connected_at).as_secs(),
        expires_in_seconds: connection.expires_at().since(now).as_secs(),
        topics: match &connection.topics {
            Topics::All => None,
            Topics::Only(topics) => Some(topics.iter().map(|topic| topic.as_str().to_owned()).collect()),
        },
        login: connection.login,
        state,
    }
}

impl fmt::Display for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sockets.is_empty() {
            return write!(f, "no sockets");
        }
        let width = self
            .sockets
            .iter()
            .map(|row| row.login.as_str().chars().count())
            .max()
            .unwrap_or(0)
            .max(5);
        write!(
            f,
            "{:width$}  {:<17}  {:<8}  {:>10}  {:>10}  topics",
            "login", "connection", "state", "age", "expires in"
        )?;
        for row in &self.sockets {
            let topics = row.topics.as_ref().map_or("all".to_owned(), |topics| topics.join(","));
            let seconds = Duration::from_secs;
            let (old, left) = (age(seconds(row.age_seconds)), age(seconds(row.expires_in_seconds)));
            let (login, id) = (row.login.as_str(), &row.connection_id);
            write!(
                f,
                "\n{login:width$}  {id:<17}  {}  {old:>10}  {left:>10}  {topics}",
                paint(row.state).on(format!("{:<8}", row.state))
            )?;
        }
        let dead = self.sockets.iter().filter(|row| row.state == "dead").count();
        if dead > 0 {
            write!(f, "\n{dead} dead: the next update deletes them, or `chatter prune`")?;
        }
        Ok(())
    }
}

impl Who {
    /// Runs the command; with `--watch` for ever.
    ///
    /// # Errors
    /// If the table does not answer.
    pub async fn run(&self, place: &Place, answers: Answers) -> Result<Done, CommandError> {
        loop {
            let found = look(place, self.login.as_ref(), self.most, answers).await?;
            let now = Timestamp::now();
            let sockets: Vec<Row> = found.into_iter().map(|found| row(found, now)).collect();
            let done = if sockets.is_empty() { Done::No } else { Done::Well };
            answers.say(&Sockets { sockets })?;
            if !self.watch {
                return Ok(done);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
