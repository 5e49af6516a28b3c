//! The scene of every report: two clients are connected, one sends something, and the other must not notice. Then an update,
//! and a logout.

use super::{Check, CommandError, Findings};
use crate::{
    commands::notify::invoke,
    place::Place,
    socket::{Frame, Socket},
};
use chatterbox_core::{ChatterId, Login};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long an answer may take: a cold start, and a table that is slow.
const PATIENCE: Duration = Duration::from_secs(15);

/// Plays all of it, and takes the chatter ID back.
pub(super) async fn play(
    [mut one, mut other]: [Socket; 2],
    place: &Place,
    login: &Login,
    chatter_id: &ChatterId,
    findings: &mut Findings,
) -> Result<(), CommandError> {
    findings.add(&heartbeat(&mut one).await)?;
    findings.add(&sync(&mut one, login).await)?;
    findings.add(&alone(&mut one, &mut other).await)?;
    findings.add(&update([&mut one, &mut other], place, login).await)?;
    findings.add(&revocation([one, other], place, login, chatter_id).await)?;
    Ok(())
}

async fn heartbeat(socket: &mut Socket) -> Check {
    match ask(socket, r#"{"action":"ping"}"#, |message| message["type"] == "pong").await {
        Ok(_) => Check::right("heartbeat", "a ping is answered with a pong"),
        Err(why) => Check::wrong(
            "heartbeat",
            why,
            "The route ping has its answer in the API itself (a MOCK integration with a route response): is it deployed?",
        ),
    }
}

async fn sync(socket: &mut Socket, login: &Login) -> Check {
    let question = json!({"action": "sync", "login": login.as_str(), "cursor": null, "n": 1}).to_string();
    let remedy = "Look into default's log. Without any line there, the route $default has no route response, or API Gateway may not invoke the function.";
    match ask(socket, &question, |message| {
        message["type"] == "sync" || message["type"] == "error" || message.get("requestId").is_some()
    })
    .await
    {
        Ok(message) if message["type"] == "sync" => Check::right("sync", "a page is told what it has missed"),
        Ok(message) => {
            let text = message["code"]
                .as_str()
                .or_else(|| message["message"].as_str())
                .unwrap_or("?");
            Check::error("sync", text)
        }
        Err(why) => Check::wrong("sync", why, remedy),
    }
}

/// One client sends what nobody understands: it is told so, and both stay connected.
async fn alone(one: &mut Socket, other: &mut Socket) -> Check {
    const WHAT: &str = "two clients";
    let told = ask(one, "this is no message", |message| message["type"] == "error").await;
    let sender = ask(one, r#"{"action":"ping"}"#, |message| message["type"] == "pong").await;
    let neighbour = ask(other, r#"{"action":"ping"}"#, |message| message["type"] == "pong").await;
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

/// The pipeline tells of an update, and both clients get it.
async fn update(clients: [&mut Socket; 2], place: &Place, login: &Login) -> Check {
    const WHAT: &str = "update";
    let id = format!("doctor-{}", uuid::Uuid::new_v4());
    let event = json!({"logins": [login.as_str()], "topics": ["chatter-doctor"], "id": id}).to_string();
    let began = Instant::now();
    let report = match invoke(place, &event).await {
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

/// The site takes the chatter ID back: both sockets are told and closed.
async fn revocation(clients: [Socket; 2], place: &Place, login: &Login, chatter_id: &ChatterId) -> Check {
    const WHAT: &str = "revocation";
    if let Err(error) = place.revocation().revoke(login, &chatter_id.hash()).await {
        return Check::error(WHAT, &error.to_string());
    }
    for mut socket in clients {
        let told = hear(&mut socket, |message| {
            message["type"] == "closing" && message["reason"] == "revoked"
        })
        .await;
        if let Err(why) = told {
            return Check::wrong(
                WHAT,
                format!("the chatter ID is taken back, and a socket that it opened: {why}"),
                "Look at the callback URL, and at revoke's log.",
            );
        }
    }
    Check::right(
        WHAT,
        "a chatter ID that is taken back closes its sockets, which are told before",
    )
}

/// Sends a message, and waits for an answer of this kind.
async fn ask(socket: &mut Socket, message: &str, is_it: impl Fn(&Value) -> bool) -> Result<Value, String> {
    socket.send(message).await;
    hear(socket, is_it).await
}

/// Waits for a message of this kind; others are skipped.
async fn hear(socket: &mut Socket, is_it: impl Fn(&Value) -> bool) -> Result<Value, String> {
    let wait = async {
        loop {
            match socket.next().await {
                Frame::Text(text) => match serde_json::from_str::<Value>(&text) {
                    Ok(message) if is_it(&message) => return Ok(message),
                    _ => {}
                },
                Frame::Other(_) => {}
                Frame::Close(Some((code, why))) => return Err(format!("the socket was closed with {code} {why}")),
                Frame::Close(None) => return Err("the socket was closed with 1005".to_owned()),
                Frame::Broken(why) => return Err(format!("the connection broke (1006): {why}")),
            }
        }
    };
    timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
}
