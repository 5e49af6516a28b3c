//! Handshakes, the credentials in them, and the events around them.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chatterbox_core::{
    Caller, ChatterId, CookieNames, Handshake, HandshakePolicy, Login, Refusal, SocketEvent, Topic, Topics,
};
use serde_json::{Value, json, value::RawValue};

const ORIGIN: &str = "https://www.example.com";

/// A handshake: its lines are `Sec-WebSocket-Protocol`, `Cookie`, `Origin`, and the parameters `login`, `chatter`, `topic`. An
/// empty line is an absent one.
pub(crate) fn handshake(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.split('\n');
    let mut line = || lines.next().filter(|line| !line.is_empty());
    let headers = [
        ("Sec-WebSocket-Protocol", line()),
        ("cookie", line()),
        ("oRIGIN", line()),
    ];
    let query = [("login", line()), ("chatter", line()), ("topic", line())];
    for policy in [policy(false), policy(true)] {
        let once = event(&headers, &query, 1);
        let read = Handshake::read(&once, &policy);
        let told = Caller::of(&once)
            .origin
            .map(|origin| origin.to_string())
            .unwrap_or_default();
        assert!(told.len() <= 300 && !told.contains(char::is_control), "{told:?}");
        if let Ok(handshake) = &read {
            assert_valid(handshake);
            let digits = bare(&handshake.chatter_id.reveal());
            assert!(
                !bare(&format!("{handshake:?} {told}")).contains(&digits),
                "the chatter ID is shown"
            );
        }
        // What is given twice with the same value counts once.
        let twice = Handshake::read(&event(&headers, &query, 2), &policy);
        assert_eq!(same(&read), same(&twice));
    }
}

/// Credentials: 16 bytes of a chatter ID, and a login. Every carrier brings them as they were given, unless the login holds the
/// chatter ID, in whatever code: then another chatter ID is good.
pub(crate) fn credentials(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Some(id) = ChatterId::parse(&text) {
        assert_eq!(id.reveal(), text.to_lowercase());
    }
    let (bytes, login) = input.split_at_checked(16).unwrap_or((&[7; 16], input));
    let id = uuid::Uuid::from_bytes(bytes.try_into().expect("16 bytes"));
    let Some(login) = std::str::from_utf8(login).ok().and_then(Login::parse) else {
        return;
    };
    let name = login.as_str();
    let other = uuid::Uuid::from_u128(!id.as_u128());
    for (read, read_other) in by_every_carrier(name, id)
        .into_iter()
        .zip(by_every_carrier(name, other))
    {
        if bare(name).contains(&bare(&id.to_string())) {
            assert!(read.is_err(), "the login would be stored, and the chatter ID with it");
        }
        let (read, id) = match read {
            Ok(read) => (read, id),
            Err(_) => (read_other.expect("good credentials"), other),
        };
        assert_eq!((read.login.as_str(), read.chatter_id.reveal()), (name, id.to_string()));
    }
}

/// What is read of these credentials, by each of the carriers.
fn by_every_carrier(name: &str, id: uuid::Uuid) -> [Result<Handshake, Refusal>; 3] {
    let (id, percent) = (id.to_string(), percent(name));
    let code = BASE64_URL_SAFE_NO_PAD.encode(format!("{name}\0{}", id.to_uppercase()));
    let (offer, cookie) = (
        format!("chatterbox.v1, chatterbox.auth.{code}"),
        format!("chatter=\"{id}\";user={percent}; theme=dark"),
    );
    let carriers = [
        (vec![("sec-websocket-protocol", Some(&*offer))], vec![]),
        (vec![], vec![("login", Some(name)), ("chatter", Some(&*id))]),
        (vec![("Origin", Some(ORIGIN)), ("Cookie", Some(&*cookie))], vec![]),
    ];
    carriers.map(|(headers, query)| Handshake::read(&event(&headers, &query, 1), &policy(true)))
}

/// A header `Cookie`. What it was understood as means the same when it is written plainly.
pub(crate) fn cookies(input: &[u8]) {
    let cookie = String::from_utf8_lossy(input);
    let read = |cookie: &str| {
        let headers = [("Origin", Some(ORIGIN)), ("Cookie", Some(cookie))];
        Handshake::read(&event(&headers, &[], 1), &policy(true))
    };
    let Ok(handshake) = read(&cookie) else { return };
    assert_valid(&handshake);
    let id = handshake.chatter_id.reveal();
    let plain = format!("user={}; chatter={id}", percent(handshake.login.as_str()));
    assert_eq!(same(&read(&plain)), same(&Ok(handshake)));
}

/// The text of an event of API Gateway. What is no event is not quoted.
pub(crate) fn socket_event(input: &[u8]) {
    let Ok(json) = RawValue::from_string(String::from_utf8_lossy(input).into_owned()) else {
        return;
    };
    match SocketEvent::parse(&json) {
        Err(error) => {
            let told = error.to_string();
            let place = told
                .strip_prefix("not an event of a WebSocket API (line ")
                .expect("no more than a place");
            assert!(place.len() < 60 && !place.contains(['"', '{', '[']), "{told}");
        }
        Ok(event) => {
            let _ = Handshake::read(&event, &policy(true));
            let _ = (event.kind(), event.connected_at(), event.body(), Caller::of(&event));
            assert!(!json.get().starts_with('['), "a list is no event");
        }
    }
}

fn policy(with_cookies: bool) -> HandshakePolicy {
    HandshakePolicy {
        login_parameter: "login".to_owned(),
        chatter_parameter: "chatter".to_owned(),
        topic_parameter: "topic".to_owned(),
        cookies: with_cookies.then(|| CookieNames {
            login: "user".to_owned(),
            chatter: "chatter".to_owned(),
        }),
        origins: with_cookies.then(|| vec![ORIGIN.to_owned()]),
        origin_secrets: Vec::new(),
    }
}

/// A handshake with these headers and parameters, each so many times.
fn event(headers: &[(&str, Option<&str>)], query: &[(&str, Option<&str>)], times: usize) -> SocketEvent {
    let multi = |pairs: &[(&str, Option<&str>)]| -> serde_json::Map<String, Value> {
        let given = pairs.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        given
            .map(|(name, value)| (name.to_owned(), json!(vec![value; times])))
            .collect()
    };
    let event = json!({
        "requestContext": {"connectionId": "A=", "eventType": "CONNECT", "connectedAt": 1, "identity": {"sourceIp": "::1"}},
        "multiValueHeaders": multi(headers),
        "multiValueQueryStringParameters": multi(query),
    });
    let json = RawValue::from_string(event.to_string()).expect("JSON");
    SocketEvent::parse(&json).expect("an event")
}

fn assert_valid(handshake: &Handshake) {
    assert_eq!(Login::parse(handshake.login.as_str()).as_ref(), Some(&handshake.login));
    if let Topics::Only(topics) = &handshake.topics {
        assert!((1..=Topic::MAX_PER_LOGIN).contains(&topics.len()));
    }
}

/// What was read, in a form that can be compared.
fn same<E: Copy>(read: &Result<Handshake, E>) -> Result<(String, String, Topics, bool), E> {
    let handshake = read.as_ref().map_err(|error| *error)?;
    Ok((
        handshake.login.as_str().to_owned(),
        handshake.chatter_id.reveal(),
        handshake.topics.clone(),
        handshake.subprotocol.is_some(),
    ))
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn bare(text: &str) -> String {
    text.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "")
}
