//! Carriers of credentials. A browser cannot set a header on a WebSocket, which leaves three: the subprotocol, the query
//! string and cookies. A function here reads each of them; a new carrier is one more function, one more line in
//! [`Handshake::read`](super::Handshake::read), and its names in [`HandshakePolicy`] and the settings.

use super::{HandshakePolicy, Refusal, SocketEvent};
use crate::{ChatterId, Login};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use percent_encoding::percent_decode;

/// The prefix of the item of `Sec-WebSocket-Protocol` that carries credentials.
pub(super) const AUTH_PREFIX: &str = "chatterbox.auth.";

/// A login and the chatter ID that is to prove it.
pub(super) type Pair = (Login, ChatterId);

/// Reads the subprotocol `chatterbox.auth.` followed by base64url without padding (RFC 4648 section 5) of: login, NUL,
/// chatter ID. It keeps the secret out of URLs, and so out of the logs of every proxy.
pub(super) fn in_subprotocol(offered: &[&str]) -> Result<Option<Pair>, Refusal> {
    let items = offered.iter().filter_map(|item| item.strip_prefix(AUTH_PREFIX));
    only(items.map(|encoded| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (login, chatter_id) = text.split_once('\0')?;
        Some((Login::parse(login)?, ChatterId::parse(chatter_id)?))
    }))
}

/// Reads two parameters of the query string, by the names in the policy.
pub(super) fn in_query(event: &SocketEvent, policy: &HandshakePolicy) -> Result<Option<Pair>, Refusal> {
    let (logins, ids) = (
        event.query(&policy.login_parameter),
        event.query(&policy.chatter_parameter),
    );
    pair(
        only(logins.into_iter().map(Login::parse))?,
        only(ids.into_iter().map(ChatterId::parse))?,
    )
}

/// Reads two cookies, if the policy names any. Only for handshakes whose `Origin` was checked: a page of another site can
/// open a socket with its visitor's cookies.
pub(super) fn in_cookies(event: &SocketEvent, policy: &HandshakePolicy) -> Result<Option<Pair>, Refusal> {
    let Some(names) = &policy.cookies else {
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

/// The two halves of a carrier: both, neither (the carrier is not in use), or only one, which is malformed.
fn pair(login: Option<Login>, chatter_id: Option<ChatterId>) -> Result<Option<Pair>, Refusal> {
    match (login, chatter_id) {
        (Some(login), Some(chatter_id)) => Ok(Some((login, chatter_id))),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(Refusal::Malformed),
    }
}

/// The one value of a field that may be given several times. Values that differ are refused, since it would be left to
/// chance or to an attacker which of them counts; so are values that could not be read, which are `None`.
pub(super) fn only<T: PartialEq>(values: impl IntoIterator<Item = Option<T>>) -> Result<Option<T>, Refusal> {
    let mut values = values.into_iter();
    let Some(first) = values.next() else {
        return Ok(None);
    };
    match first.filter(|first| values.all(|other| other.as_ref() == Some(first))) {
        Some(only) => Ok(Some(only)),
        None => Err(Refusal::Malformed),
    }
}

/// Decodes a cookie's value. It may be in quotes (RFC 6265, 4.1.1). Within them, Python's `http.cookies` writes a
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
