//! The scene of every report: two clients are connected, one sends something, and the other must not notice. Then an update, a
//! client that goes, and a logout. So each of the five functions does what it is there for, with the rights that it needs for it.

use super::{
    Check, CommandError, Findings,
    hear::{PATIENCE, Unheard, ask, end, hear},
};
use crate::{commands::notify::invoke, place::Place, socket::Socket};
use chatterbox_core::{ChatterId, Login, StoreError};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

const PING: &str = r#"{"action":"ping"}"#;

/// What the scene is played with.
pub(super) struct Scene<'a> {
    pub(super) place: &'a Place,
    pub(super) login: &'a Login,
    /// What both clients opened their sockets with. It is taken back at the end.
    pub(super) chatter_id: &'a ChatterId,
    /// How long a socket is left silent; `None` does not try it.
    pub(super) idle: Option<Duration>,
}

impl Scene<'_> {
    /// Plays all of it.
    pub(super) async fn play(
        &self,
        [mut one, mut other]: [Socket; 2],
        findings: &mut Findings,
    ) -> Result<(), CommandError> {
        let pong = ask(&mut one, PING, is_pong).await;
        let synced = ask(&mut one, &self.question(), is_answer_to_sync).await;
        if let (Err(Unheard::Silent), Err(Unheard::Silent)) = (&pong, &synced) {
            findings.add(&nothing_comes())?;
            self.place
                .chatters()
                .forget(self.login, &self.chatter_id.hash())
                .await?;
            return Ok(());
        }
        findings.add(&heartbeat(pong))?;
        findings.add(&sync(synced))?;
        findings.add(&alone(&mut one, &mut other).await)?;
        findings.add(&self.update([&mut one, &mut other]).await)?;
        findings.add(&self.silence(&mut other, findings).await)?;
        findings.add(&self.disconnect(one).await)?;
        findings.add(&self.revocation(other).await)?;
        Ok(())
    }

    fn question(&self) -> String {
        json!({"action": "sync", "login": self.login.as_str(), "cursor": null, "n": 1}).to_string()
    }

    /// The pipeline tells of an update, and both clients get it.
    async fn update(&self, clients: [&mut Socket; 2]) -> Check {
        const WHAT: &str = "update";
        let id = format!("doctor-{}", uuid::Uuid::new_v4());
        let event = json!({"logins": [self.login.as_str()], "topics": ["chatter-doctor"], "id": id}).to_string();
        let began = Instant::now();
        let report = match invoke(self.place, &event).await {
            Ok((report, false)) => report,
            Ok((report, true)) => return Check::error(WHAT, &format!("notify failed: {}", report["errorMessage"])),
            Err(error) => return Check::error(WHAT, &error.to_string()),
        };
        for socket in clients {
            let got = hear(socket, |message| {
                message["type"] == "stats-updated" && message["id"] == id.as_str()
            })
            .await;
            if let Err(why) = got {
                let found = format!("notify's report is {report}, and a browser: {why}");
                return Check::wrong(
                    WHAT,
                    found,
                    "`chatter explain` knows the report's words. `sent` without a push means that the callback URL is that of another stage or API.",
                );
            }
        }
        Check::right(
            WHAT,
            format!(
                "it reaches both clients, {} ms after notify was invoked",
                began.elapsed().as_millis()
            ),
        )
    }

    /// A client says nothing for a while: does anything between end its connection?
    async fn silence(&self, socket: &mut Socket, findings: &Findings) -> Check {
        const WHAT: &str = "silence";
        let Some(idle) = self.idle else {
            return Check::not_tried(
                WHAT,
                "whether something between ends connections on which nothing is said; --idle 70s finds those that wait a minute",
            );
        };
        let seconds = idle.as_secs_f64();
        findings
            .answers
            .progress(&format!("a socket is left silent for {seconds} s"));
        let began = Instant::now();
        let how = match timeout(idle, end(socket)).await {
            Ok(how) => how,
            Err(_) => match ask(socket, PING, is_pong).await {
                Ok(_) => return Check::right(WHAT, format!("a socket lives on after {seconds} s without a word")),
                Err(why) => why.to_string(),
            },
        };
        Check::wrong(
            WHAT,
            format!(
                "a socket on which nothing is said ends after {:.0} s: {how}",
                began.elapsed().as_secs_f64()
            ),
            "Something between ends silent connections, API Gateway only after ten minutes. Let that proxy or load balancer wait longer (in nginx, proxy_read_timeout), or set the client's option heartbeat to less than its time.",
        )
    }

    /// A client goes, and its row with it.
    async fn disconnect(&self, client: Socket) -> Check {
        const WHAT: &str = "disconnect";
        let before = match self.rows().await {
            Ok(rows) => rows,
            Err(error) => return Check::error(WHAT, &error.to_string()),
        };
        client.close().await;
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            match self.rows().await {
                Ok(rows) if rows < before => {
                    return Check::right(WHAT, "the row of a socket that was closed is deleted");
                }
                Ok(_) => sleep(Duration::from_millis(200)).await,
                Err(error) => return Check::error(WHAT, &error.to_string()),
            }
        }
        Check::wrong(
            WHAT,
            format!(
                "the row of a socket that was closed is still there after {} s",
                PATIENCE.as_secs()
            ),
            "Look into disconnect's log: does it lack a right, or is there no line, since the route $disconnect is missing or may not invoke it? Each row is deleted when a post to it is answered 410, or expires.",
        )
    }

    /// How many sockets of this chatter ID are on record.
    async fn rows(&self) -> Result<usize, StoreError> {
        let rows = self.place.connections().of(self.login).await?;
        let hash = self.chatter_id.hash();
        Ok(rows.iter().filter(|row| row.chatter_hash == hash).count())
    }

    /// The site deletes the chatter ID's item, as a backend does at logout: revoke tells the socket, and closes it.
    async fn revocation(&self, mut client: Socket) -> Check {
        const WHAT: &str = "revocation";
        let deleted = self.place.chatters().forget(self.login, &self.chatter_id.hash()).await;
        if let Err(error) = deleted {
            return Check::error(WHAT, &error.to_string());
        }
        let told = hear(&mut client, |message| {
            message["type"] == "closing" && message["reason"] == "revoked"
        });
        match told.await {
            Ok(_) => Check::right(
                WHAT,
                "the socket of a chatter ID that is deleted is told so, and closed",
            ),
            Err(why) => Check::wrong(
                WHAT,
                format!("a chatter ID is deleted, and the socket that it opened: {why}"),
                "Look into revoke's log: does it lack a right, or is there no line, since its event source mapping is off or the table chatters has no stream? Until then a socket stays for up to two hours after the logout.",
            ),
        }
    }
}

fn is_pong(message: &Value) -> bool {
    message["type"] == "pong"
}

fn is_answer_to_sync(message: &Value) -> bool {
    message["type"] == "sync" || message["type"] == "error" || message.get("requestId").is_some()
}

/// A socket opens, and then brings nothing whatever.
fn nothing_comes() -> Check {
    Check::wrong(
        "messages",
        format!(
            "a socket opens, and brings neither a pong nor the answer to a sync within {} s",
            PATIENCE.as_secs()
        ),
        "Something between keeps what the server sends: a proxy that buffers (in nginx, proxy_buffering off and proxy_http_version 1.1), or one that scans. Try the output WebSocketUrl itself: if that works, it is the proxy.",
    )
}

fn heartbeat(pong: Result<Value, Unheard>) -> Check {
    match pong {
        Ok(_) => Check::right("heartbeat", "a ping is answered with a pong"),
        Err(why) => Check::wrong(
            "heartbeat",
            why.to_string(),
            "The route ping has its answer in the API itself (a MOCK integration with a route response): is it deployed?",
        ),
    }
}

fn sync(answer: Result<Value, Unheard>) -> Check {
    match answer {
        Ok(message) if message["type"] == "sync" => Check::right("sync", "a page is told what it has missed"),
        Ok(message) => {
            let text = message["code"]
                .as_str()
                .or_else(|| message["message"].as_str())
                .unwrap_or("?");
            Check::error("sync", text)
        }
        Err(why) => Check::wrong(
            "sync",
            why.to_string(),
            "Look into default's log. Without any line there, the route $default has no route response, or API Gateway may not invoke the function.",
        ),
    }
}

/// One client sends what nobody understands: it is told so, and both stay connected.
async fn alone(one: &mut Socket, other: &mut Socket) -> Check {
    const WHAT: &str = "two clients";
    let told = ask(one, "this is no message", |message| message["type"] == "error").await;
    let sender = ask(one, PING, is_pong).await;
    let neighbour = ask(other, PING, is_pong).await;
    let remedy = "Look at what closed it: `chatter listen` on the other client says the close code, and explain that. A row that is keyed by login alone, or a page that closes its socket at a message it does not know, does this.";
    match (told, sender, neighbour) {
        (Ok(_), Ok(_), Ok(_)) => Check::right(WHAT, "a message of one leaves the other alone"),
        (_, _, Err(why)) => Check::wrong(
            WHAT,
            format!("after a message of one client, the other one: {why}"),
            remedy,
        ),
        (_, Err(why), _) => Check::wrong(
            WHAT,
            format!("after a message that is not understood, its sender: {why}"),
            remedy,
        ),
        (Err(why), _, _) => Check::wrong(
            WHAT,
            format!("a message that is not understood is not answered: {why}"),
            "Look into default's log.",
        ),
    }
}
