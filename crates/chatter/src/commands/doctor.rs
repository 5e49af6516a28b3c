//! `chatter doctor`: tries each thing that has to work, one after the other, and says of what does not what to do.

mod address;
mod check;
mod functions;
mod handshake;
mod hear;
mod page;
mod scene;
mod tables;
mod watch;

use super::{CommandError, Done, answer::Answers};
use crate::place::{Place, PlaceArguments};
use chatterbox_core::{ChatterId, ConnectionId, Login, Presence};
use check::{Check, Mark};
use scene::Scene;
use std::time::Duration;
use url::Url;

/// Look for what is wrong, by trying each thing between a browser and its updates, and say what to do.
///
/// The name, the network, TLS, the handshake, heartbeats and syncs, two clients at once, an update, revocation, tables and
/// functions.
#[derive(Clone, Debug, clap::Args)]
pub struct Doctor {
    /// Where browsers connect; without it, where the system itself says.
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// The login that the trials are done with. It gets a chatter ID, which is taken back at the end.
    #[arg(long, value_parser = super::login, default_value = "chatter-doctor")]
    login: Login,
    /// Try this chatter ID of the login too, as a browser that is refused has it.
    #[arg(long, value_name = "ID")]
    chatter: Option<String>,
    /// Try the handshake of a page of this origin, as `https://www.example.com`.
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// A page of the site: whether its content security policy and its scheme let it open the socket.
    #[arg(long, value_name = "URL")]
    page: Option<String>,
    /// Leave a socket silent for this long, to find what ends silent connections: 70s finds proxies that wait a minute.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    idle: Option<Duration>,
}

/// What the trials have found so far.
struct Findings {
    answers: Answers,
    wrong: usize,
    right: usize,
}

impl Findings {
    /// Says what was found, and whether it is right.
    fn add(&mut self, check: &Check) -> Result<bool, CommandError> {
        self.answers.say(check)?;
        match check.mark {
            Mark::Right => self.right += 1,
            Mark::Wrong => self.wrong += 1,
            Mark::NotTried => {}
        }
        Ok(check.mark == Mark::Right)
    }

    fn add_all(&mut self, checks: &[Check]) -> Result<bool, CommandError> {
        checks.iter().try_fold(true, |all, check| Ok(self.add(check)? && all))
    }
}

/// How long the chatter ID of the trials is good.
const LIFE: Duration = Duration::from_secs(600);

impl Doctor {
    /// Runs the command.
    ///
    /// # Errors
    /// If nobody reads the answers. What does not work is an answer, and no error.
    pub async fn run(&self, place: &PlaceArguments, answers: Answers) -> Result<Done, CommandError> {
        let mut findings = Findings {
            answers,
            wrong: 0,
            right: 0,
        };
        let place = match place.find().await {
            Ok(place) => {
                findings.add(&Check::right("system", format!("{} is there", place.name)))?;
                Some(place)
            }
            Err(error) if self.url.is_some() => {
                findings.add(&Check::not_tried(
                    "system",
                    format!("{error}. What needs it is not tried"),
                ))?;
                None
            }
            Err(error) => {
                findings.add(&Check::wrong(
                    "system",
                    error.to_string(),
                    "Start it (`make run`), mend what --stack or AWS's variables say, or give the URL of the sockets.",
                ))?;
                return Ok(Done::No);
            }
        };
        let url = self.url.clone().or_else(|| place.as_ref()?.socket_url.clone());
        if let Some(url) = url {
            self.look_from_outside(&url, place.as_ref(), &mut findings).await?;
        }
        if let Some(place) = &place {
            look_inside(place, &mut findings).await?;
        }
        let Findings { right, wrong, .. } = findings;
        answers.progress(&format!("right: {right}, wrong: {wrong}"));
        Ok(if wrong == 0 { Done::Well } else { Done::No })
    }

    /// What a browser meets, in its order; what cannot work after a failure is not tried.
    async fn look_from_outside(
        &self,
        url: &str,
        place: Option<&Place>,
        findings: &mut Findings,
    ) -> Result<(), CommandError> {
        let parsed = match address::parse(url) {
            Ok(parsed) => parsed,
            Err(check) => return findings.add(&check).map(drop),
        };
        if let Some(page) = &self.page {
            findings.add_all(&page::look(page, &parsed).await)?;
        }
        if !findings.add_all(&address::reach(&parsed).await)? {
            return Ok(());
        }
        let (checks, is_ours) = handshake::without_credentials(url).await;
        findings.add_all(&checks)?;
        if is_ours && let Some(text) = &self.chatter {
            findings.add(&handshake::of_user(url, &self.login, text, self.origin.as_deref(), place).await)?;
        }
        match place {
            Some(place) if is_ours => self.try_it(url, &parsed, place, findings).await,
            _ => Ok(()),
        }
    }

    /// Uses the system as two browsers and a pipeline do.
    async fn try_it(
        &self,
        url: &str,
        parsed: &Url,
        place: &Place,
        findings: &mut Findings,
    ) -> Result<(), CommandError> {
        let chatter_id = match place.chatters().issue(&self.login, LIFE).await {
            Ok(chatter_id) => chatter_id,
            Err(error) => return findings.add(&tables::no_answer("chatters", &error)).map(drop),
        };
        let (check, clients) = handshake::two_clients(url, &self.login, &chatter_id, self.origin.as_deref()).await;
        if findings.add(&check)?
            && let Some([one, other]) = clients
        {
            let scene = Scene {
                place,
                login: &self.login,
                chatter_id: &chatter_id,
                idle: self.idle,
            };
            scene.play([one, other], findings).await?;
        } else {
            let forgotten = place.chatters().forget(&self.login, &chatter_id.hash()).await;
            if let Err(error) = forgotten {
                findings.add(&tables::no_answer("chatters", &error))?;
            }
        }
        findings
            .add(&handshake::foreign(url, parsed, &self.login, &ChatterId::random()).await)
            .map(drop)
    }
}

/// What no browser sees: the tables, the functions and the address to which posts go.
async fn look_inside(place: &Place, findings: &mut Findings) -> Result<(), CommandError> {
    findings.add(&callback(place).await)?;
    findings.add_all(&tables::look(place).await)?;
    findings.add_all(&functions::look(place).await)?;
    if let Some(stack) = &place.stack {
        findings.add_all(&watch::look(place, stack).await)?;
    }
    Ok(())
}

/// Asks about a socket that does not exist, which only the right address answers with 410.
async fn callback(place: &Place) -> Check {
    const NOBODY: &str = "AAAAAAAAAAAAAAA=";
    let url = &place.callback_url;
    match place.poster().look(&ConnectionId::new(NOBODY)).await {
        Presence::Gone => Check::right("callback URL", format!("{url} serves @connections")),
        Presence::Open => Check::wrong(
            "callback URL",
            format!("{url} knows a socket that nobody has"),
            "It is no API Gateway: compare it with the output CallbackUrl.",
        ),
        Presence::Unknown(Some(403)) => Check::wrong(
            "callback URL",
            format!("{url} answers 403"),
            "Either the address is not API Gateway's own (a custom domain and CloudFront serve no @connections): use the output CallbackUrl. Or these credentials lack execute-api:ManageConnections.",
        ),
        Presence::Unknown(status) => Check::wrong(
            "callback URL",
            format!(
                "{url} answers {}",
                status.map_or("nothing".to_owned(), |status| status.to_string())
            ),
            "Compare it with the output CallbackUrl: notify posts there, and no update reaches a browser without it.",
        ),
    }
}
