//! Handshakes: one without credentials, which must be refused; those of a user, of two clients, and of a stranger.

use super::{Check, address::host};
use crate::{
    place::Place,
    socket::{NotOpened, Socket, credentials},
};
use chatterbox_core::{ChatterId, Login, Standing};
use std::time::{Duration, SystemTime};
use tokio_tungstenite::tungstenite::http::{HeaderName, header};
use url::Url;

/// By how much this machine's clock may differ from the server's. AWS refuses signatures from five minutes on, and notify logs
/// times that are more than a minute ahead.
const SKEW: Duration = Duration::from_secs(60);

/// Asks for a socket without credentials, and says whether a Chatterbox has refused it.
pub(super) async fn without_credentials(url: &str) -> (Vec<Check>, bool) {
    match Socket::open(url, &[]).await {
        Ok(socket) => {
            socket.close().await;
            let remedy = "Whoever answers there is no Chatterbox, or its $connect route has lost its function.";
            (
                vec![Check::wrong("handshake", "a socket opens without credentials", remedy)],
                false,
            )
        }
        Err(NotOpened::Refused(refusal)) => {
            let mut checks = vec![match refusal.status {
                401 => Check::right(
                    "handshake",
                    "connect runs, and refuses whoever has no credentials (401)",
                ),
                _ => Check::refused("handshake", &refusal),
            }];
            checks.extend(refusal.date.map(clock));
            (checks, refusal.status == 401)
        }
        Err(other) => (vec![Check::error("TLS and handshake", &other.to_string())], false),
    }
}

/// Compares this machine's clock with the answer's `Date`.
fn clock(server: SystemTime) -> Check {
    let now = SystemTime::now();
    let (skew, direction) = match now.duration_since(server) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    if skew <= SKEW {
        return Check::right("clock", "this machine's clock agrees with the server's");
    }
    let found = format!("this machine's clock is {} s {direction} the server's", skew.as_secs());
    Check::wrong(
        "clock",
        found,
        "Set the clock: signatures fail, and updates that are sent from here count as newer or older than they are.",
    )
}

/// Tries a user's own chatter ID, and says what is wrong with it where the table tells.
pub(super) async fn of_user(
    url: &str,
    login: &Login,
    text: &str,
    origin: Option<&str>,
    place: Option<&Place>,
) -> Check {
    const WHAT: &str = "the user's chatter ID";
    let Some(chatter_id) = ChatterId::parse(text) else {
        return Check::known(WHAT, "it is no chatter ID", "refusal", "malformed");
    };
    let standing = match place {
        Some(place) => place.chatters().standing(login, &chatter_id.hash()).await.ok(),
        None => None,
    };
    let refusal = match standing {
        Some(Standing::Unknown) => Some("unknown"),
        Some(Standing::Expired) => Some("expired"),
        Some(Standing::BadExpiry) => Some("bad-expiry"),
        Some(Standing::Good) | None => None,
    };
    if let Some(name) = refusal {
        return Check::known(WHAT, &format!("it is refused, as {name}"), "refusal", name);
    }
    match open(url, login, &chatter_id, origin).await {
        Ok(socket) => {
            socket.close().await;
            Check::right(WHAT, format!("it opens a socket of {}", login.as_str()))
        }
        Err(why) => refused(WHAT, &why),
    }
}

/// Opens two sockets of a login, as two browsers do.
pub(super) async fn two_clients(
    url: &str,
    login: &Login,
    chatter_id: &ChatterId,
    origin: Option<&str>,
) -> (Check, Option<[Socket; 2]>) {
    const WHAT: &str = "credentials";
    let opened = (
        open(url, login, chatter_id, origin).await,
        open(url, login, chatter_id, origin).await,
    );
    let (one, other) = match opened {
        (Ok(one), Ok(other)) => (one, other),
        (Err(why), _) | (_, Err(why)) => return (refused(WHAT, &why), None),
    };
    let chosen = one.subprotocol.as_deref();
    if chosen != Some("chatterbox.v1") {
        let found =
            format!("the answer names the subprotocol {chosen:?} and not chatterbox.v1: browsers close such a socket");
        return (
            Check::wrong(
                WHAT,
                found,
                "Something between removes Sec-WebSocket-Protocol from the answer, or connect is an old one.",
            ),
            None,
        );
    }
    (
        Check::right(
            WHAT,
            "a chatter ID that was issued just now opens two sockets, with the subprotocol chatterbox.v1",
        ),
        Some([one, other]),
    )
}

/// Tries a chatter ID that nobody has issued.
pub(super) async fn foreign(url: &str, parsed: &Url, login: &Login, chatter_id: &ChatterId) -> Check {
    const WHAT: &str = "a stranger";
    match open(url, login, chatter_id, None).await {
        Err(NotOpened::Refused(refusal)) if refusal.status == 401 => {
            Check::right(WHAT, "a chatter ID that was not issued opens nothing (401)")
        }
        Ok(socket) => {
            socket.close().await;
            let remedy = "Close it to the public: its $connect does not check chatter IDs.";
            Check::wrong(
                WHAT,
                format!("a chatter ID that was not issued opens a socket at {}", host(parsed)),
                remedy,
            )
        }
        Err(why) => refused(WHAT, &why),
    }
}

fn refused(what: &'static str, why: &NotOpened) -> Check {
    match why {
        NotOpened::Refused(refusal) => Check::refused(what, refusal),
        other => Check::error(what, &other.to_string()),
    }
}

async fn open(url: &str, login: &Login, chatter_id: &ChatterId, origin: Option<&str>) -> Result<Socket, NotOpened> {
    let subprotocols = credentials(login, chatter_id);
    let mut headers: Vec<(HeaderName, &str)> = vec![(header::SEC_WEBSOCKET_PROTOCOL, &subprotocols)];
    headers.extend(origin.map(|origin| (header::ORIGIN, origin)));
    Socket::open(url, &headers).await
}
