//! Chatter IDs are neither printed nor stored. Every test of this suite ends with a search through all that its
//! processes printed and stored; here the search itself is tested, and each place that could print a chatter ID is
//! visited.

use e2e::World;
use serde_json::json;

#[tokio::test]
async fn a_chatter_id_is_in_no_line_of_any_process_at_the_trace_level() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    let offer = session.subprotocols();
    let mut socket = world
        .try_connect("", &[("sec-websocket-protocol", &offer)])
        .await
        .unwrap();
    world.connect(&session).await.close().await;
    let cookie = format!("chatter={}", session.chatter_id);
    for (query, headers) in [
        (format!("login=nobody&chatter={}", session.chatter_id), vec![]),
        (
            format!("chatter={}", session.chatter_id),
            vec![("cookie", cookie.as_str())],
        ),
        (
            format!("{}&chatter={}", session.query(), uuid::Uuid::new_v4()),
            vec![("origin", "http://localhost:3000")],
        ),
    ] {
        assert_eq!(world.try_connect(&query, &headers).await.unwrap_err(), 401);
    }
    // Events that API Gateway would not send: the error must not quote them.
    for (function, event) in [
        ("connect", json!({"requestContext": session.chatter_id})),
        (
            "connect",
            json!({"requestContext": {"connectionId": session.chatter_id, "eventType": session.chatter_id}}),
        ),
        ("default", json!({"body": session.chatter_id})),
        ("notify", json!({"login": {"chatter": session.chatter_id}})),
        (
            "notify",
            json!({"login": "friendless", "topic": format!("a,{}", session.chatter_id)}),
        ),
    ] {
        let (answer, is_error) = world.invoke(function, &event).await;
        assert!(
            is_error && !answer.to_string().contains(&session.chatter_id),
            "{answer}"
        );
        let kind = if function == "notify" {
            "BadEvent"
        } else {
            "UnreadableEvent"
        };
        assert_eq!(answer["errorType"], kind, "{function}");
    }
    socket.say(session.chatter_id.clone()).await;
    socket.say(json!({"action": session.chatter_id}).to_string()).await;
    assert!(!socket.hear().await.to_string().contains(&session.chatter_id));
    world.notify(&json!({"login": "friendless"})).await;
    assert!(world.revoke(&session).await > 0);
    // Checks that the lines that the search has to read were printed at all.
    assert!(world.has_printed(&["connect:", "\"level\":\"INFO\"", "refused"]));
    assert!(world.has_printed(&["connect:", "_aws", "Refusals"]));
    world.stop().await;
}

#[tokio::test]
async fn a_refusal_is_logged_with_reason_address_and_origin_and_with_no_chatter_id_wherever_it_stood() {
    let settings = [
        ("LOGIN_COOKIE", "user"),
        ("CHATTER_COOKIE", "chatter"),
        ("ALLOWED_ORIGINS", "https://www.example.com"),
    ];
    let world = World::with_settings(&settings).await;
    let session = world.log_in("friendless").await;
    let (id, offer) = (&session.chatter_id, session.subprotocols());
    let page = ("origin", "https://www.example.com");
    let encoded = offer.rsplit('.').next().unwrap();
    let [swapped, as_cookie, auth_only, on_this_machine] = [
        format!("user={id}; chatter=friendless"),
        format!("user=friendless; chatter={encoded}"),
        offer.replace("chatterbox.v1, ", ""),
        format!("http://{id}.localhost"),
    ];
    for (what, query, headers, status, reason) in [
        (
            "as the login",
            format!("login={id}&chatter={id}"),
            vec![page],
            401,
            "malformed",
        ),
        (
            "the two swapped",
            format!("login={id}&chatter=friendless"),
            vec![page],
            401,
            "malformed",
        ),
        (
            "the offer as the login",
            format!("login=chatterbox.auth.{encoded}&chatter={}", uuid::Uuid::new_v4()),
            vec![page],
            401,
            "unknown",
        ),
        (
            "as a topic",
            format!("{}&topic={id},", session.query()),
            vec![page],
            400,
            "topics",
        ),
        (
            "the offer's code as a topic",
            format!("{}&topic={encoded}", session.query()),
            vec![page],
            400,
            "topics",
        ),
        (
            "cookies swapped",
            String::new(),
            vec![page, ("cookie", &swapped)],
            401,
            "malformed",
        ),
        (
            "the offer's code as a cookie",
            String::new(),
            vec![page, ("cookie", &as_cookie)],
            401,
            "malformed",
        ),
        (
            "the offer alone",
            String::new(),
            vec![page, ("sec-websocket-protocol", &auth_only)],
            400,
            "no-subprotocol",
        ),
        (
            "in the origin",
            session.query(),
            vec![("origin", &on_this_machine)],
            403,
            "origin",
        ),
        (
            "in other headers",
            String::new(),
            vec![page, ("user-agent", id), ("x-chatter", id), ("referer", id)],
            401,
            "malformed",
        ),
    ] {
        assert_eq!(world.try_connect(&query, &headers).await.unwrap_err(), status, "{what}");
        assert!(
            world.has_printed(&[
                "connect:",
                "handshake refused",
                &format!(r#""reason":"{reason}""#),
                r#""address":"127.0.0.1""#
            ]),
            "{what}"
        );
    }
    assert!(world.has_printed(&[
        "handshake refused",
        r#""reason":"topics""#,
        r#""origin":"https://www.example.com""#
    ]));
    assert!(world.has_printed(&["handshake refused", r#""reason":"origin""#, r#""origin":"(withheld"#]));
    world.stop().await;
}

#[tokio::test]
#[should_panic(expected = "a chatter ID is in a table")]
async fn the_search_finds_a_secret_that_got_into_a_table() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    world
        .notify(&json!({"login": "friendless", "body": {"oops": session.chatter_id}}))
        .await;
    world.stop().await;
}

#[tokio::test]
#[should_panic(expected = "a chatter ID was printed")]
async fn the_search_finds_a_secret_that_was_printed_as_the_browser_carries_it() {
    let world = World::start().await;
    let session = world.log_in("friendless").await;
    world.note(format!("connect: WARN offered {}", session.subprotocols()));
    world.stop().await;
}
