//! `chatter trace`: one update, from the invocation of notify to a page, step by step.

mod activity;
mod cloud_watch;
mod line;

use super::{CommandError, Done, answer::Answers, notify::invoke};
use crate::{
    place::Place,
    socket::{Frame, Socket, credentials},
};
use activity::Activity;
use chatterbox_core::{ChatterId, Login, Timestamp};
use chatterbox_page::{Message, Options, Page, Push};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    fmt,
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::http::header;

/// Follow one update from the invocation of notify to a page of this terminal, step by step.
///
/// Other open pages of the login get the update too. It is recorded under a topic of its own, which is one of the 16 that a login
/// may have; --topic names another. Of a stack it shows notify's own steps too, from its log: they take some seconds to come.
#[derive(Clone, Debug, clap::Args)]
pub struct Trace {
    /// The login name, as the site knows it.
    #[arg(value_parser = super::login)]
    login: Login,
    /// What the update is about.
    #[arg(long, default_value = "chatter-trace")]
    topic: String,
    /// Where to connect, if not where the system is: a hostname of your own.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// How long a step may take before the command says that it did not happen.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the chatter ID of this command is good.
const LIFE: Duration = Duration::from_secs(600);

#[derive(Debug, Serialize)]
struct Steps {
    id: String,
    steps: Vec<Step>,
    /// What has to be known about them.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A thing that happened.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    /// Since notify was invoked.
    pub(crate) milliseconds: f64,
    pub(crate) what: String,
}

impl Step {
    fn at(time: Duration, what: String) -> Step {
        Step {
            milliseconds: time.as_secs_f64() * 1000.0,
            what,
        }
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "update {}", self.id)?;
        for Step { milliseconds, what } in &self.steps {
            write!(f, "\n{milliseconds:>9.1} ms  {what}")?;
        }
        match &self.note {
            Some(note) => write!(f, "\n{note}"),
            None => Ok(()),
        }
    }
}

/// What this terminal saw of an update: when it asked, and what it was answered and sent.
struct Seen {
    began: SystemTime,
    report: Value,
    answered: Duration,
    push: Push,
    received: Duration,
}

impl Trace {
    /// Runs the command.
    ///
    /// # Errors
    /// Where the update did not come on: which step failed.
    pub async fn run(&self, place: &Place, answers: Answers) -> Result<Done, CommandError> {
        let chatter_id = place.chatters().issue(&self.login, LIFE).await?;
        let traced = self.trace(place, &chatter_id, answers).await;
        place.chatters().forget(&self.login, &chatter_id.hash()).await?;
        answers.say(&traced?)?;
        Ok(Done::Well)
    }

    async fn trace(&self, place: &Place, chatter_id: &ChatterId, answers: Answers) -> Result<Steps, CommandError> {
        let mut socket = self.listen(place, chatter_id).await?;
        let activity = Activity::follow(place).await;
        // So short that notify's lines have it as it is, and the page of chatter local does not take it for a secret.
        let id = format!("trace-{:09x}", fastrand::u64(..1 << 36));
        let seen = self.send(place, &mut socket, &id).await;
        socket.close().await;
        let seen = seen?;
        let mut steps = vec![
            Step::at(Duration::ZERO, format!("notify is invoked for {}", self.login.as_str())),
            Step::at(
                seen.answered,
                format!("notify has answered: {}", summary(&seen.report, &self.login)),
            ),
            Step::at(
                seen.received,
                format!(
                    "this terminal's page got version {} of the log {} (before it, {})",
                    seen.push.entry.version, seen.push.epoch, seen.push.prev
                ),
            ),
        ];
        let mut note = None;
        if let Some(activity) = activity {
            steps.extend(activity.until_quiet(&id, seen.began).await);
        } else {
            let (logged, about) = logged(place, &id, &seen, answers).await;
            steps.extend(logged);
            note = about;
        }
        steps.sort_by(|one, other| one.milliseconds.total_cmp(&other.milliseconds));
        Ok(Steps { id, steps, note })
    }

    /// Invokes notify, and waits for its answer and for the push.
    async fn send(&self, place: &Place, socket: &mut Socket, id: &str) -> Result<Seen, CommandError> {
        let event = json!({
            "logins": [self.login.as_str()], "topics": [self.topic], "id": id, "body": {"trace": true}, "trace": true
        });
        let event = event.to_string();
        let (began, start) = (SystemTime::now(), Instant::now());
        let ((invoked, answered), (push, received)) =
            tokio::join!(async { (invoke(place, &event).await, start.elapsed()) }, async {
                (push(socket, id).await, start.elapsed())
            },);
        let (report, is_error) = invoked?;
        if is_error {
            return Err(CommandError::Failed(format!(
                "notify failed: {}",
                report["errorMessage"]
            )));
        }
        let push = push.ok_or_else(|| {
            let outcome = &report["logins"][self.login.as_str()];
            CommandError::Failed(format!(
                "no push came within {} s, and notify's report is {outcome}: `chatter explain` knows its words",
                PATIENCE.as_secs()
            ))
        })?;
        Ok(Seen {
            began,
            report,
            answered,
            push,
            received,
        })
    }

    /// Opens a socket as a page does, and waits until it has seen everything: then it is on record for certain.
    async fn listen(&self, place: &Place, chatter_id: &ChatterId) -> Result<Socket, CommandError> {
        let url = self.url.as_deref().or(place.socket_url.as_deref());
        let url = url.ok_or_else(|| CommandError::Failed("where browsers connect is not known".to_owned()))?;
        let subprotocols = credentials(&self.login, chatter_id);
        let opened = Socket::open(url, &[(header::SEC_WEBSOCKET_PROTOCOL, &subprotocols)]).await;
        let mut socket = opened.map_err(|why| CommandError::Failed(why.to_string()))?;
        let options = Options {
            login: self.login.as_str().to_owned(),
            ..Options::default()
        };
        let began = Instant::now();
        let mut page = Page::new(options, Duration::ZERO);
        let mut output = page.opened(Duration::ZERO);
        let sync = async {
            while !page.is_calm() {
                for request in &output.sends {
                    socket.send(&request.to_text()).await;
                }
                match socket.next().await {
                    Frame::Text(text) => output = page.received(&text, began.elapsed()),
                    Frame::Other(_) => {}
                    Frame::Close(_) | Frame::Broken(_) => return false,
                }
            }
            true
        };
        match timeout(PATIENCE, sync).await {
            Ok(true) => Ok(socket),
            Ok(false) => Err(CommandError::Failed(
                "the socket was closed before its first sync was answered".to_owned(),
            )),
            Err(_) => Err(CommandError::Failed(
                "the first sync was not answered: `chatter doctor` looks for the cause".to_owned(),
            )),
        }
    }
}

/// Waits for the push of this update.
async fn push(socket: &mut Socket, id: &str) -> Option<Push> {
    let push = async {
        loop {
            match socket.next().await {
                Frame::Text(text) => match Message::parse(&text) {
                    Message::StatsUpdated(push) if push.entry.id == id => return Some(push),
                    _ => {}
                },
                Frame::Other(_) => {}
                Frame::Close(_) | Frame::Broken(_) => return None,
            }
        }
    };
    timeout(PATIENCE, push).await.ok().flatten()
}

fn summary(report: &Value, login: &Login) -> String {
    let outcome = &report["logins"][login.as_str()];
    format!(
        "version {outcome}, sent {}, gone {}, early {}, failed {}",
        report["sent"], report["gone"], report["early"], report["failed"]
    )
}

/// notify's own steps in AWS, from its log lines; and what has to be known about them.
async fn logged(place: &Place, id: &str, seen: &Seen, answers: Answers) -> (Vec<Step>, Option<String>) {
    let began = seen
        .began
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let began = i64::try_from(began)
        .ok()
        .and_then(Timestamp::from_millis)
        .unwrap_or(Timestamp::MAX);
    match cloud_watch::lines(place, id, began, answers).await {
        Ok(lines) => {
            let (steps, ahead) = line::steps(&lines, began, seen.answered);
            let note = ahead.map(|ahead| {
                let direction = if ahead > 0.0 { "ahead of" } else { "behind" };
                format!("The functions' clock is {:.0} ms {direction} this machine's; their times are told by this machine's.", ahead.abs())
            });
            (steps, note)
        }
        Err(why) => (Vec::new(), Some(why)),
    }
}
