//! A page on a socket of this terminal: the rules are `chatterbox_page`'s, the waits between sockets the browser client's.

use super::{Answers, CommandError, Done, Event};
use crate::socket::{Frame, Socket, credentials};
use chatterbox_core::{ChatterId, Login};
use chatterbox_page::{
    HangUp, Options, Output, Page, Topics,
    timing::{LONGEST_WAIT, REFUSED_AFTER, REFUSED_WAIT, REPLACED_WAIT, SECOND, STABLE_AFTER},
};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::tungstenite::http::header;

pub(super) struct Listener {
    page: Page,
    url: String,
    subprotocols: String,
    socket: Option<Socket>,
    began: Instant,
    answers: Answers,
    /// How many sockets in a row did not open, or were not open for long.
    attempts: u32,
}

/// What follows the end of a socket.
enum Next {
    Wait(Duration),
    End(Done),
}

impl Listener {
    pub(super) fn new(
        login: &Login,
        chatter_id: &ChatterId,
        topics: &[String],
        url: String,
        answers: Answers,
    ) -> Listener {
        let options = Options {
            login: login.as_str().to_owned(),
            topics: Topics::of(topics),
            seed: fastrand::u64(..),
            ..Options::default()
        };
        Listener {
            page: Page::new(options, Duration::ZERO),
            url: with_topics(url, topics),
            subprotocols: credentials(login, chatter_id),
            socket: None,
            began: Instant::now(),
            answers,
            attempts: 0,
        }
    }

    /// Opens sockets, one after the other, until the server says that there is no use.
    pub(super) async fn listen(&mut self) -> Result<Done, CommandError> {
        loop {
            let next = match self.open().await? {
                Some(since) => self.live(since).await?,
                None => Next::Wait(self.wait()),
            };
            match next {
                Next::End(done) => return Ok(done),
                Next::Wait(wait) => {
                    self.answers.say(&Event::waiting(wait))?;
                    sleep(wait).await;
                }
            }
        }
    }

    /// Closes the socket, if there is one.
    pub(super) async fn close(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.close().await;
        }
    }

    /// Opens a socket, and says since when it is open.
    async fn open(&mut self) -> Result<Option<Instant>, CommandError> {
        self.attempts += 1;
        self.answers.say(&Event::connecting(&self.url))?;
        let headers = [(header::SEC_WEBSOCKET_PROTOCOL, self.subprotocols.as_str())];
        match Socket::open(&self.url, &headers).await {
            Ok(socket) => {
                self.answers.say(&Event::open(socket.subprotocol.as_deref()))?;
                self.socket = Some(socket);
                Ok(Some(Instant::now()))
            }
            Err(why) => {
                self.answers.say(&Event::not_opened(&why))?;
                Ok(None)
            }
        }
    }

    /// Lives with the open socket until it ends, and says what follows.
    async fn live(&mut self, since: Instant) -> Result<Next, CommandError> {
        let mut output = self.page.opened(self.began.elapsed());
        loop {
            if let Some(next) = self.follow(output).await? {
                return Ok(next);
            }
            let Some(socket) = &mut self.socket else {
                return Ok(Next::Wait(self.wait()));
            };
            let deadline = self
                .page
                .deadline()
                .map_or(LONGEST_WAIT, |at| at.saturating_sub(self.began.elapsed()));
            output = tokio::select! {
                frame = socket.next() => {
                    self.answers.say(&Event::of(&frame))?;
                    match frame {
                        Frame::Text(text) => self.page.received(&text, self.began.elapsed()),
                        Frame::Other(_) => Output::default(),
                        Frame::Close(_) | Frame::Broken(_) => {
                            self.page.lost();
                            self.socket = None;
                            if since.elapsed() >= STABLE_AFTER {
                                self.attempts = 0;
                            }
                            Output::default()
                        }
                    }
                }
                () = sleep_until(Instant::now() + deadline) => self.page.time(self.began.elapsed()),
            };
        }
    }

    /// Shows and sends what the page wants; says what follows if it hangs up.
    async fn follow(&mut self, output: Output) -> Result<Option<Next>, CommandError> {
        for update in &output.shows {
            self.answers.say(&Event::update(update))?;
        }
        for failure in &output.failures {
            self.answers.say(&Event::failure(&failure.code, &failure.message))?;
        }
        if let Some(synced) = output.synced {
            self.answers.say(&Event::synced(synced))?;
        }
        for request in &output.sends {
            let text = request.to_text();
            self.answers.say(&Event::sent(&text))?;
            if let Some(socket) = &mut self.socket {
                socket.send(&text).await;
            }
        }
        let Some(hang_up) = output.hangs_up else {
            return Ok(None);
        };
        self.close().await;
        let (why, reason, next) = match hang_up {
            HangUp::Reconnect => (
                "by this page, which opens another socket",
                "lost",
                Next::Wait(self.wait()),
            ),
            HangUp::Replaced => (
                "by this page: newer sockets of this login took its place",
                "replaced",
                Next::Wait(REPLACED_WAIT.mul_f64(1.0 + fastrand::f64())),
            ),
            HangUp::Closed => (
                "by this page, for good: the chatter ID is no longer good",
                "revoked",
                Next::End(Done::No),
            ),
        };
        self.answers.say(&Event::ends(why, reason))?;
        Ok(Some(next))
    }

    /// The random wait before the next socket.
    fn wait(&self) -> Duration {
        let longest = if self.attempts >= REFUSED_AFTER {
            REFUSED_WAIT
        } else {
            LONGEST_WAIT
        };
        let ceiling = SECOND.saturating_mul(2u32.saturating_pow(self.attempts.saturating_sub(1)));
        ceiling.min(longest).mul_f64(fastrand::f64())
    }
}

/// The URL with the topics that its socket is to listen to.
fn with_topics(url: String, topics: &[String]) -> String {
    if topics.is_empty() {
        return url;
    }
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("topic", &topics.join(","))
        .finish();
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}{query}")
}
