//! `chatter listen`: a page in a terminal. It keeps the rules of the browser client, and says what it does and why.

mod event;
mod listener;

use super::{CommandError, Done, answer::Answers};
use crate::{
    place::Place,
    socket::{Frame, Socket},
};
use chatterbox_core::{ChatterId, Login};
use event::Event;
use listener::Listener;
use std::{io, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    time::{Instant, sleep_until},
};

/// Open a socket of a login, and show every message, what was missed, why the socket closes and what follows.
///
/// It keeps the rules of the browser's client.
#[derive(Clone, Debug, clap::Args)]
pub struct Listen {
    /// The login name, as the site knows it.
    #[arg(value_parser = super::login, required_unless_present = "raw")]
    login: Option<Login>,
    /// This chatter ID; `-` reads it from standard input. Without it one is issued, and taken back at the end.
    #[arg(long, value_name = "ID")]
    chatter: Option<String>,
    /// A topic to listen to; may be repeated. Without it, all.
    #[arg(long = "topic", value_name = "TOPIC")]
    topics: Vec<String>,
    /// Where to connect, if not where the system is: a hostname of your own.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Any other WebSocket: no rules and no login, each line of standard input is sent.
    #[arg(long, value_name = "URL", conflicts_with_all = ["login", "chatter", "topics", "url"])]
    raw: Option<String>,
    /// End after this time: 10s, 5min.
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    time: Option<Duration>,
}

/// How long a chatter ID that is issued for this command alone is good.
const LIFE: Duration = Duration::from_secs(3600);

impl Listen {
    /// The URL of `--raw`, which needs no Chatterbox.
    pub fn raw(&self) -> Option<&str> {
        self.raw.as_deref()
    }

    /// Runs the command, until Ctrl-C or the time is over.
    ///
    /// # Errors
    /// If the system cannot be asked for a chatter ID.
    pub async fn run(&self, place: &Place, answers: Answers) -> Result<Done, CommandError> {
        let Some(login) = &self.login else {
            return Err(CommandError::Argument("a login is missing".to_owned()));
        };
        let url = self.url.clone().or_else(|| place.socket_url.clone());
        let url = url.ok_or_else(|| CommandError::Argument("--url: where to connect is not known".to_owned()))?;
        let (chatter_id, is_own) = match self.chatter_id()? {
            Some(chatter_id) => (chatter_id, false),
            None => (place.chatters().issue(login, LIFE).await?, true),
        };
        let mut listener = Listener::new(login, &chatter_id, &self.topics, url, answers);
        let done = tokio::select! {
            done = listener.listen() => done,
            () = self.end() => Ok(Done::Well),
        };
        listener.close().await;
        if is_own {
            place.chatters().forget(login, &chatter_id.hash()).await?;
        }
        done
    }

    /// Runs the command for `--raw`: what comes is shown, and each line of standard input is sent.
    ///
    /// # Errors
    /// If nobody reads what is shown.
    pub async fn run_raw(&self, url: &str, answers: Answers) -> Result<Done, CommandError> {
        answers.say(&Event::connecting(url))?;
        let mut socket = match Socket::open(url, &[]).await {
            Ok(socket) => socket,
            Err(why) => {
                answers.say(&Event::not_opened(&why))?;
                return Ok(Done::No);
            }
        };
        answers.say(&Event::open(socket.subprotocol.as_deref()))?;
        let mut lines = BufReader::new(stdin()).lines();
        let mut has_lines = true;
        let end = self.end();
        tokio::pin!(end);
        loop {
            tokio::select! {
                frame = socket.next() => {
                    answers.say(&Event::of(&frame))?;
                    if matches!(frame, Frame::Close(_) | Frame::Broken(_)) {
                        return Ok(Done::Well);
                    }
                }
                line = lines.next_line(), if has_lines => match line {
                    Ok(Some(line)) => {
                        answers.say(&Event::sent(&line))?;
                        socket.send(&line).await;
                    }
                    _ => has_lines = false,
                },
                () = &mut end => {
                    socket.close().await;
                    return Ok(Done::Well);
                }
            }
        }
    }

    fn chatter_id(&self) -> Result<Option<ChatterId>, CommandError> {
        let text = match self.chatter.as_deref() {
            None => return Ok(None),
            Some("-") => io::read_to_string(io::stdin())?,
            Some(text) => text.to_owned(),
        };
        let wrong = "--chatter: must be a chatter ID: 36 characters, a UUID with hyphens";
        let chatter_id = ChatterId::parse(text.trim());
        chatter_id
            .map(Some)
            .ok_or_else(|| CommandError::Argument(wrong.to_owned()))
    }

    /// Ctrl-C, or the end of the time that was given.
    async fn end(&self) {
        let time = async {
            match self.time {
                Some(time) => sleep_until(Instant::now() + time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = time => {}
        }
    }
}
