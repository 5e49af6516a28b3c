use super::*;
use crate::{CookieNames, handshake::carriers::AUTH_PREFIX, nouns::hex::hex};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use proptest::prelude::*;
use serde_json::{json, value::RawValue};

const ID: &str = "3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b";

fn policy() -> HandshakePolicy {
    HandshakePolicy {
        login_parameter: "login".to_owned(),
        chatter_parameter: "chatter".to_owned(),
        topic_parameter: "topic".to_owned(),
        cookies: None,
        origins: None,
        origin_secrets: Vec::new(),
    }
}

fn with_cookies() -> HandshakePolicy {
    let cookies = Some(CookieNames {
        login: "user".to_owned(),
        chatter: "secret".to_owned(),
    });
    HandshakePolicy {
        cookies,
        origins: Some(vec!["https://www.example.com".to_owned()]),
        ..policy()
    }
}

/// A handshake with these headers and query parameters, in the order and number they are given.
fn handshake(headers: &[(&str, &str)], query: &[(&str, &str)]) -> SocketEvent {
    let multi = |pairs: &[(&str, &str)]| {
        let mut map = serde_json::Map::new();
        for (name, value) in pairs {
            map.entry(*name)
                .or_insert_with(|| json!([]))
                .as_array_mut()
                .unwrap()
                .push(json!(value));
        }
        map
    };
    let event = json!({
        "requestContext": {"connectionId": "A=", "eventType": "CONNECT", "connectedAt": 1},
        "multiValueHeaders": multi(headers),
        "multiValueQueryStringParameters": multi(query),
    });
    SocketEvent::parse(&RawValue::from_string(event.to_string()).unwrap()).unwrap()
}

fn auth(login: &str, id: &str) -> String {
    format!(
        "{AUTH_PREFIX}{}",
        BASE64_URL_SAFE_NO_PAD.encode(format!("{login}\0{id}"))
    )
}

#[track_caller]
fn check(policy: &HandshakePolicy, headers: &[(&str, &str)], query: &[(&str, &str)], expected: Result<&str, Refusal>) {
    let read = Handshake::read(&handshake(headers, query), policy);
    assert_eq!(
        read.as_ref()
            .map(|credentials| credentials.login.as_str())
            .map_err(|refusal| *refusal),
        expected
    );
    if let Ok(credentials) = read {
        assert_eq!(credentials.chatter_id.reveal(), ID);
    }
}

#[test]
fn a_query_string_carries_credentials() {
    let check = |query: &[(&str, &str)], expected| check(&policy(), &[], query, expected);
    check(&[("login", "friendless"), ("chatter", ID)], Ok("friendless"));
    check(
        &[("login", "friendless"), ("chatter", &ID.to_uppercase())],
        Ok("friendless"),
    );
    check(
        &[("login", "a b"), ("chatter", ID), ("topic", "updates,plays")],
        Ok("a b"),
    );
    check(
        &[
            ("login", "friendless"),
            ("login", "friendless"),
            ("chatter", ID),
            ("chatter", ID),
        ],
        Ok("friendless"),
    );
    check(
        &[
            ("login", "a"),
            ("chatter", ID),
            ("chatter", &ID.to_uppercase()),
            ("topic", "a,b"),
            ("topic", "b,a"),
        ],
        Ok("a"),
    );
    for malformed in [
        &[][..],
        &[("login", "friendless")],
        &[("chatter", ID)],
        &[("login", ""), ("chatter", ID)],
        &[("login", "friendless"), ("chatter", "")],
        &[("login", "friendless"), ("chatter", "x' OR '1'='1")],
        &[("login", &"x".repeat(129)), ("chatter", ID)],
        &[("login", "a\nb"), ("chatter", ID)],
        &[("login", "friendless"), ("login", "other"), ("chatter", ID)],
        &[("login", "friendless"), ("login", "Friendless"), ("chatter", ID)],
    ] {
        check(malformed, Err(Refusal::Malformed));
    }
}

#[test]
fn a_bad_list_of_topics_is_not_taken_for_bad_credentials() {
    let right = [("login", "friendless"), ("chatter", ID)];
    let seventeen = (0..17).map(|n| format!("t{n}")).collect::<Vec<_>>().join(",");
    for lists in [
        &["a", "b"][..],
        &["a,,b"],
        &["a\u{7}"],
        &[","],
        &[&"x".repeat(65)],
        &[&seventeen],
        &["a", ""],
    ] {
        let query: Vec<_> = right
            .into_iter()
            .chain(lists.iter().map(|list| ("topic", *list)))
            .collect();
        check(&policy(), &[], &query, Err(Refusal::Topics));
        let offer = format!("chatterbox.v1, {}", auth("friendless", ID));
        check(
            &policy(),
            &[("Sec-WebSocket-Protocol", &offer)],
            &query[2..],
            Err(Refusal::Topics),
        );
        // Without credentials there is nobody to tell about topics.
        check(&policy(), &[], &query[2..], Err(Refusal::Malformed));
    }
}

#[test]
fn a_chatter_id_that_stands_in_a_topic_or_in_the_login_is_refused_so_that_no_row_holds_it() {
    let bare = ID.to_uppercase().replace('-', "");
    let bytes = uuid::Uuid::parse_str(ID).unwrap().into_bytes();
    let percent: String = bare.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for text in [
        ID,
        &bare,
        &format!("my {ID}!"),
        &ID.replace('-', "{"),
        &ID.replace('-', "%2D"),
        &ID.replacen('3', "%2533", 1),
        &auth("friendless", ID)[AUTH_PREFIX.len()..],
        &auth("f", &bare)[AUTH_PREFIX.len()..],
        &BASE64_STANDARD.encode(ID),
        &BASE64_STANDARD.encode(format!("a:{bare}")),
        &BASE64_STANDARD.encode(format!("login={bare}")).replace('=', "%3D"),
        &format!("my-{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)),
        &BASE64_STANDARD.encode(bytes),
        &hex(bare.as_bytes()),
    ] {
        let topics = format!("a,{text}");
        let query = [("login", "friendless"), ("chatter", ID), ("topic", &topics)];
        check(&policy(), &[], &query, Err(Refusal::Topics));
        check(
            &policy(),
            &[],
            &[("login", text), ("chatter", ID)],
            Err(Refusal::Malformed),
        );
        let offer = format!("chatterbox.v1, {}", auth(text, ID));
        check(
            &policy(),
            &[("Sec-WebSocket-Protocol", &offer)],
            &[],
            Err(Refusal::Malformed),
        );
    }
    // What is no topic for its length is kept nowhere.
    let query = [("login", "friendless"), ("chatter", ID), ("topic", &percent)];
    check(&policy(), &[], &query, Err(Refusal::Topics));
    // Logins and topics may be UUIDs, and which of them is a chatter ID, a table alone knows.
    for text in [ID.replace("5b", "5c"), BASE64_STANDARD.encode(ID.replace("5b", "5c"))] {
        let query = [("login", &*text), ("chatter", ID), ("topic", &text)];
        check(&policy(), &[], &query, Ok(&text));
    }
}

#[test]
fn the_site_chooses_the_names_of_the_parameters() {
    let site = HandshakePolicy {
        login_parameter: "geek".to_owned(),
        chatter_parameter: "id".to_owned(),
        ..policy()
    };
    check(&site, &[], &[("geek", "friendless"), ("id", ID)], Ok("friendless"));
    check(
        &site,
        &[],
        &[("login", "friendless"), ("chatter", ID)],
        Err(Refusal::Malformed),
    );
}

#[test]
fn a_subprotocol_carries_credentials() {
    let check = |items: &[&str], expected| {
        let headers: Vec<(&str, &str)> = items.iter().map(|item| ("Sec-WebSocket-Protocol", *item)).collect();
        check(&policy(), &headers, &[], expected);
    };
    let right = auth("friendless", ID);
    check(&[&format!("chatterbox.v1, {right}")], Ok("friendless"));
    check(&[&format!("{right},chatterbox.v1")], Ok("friendless"));
    check(&["chatterbox.v1", &right], Ok("friendless"));
    check(&[&format!("chatterbox.v1, {}", auth("Ünï", ID))], Ok("Ünï"));
    check(&[&right], Err(Refusal::NoSubprotocol));
    check(&[&format!("chatterbox.v1, {right}, {right}")], Ok("friendless"));
    check(
        &[&format!("chatterbox.v1, {right}, {}", auth("other", ID))],
        Err(Refusal::Malformed),
    );
    check(&["chatterbox.v1"], Err(Refusal::Malformed));
    for encoded in [
        "",
        "!",
        "Zm9v",
        &BASE64_URL_SAFE_NO_PAD.encode(b"\xff\0\xff"),
        &format!("{}=", &right[16..]),
    ] {
        check(
            &[&format!("chatterbox.v1, {AUTH_PREFIX}{encoded}")],
            Err(Refusal::Malformed),
        );
    }
}

#[test]
fn cookies_carry_credentials_where_the_site_says_so() {
    let origin = ("Origin", "https://www.example.com");
    let right = format!("theme=dark; user=friend%6Cess; secret={ID}");
    let check_cookie = |policy: &HandshakePolicy, cookie: &str, expected| {
        check(policy, &[origin, ("Cookie", cookie)], &[], expected);
    };
    check_cookie(&with_cookies(), &right, Ok("friendless"));
    check_cookie(&policy(), &right, Err(Refusal::Malformed));
    check_cookie(
        &with_cookies(),
        &format!("{right}; user=other"),
        Err(Refusal::Malformed),
    );
    check_cookie(&with_cookies(), "user=friendless", Err(Refusal::Malformed));
    check_cookie(
        &with_cookies(),
        &format!("user=%FF; secret={ID}"),
        Err(Refusal::Malformed),
    );
    // Not a browser: whoever forges cookies could as well forge an Origin, but a page cannot leave its own out.
    check(&with_cookies(), &[("Cookie", &right)], &[], Err(Refusal::Malformed));
}

#[test]
fn a_cookie_is_read_however_the_sites_language_writes_it() {
    for (written, login) in [
        ("o'brien@example.com", Ok("o'brien@example.com")),
        ("\"o'brien@example.com\"", Ok("o'brien@example.com")),
        // As Python's http.cookies writes a comma, a semicolon, a quote, a backslash and "ü".
        (r#""a\054b\073c""#, Ok("a,b;c")),
        (r#""a\"b\\c""#, Ok(r#"a"b\c"#)),
        (r#""\303\274""#, Ok("ü")),
        ("\"friend%6Cess\"", Ok("friendless")),
        ("a=b", Ok("a=b")),
        ("", Err(Refusal::Malformed)),
        ("\"\"", Err(Refusal::Malformed)),
        ("\"a\"b\"", Err(Refusal::Malformed)),
        (r#""a\""#, Err(Refusal::Malformed)),
        (r#""\374""#, Err(Refusal::Malformed)),
        // A quote at one end only is part of the name.
        ("\"a", Ok("\"a")),
        ("a\"", Ok("a\"")),
        ("\"", Ok("\"")),
    ] {
        for secret in [ID.to_owned(), format!("\"{ID}\"")] {
            let cookie = format!("user={written}; secret={secret}");
            let headers = [("Origin", "https://www.example.com"), ("Cookie", &cookie)];
            check(&with_cookies(), &headers, &[], login);
        }
    }
}

#[test]
fn a_cookie_that_comes_twice_counts_if_both_are_the_same() {
    let origin = ("Origin", "https://www.example.com");
    let (user, secret) = ("user=friendless", format!("secret={ID}"));
    let check = |cookies: &[String], expected| {
        let headers: Vec<_> = [origin]
            .into_iter()
            .chain(cookies.iter().map(|cookie| ("Cookie", cookie.as_str())))
            .collect();
        check(&with_cookies(), &headers, &[], expected);
    };
    check(&[format!("{user}; {secret}; {user}; {secret}")], Ok("friendless"));
    check(
        &[format!("{user}; {secret}"), format!("{secret}; {user}")],
        Ok("friendless"),
    );
    // The same in another spelling.
    check(
        &[format!(
            "{user}; {secret}; user=\"friendless\"; user=friend%6Cess; secret={}",
            ID.to_uppercase()
        )],
        Ok("friendless"),
    );
    check(&[format!("{user}; {secret}; user=other")], Err(Refusal::Malformed));
    check(
        &[format!("{user}; {secret}; secret={}", ID.replace('3', "4"))],
        Err(Refusal::Malformed),
    );
}

#[test]
fn an_origin_is_compared_exactly() {
    let query = [("login", "friendless"), ("chatter", ID)];
    let check = |origin: &str, expected| check(&with_cookies(), &[("origin", origin)], &query, expected);
    check("https://www.example.com", Ok("friendless"));
    for other in [
        "https://evil.example",
        "http://www.example.com",
        "https://www.example.com:8443",
        "https://www.example.com.evil.example",
        "https://WWW.example.com",
        "null",
        "",
    ] {
        check(other, Err(Refusal::Origin));
    }
    super::tests::check(&with_cookies(), &[], &query, Ok("friendless"));
    super::tests::check(
        &policy(),
        &[("Origin", "https://anywhere.example")],
        &query,
        Ok("friendless"),
    );
}

#[test]
fn the_first_carrier_that_is_present_counts() {
    let wrong = auth("friendless", "not a chatter ID");
    let query = [("login", "friendless"), ("chatter", ID)];
    let offer = format!("chatterbox.v1, {wrong}");
    check(
        &policy(),
        &[("sec-websocket-protocol", &offer)],
        &query,
        Err(Refusal::Malformed),
    );
    let cookie = format!("user=other; secret={ID}");
    let headers = [("origin", "https://www.example.com"), ("cookie", cookie.as_str())];
    check(&with_cookies(), &headers, &query, Ok("friendless"));
    check(
        &with_cookies(),
        &headers,
        &[("login", "friendless")],
        Err(Refusal::Malformed),
    );
}

#[test]
fn the_subprotocol_is_answered_only_if_it_was_offered() {
    let query = [("login", "friendless"), ("chatter", ID)];
    for (offer, answer) in [
        ("chatterbox.v1", Some(SUBPROTOCOL)),
        ("graphql-ws, chatterbox.v1", Some(SUBPROTOCOL)),
        ("graphql-ws", None),
    ] {
        let event = handshake(&[("Sec-WebSocket-Protocol", offer)], &query);
        assert_eq!(Handshake::read(&event, &policy()).unwrap().subprotocol, answer);
    }
}

#[test]
fn where_an_origin_secret_is_set_only_a_handshake_with_it_is_read_and_two_may_be_valid_at_once() {
    let (one, other) = ("k4Tq0WcVb71mZs9LxR2dYh83", "0aB1cD2eF3gH4iJ5kL6mN7oP");
    let query = [("login", "friendless"), ("chatter", ID)];
    let behind_cloudfront = HandshakePolicy {
        origin_secrets: [one, other].map(|text| OriginSecret::parse(text).unwrap()).into(),
        ..policy()
    };
    let check_at = |headers: &[(&str, &str)], expected| check(&behind_cloudfront, headers, &query, expected);
    check_at(&[("X-Chatterbox-Origin", one)], Ok("friendless"));
    check_at(&[("x-chatterbox-origin", other)], Ok("friendless"));
    for wrong in [
        &[][..],
        &[("X-Chatterbox-Origin", "")],
        &[("X-Chatterbox-Origin", &one[..23])],
        &[(
            "X-Chatterbox-Origin",
            "k4Tq0WcVb71mZs9LxR2dYh83,0aB1cD2eF3gH4iJ5kL6mN7oP",
        )],
        &[("X-Chatterbox-Origin", one), ("X-Chatterbox-Origin", "another")],
        &[("Origin", one)],
    ] {
        check_at(wrong, Err(Refusal::OriginSecret));
    }
    // It is asked for first, so that whoever comes another way is told nothing else.
    check(&behind_cloudfront, &[], &[], Err(Refusal::OriginSecret));
    check(
        &policy(),
        &[("X-Chatterbox-Origin", "anything")],
        &query,
        Ok("friendless"),
    );
}

#[test]
fn a_refusal_has_a_status_and_a_word() {
    for (refusal, status, reason) in [
        (Refusal::Malformed, 401, "malformed"),
        (Refusal::NoSubprotocol, 400, "no-subprotocol"),
        (Refusal::Topics, 400, "topics"),
        (Refusal::Origin, 403, "origin"),
        (Refusal::Unknown, 401, "unknown"),
        (Refusal::Expired, 401, "expired"),
        (Refusal::BadExpiry, 401, "bad-expiry"),
        (Refusal::TooManySockets, 429, "too-many-sockets"),
        (Refusal::OriginSecret, 403, "origin-secret"),
    ] {
        assert_eq!((refusal.status(), refusal.reason()), (status, reason));
    }
}

proptest! {
    #[test]
    fn no_handshake_makes_it_panic(header in ".{0,200}", cookie in ".{0,200}", login in ".{0,140}", topic in ".{0,80}") {
        let headers = [("Sec-WebSocket-Protocol", header.as_str()), ("Cookie", &cookie), ("Origin", "https://www.example.com")];
        let query = [("login", login.as_str()), ("chatter", ID), ("topic", &topic)];
        let _ = Handshake::read(&handshake(&headers, &query), &with_cookies());
        let _ = Handshake::read(&handshake(&headers, &[]), &with_cookies());
    }

    #[test]
    fn credentials_are_read_as_a_client_encodes_them(login in "[^\u{0}-\u{1f}\u{7f}-\u{9f}]{1,32}") {
        let offer = format!("chatterbox.v1, {}", auth(&login, ID));
        let credentials = Handshake::read(&handshake(&[("Sec-WebSocket-Protocol", &offer)], &[]), &policy()).unwrap();
        prop_assert_eq!(credentials.login.as_str(), login);
    }

    #[test]
    fn credentials_do_not_show_the_secret(bytes in any::<u128>()) {
        let id = uuid::Uuid::from_u128(bytes).to_string();
        let read = Handshake::read(&handshake(&[], &[("login", "friendless"), ("chatter", &id)]), &policy());
        let shown = format!("{read:?}");
        prop_assert!(!shown.contains(&id), "{}", shown);
    }
}
