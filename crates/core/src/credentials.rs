//! Who a handshake says it is. A browser cannot set a header on a WebSocket, which leaves three carriers: the
//! subprotocol, the query string and cookies. The first that is present is the one that counts.

use crate::{ChatterId, Login, SocketEvent, Topics};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use percent_encoding::percent_decode;

/// The subprotocol that Chatterbox speaks, and the only one it ever answers.
pub const SUBPROTOCOL: &str = "chatterbox.v1";
/// What comes before the credentials in the item of `Sec-WebSocket-Protocol` that carries them.
const AUTH_PREFIX: &str = "chatterbox.auth.";

/// What a handshake brings.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Who it says it is.
    pub login: Login,
    /// The secret that is to prove it.
    pub chatter_id: ChatterId,
    /// What it wants to hear of; always from the query string.
    pub topics: Topics,
    /// [`SUBPROTOCOL`] if the client offered it: what `$connect` must then answer.
    pub subprotocol: Option<&'static str>,
}

/// Where credentials may come from, by the site's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carriers {
    /// The query parameter with the login.
    pub login_parameter: String,
    /// The query parameter with the chatter ID.
    pub chatter_parameter: String,
    /// The query parameter with the topics.
    pub topic_parameter: String,
    /// The cookies with login and chatter ID, where the site wants them read.
    pub cookies: Option<CookieNames>,
    /// The only values of `Origin` to accept; `None` accepts all. Cookies need a list: a WebSocket is not bound by the
    /// same-origin policy, so any page could open one with its visitor's cookies.
    pub origins: Option<Vec<String>>,
}

/// The names of the two cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieNames {
    /// The cookie with the login.
    pub login: String,
    /// The cookie with the chatter ID.
    pub chatter: String,
}

/// Why a handshake is turned away: a value, not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There are no credentials, or they cannot be any.
    Malformed,
    /// Credentials in a subprotocol, but no subprotocol that we could answer: the client would drop the socket.
    NoSubprotocol,
    /// A page of another site.
    Origin,
    /// No such login, or not its chatter ID. Which of the two is not told apart, not even here.
    Unknown,
    /// It was right once.
    Expired,
    /// The site gave the chatter ID an `expires_at` that cannot be meant: no number, or more than ten years ahead, which is
    /// what milliseconds in place of seconds look like. Refused, so that the mistake shows at the first login.
    BadExpiry,
}

impl Refusal {
    /// The handshake's status. Unknown, wrong and expired look alike from outside.
    pub fn status(self) -> u16 {
        match self {
            Refusal::Malformed | Refusal::Unknown | Refusal::Expired | Refusal::BadExpiry => 401,
            Refusal::NoSubprotocol => 400,
            Refusal::Origin => 403,
        }
    }

    /// The word for logs and metrics.
    pub fn reason(self) -> &'static str {
        match self {
            Refusal::Malformed => "malformed",
            Refusal::NoSubprotocol => "no-subprotocol",
            Refusal::Origin => "origin",
            Refusal::Unknown => "unknown",
            Refusal::Expired => "expired",
            Refusal::BadExpiry => "bad-expiry",
        }
    }
}

impl Credentials {
    /// Reads a handshake, which costs nothing but this machine's time: no table is asked.
    ///
    /// # Errors
    /// A [`Refusal`] other than `Unknown` and `Expired`, which only the table can tell.
    pub fn read(event: &SocketEvent, carriers: &Carriers) -> Result<Credentials, Refusal> {
        let from_browser = carriers.check_origin(event)?;
        let offered = offered_subprotocols(event);
        let subprotocol = offered.contains(&SUBPROTOCOL).then_some(SUBPROTOCOL);
        let (login, chatter_id) = if let Some(pair) = read_subprotocol(&offered)? {
            subprotocol.ok_or(Refusal::NoSubprotocol)?;
            pair
        } else if let Some(pair) = carriers.read_query(event)? {
            pair
        } else if let Some(pair) = carriers.read_cookies(event, from_browser)? {
            pair
        } else {
            return Err(Refusal::Malformed);
        };
        let topics = only(event.query(&carriers.topic_parameter).into_iter().map(Topics::parse))?;
        Ok(Credentials {
            login,
            chatter_id,
            topics: topics.unwrap_or(Topics::All),
            subprotocol,
        })
    }
}

/// What a carrier brings.
type Pair = (Login, ChatterId);

impl Carriers {
    /// Whether the handshake has an `Origin`, as browsers always send; refused if that one is not on the list.
    fn check_origin(&self, event: &SocketEvent) -> Result<bool, Refusal> {
        let origin = only(event.header("origin").into_iter().map(Some)).map_err(|_| Refusal::Origin)?;
        let is_listed = |origin| {
            self.origins
                .as_ref()
                .is_none_or(|list| list.iter().any(|listed| listed == origin))
        };
        if origin.is_some_and(|origin| !is_listed(origin)) {
            return Err(Refusal::Origin);
        }
        Ok(origin.is_some())
    }

    fn read_query(&self, event: &SocketEvent) -> Result<Option<Pair>, Refusal> {
        let (logins, ids) = (event.query(&self.login_parameter), event.query(&self.chatter_parameter));
        pair(
            only(logins.into_iter().map(Login::parse))?,
            only(ids.into_iter().map(ChatterId::parse))?,
        )
    }

    fn read_cookies(&self, event: &SocketEvent, from_browser: bool) -> Result<Option<Pair>, Refusal> {
        let Some(names) = self.cookies.as_ref().filter(|_| from_browser) else {
            return Ok(None);
        };
        let headers = event.header("cookie");
        let cookies: Vec<(&str, &str)> = headers
            .iter()
            .flat_map(|header| header.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .collect();
        let values = |name: &str| {
            let named = cookies.iter().filter(move |(key, _)| *key == name);
            named.map(|(_, value)| cookie_value(value)).collect::<Vec<_>>()
        };
        let (logins, ids) = (values(&names.login), values(&names.chatter));
        pair(
            only(logins.into_iter().map(|value| Login::parse(&value?)))?,
            only(ids.into_iter().map(|value| ChatterId::parse(&value?)))?,
        )
    }
}

/// Both, neither (this carrier is not in use), or malformed.
fn pair(login: Option<Login>, chatter_id: Option<ChatterId>) -> Result<Option<Pair>, Refusal> {
    match (login, chatter_id) {
        (Some(login), Some(chatter_id)) => Ok(Some((login, chatter_id))),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(Refusal::Malformed),
    }
}

/// The only value, be it given once or several times, in whatever spelling; `None` among the values is one that could not be
/// read. Two that differ would leave it to chance, or to an attacker, which of them counts.
fn only<T: PartialEq>(values: impl IntoIterator<Item = Option<T>>) -> Result<Option<T>, Refusal> {
    let mut values = values.into_iter();
    let Some(first) = values.next() else {
        return Ok(None);
    };
    match first.filter(|first| values.all(|other| other.as_ref() == Some(first))) {
        Some(only) => Ok(Some(only)),
        None => Err(Refusal::Malformed),
    }
}

/// What a cookie's value stands for. It may be in quotes (RFC 6265, 4.1.1). Within them, Python's `http.cookies` writes a
/// character that has no place in a cookie as a backslash and three octal digits, or a quote or a backslash after a
/// backslash. Sites that know neither write percent signs.
fn cookie_value(value: &str) -> Option<String> {
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let bytes = match quoted {
        Some(quoted) => unescaped(quoted.as_bytes())?,
        None => value.as_bytes().to_vec(),
    };
    Some(percent_decode(&bytes).decode_utf8().ok()?.into_owned())
}

fn unescaped(mut quoted: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(quoted.len());
    while let Some((byte, rest)) = quoted.split_first() {
        let (byte, rest) = match (byte, rest) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..]) => {
                ((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'), rest)
            }
            (b'\\', [escaped, rest @ ..]) => (*escaped, rest),
            (b'\\' | b'"', _) => return None,
            (byte, rest) => (*byte, rest),
        };
        bytes.push(byte);
        quoted = rest;
    }
    Some(bytes)
}

/// Items of all `Sec-WebSocket-Protocol` headers. Browsers write `a, b`: each is trimmed.
fn offered_subprotocols(event: &SocketEvent) -> Vec<&str> {
    event
        .header("sec-websocket-protocol")
        .iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .collect()
}

/// `chatterbox.auth.` and base64url without padding (RFC 4648 section 5) of: login, NUL, chatter ID. It keeps the secret
/// out of URLs, and so out of the logs of every proxy.
fn read_subprotocol(offered: &[&str]) -> Result<Option<Pair>, Refusal> {
    let items = offered.iter().filter_map(|item| item.strip_prefix(AUTH_PREFIX));
    only(items.map(|encoded| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (login, chatter_id) = text.split_once('\0')?;
        Some((Login::parse(login)?, ChatterId::parse(chatter_id)?))
    }))
}

#[cfg(test)]
mod tests;
