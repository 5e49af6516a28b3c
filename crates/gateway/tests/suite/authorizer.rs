//! A Lambda authorizer, before `$connect`.

use chatterbox_gateway::{Authorizer, Config, ConfigError, Gateway, Line, Route};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;

use crate::world::*;

/// A world with an authorizer, which wants these identity sources.
async fn authorized(identity_sources: &[&str]) -> World {
    let identity_sources = identity_sources.iter().map(|source| source.parse().unwrap()).collect();
    world(|config| {
        config.functions.insert("f".into(), printer());
        config.functions.insert("auth".into(), printer());
        config.stage_variables.insert("colour".into(), "blue".into());
        config.routes.insert("$connect".into(), Route::lambda("f"));
        config.routes.insert("$disconnect".into(), Route::lambda("f"));
        config.authorizer = Some(Authorizer {
            function: "auth".into(),
            identity_sources,
        });
    })
    .await
}

/// The next event that a function has printed.
async fn event_of(lines: &mut Receiver<Line>, function: &str) -> Value {
    within(async {
        loop {
            let line = lines.recv().await.unwrap();
            if &*line.function == function {
                return serde_json::from_str(&line.text).unwrap();
            }
        }
    })
    .await
}

#[tokio::test]
async fn an_authorizer_is_asked_at_each_handshake_and_its_context_is_in_all_later_events() {
    let world = authorized(&["route.request.querystring.token"]).await;
    let mut lines = world.gateway.lines();
    for _ in 0..2 {
        let (mut client, _) = world.client_with(world.request("?token=allow&a=1&a=2")).await;
        let asked = event_of(&mut lines, "auth").await;
        let arn = "arn:aws:execute-api:us-east-1:000000000000:local00000/dev/$connect";
        assert_eq!((&asked["type"], &asked["methodArn"]), (&json!("REQUEST"), &json!(arn)));
        assert_eq!(asked["queryStringParameters"], json!({ "token": "allow", "a": "2" }));
        assert_eq!(asked["multiValueQueryStringParameters"]["a"], json!(["1", "2"]));
        assert_eq!(asked["stageVariables"], json!({ "colour": "blue" }));
        assert_eq!(asked["headers"]["Upgrade"], "websocket");
        assert_eq!(asked["headers"]["X-Forwarded-Proto"], "https");
        let context = &asked["requestContext"];
        assert_eq!(
            (&context["routeKey"], &context["eventType"]),
            (&json!("$connect"), &json!("CONNECT"))
        );
        for absent in ["body", "isBase64Encoded"] {
            assert_eq!(asked.get(absent), None, "{absent}");
        }
        assert_eq!(context.get("authorizer"), None);
        let connected = event_of(&mut lines, "f").await;
        client.say("{}").await;
        client.hear().await;
        let heard = event_of(&mut lines, "f").await;
        client.socket.close(None).await.unwrap();
        let gone = event_of(&mut lines, "f").await;
        for (event, kind) in [(connected, "CONNECT"), (heard, "MESSAGE"), (gone, "DISCONNECT")] {
            let context = &event["requestContext"];
            assert_eq!(context["eventType"], kind);
            assert_eq!(context["connectionId"], asked["requestContext"]["connectionId"]);
            let authorizer = &context["authorizer"];
            assert!(authorizer["integrationLatency"].is_u64(), "{authorizer}");
            let mut told = authorizer.clone();
            told.as_object_mut().unwrap().remove("integrationLatency");
            let expected = json!({ "principalId": "me", "tenant": "blue", "level": "7", "admin": "false" });
            assert_eq!(told, expected, "{kind}");
        }
    }
}

#[tokio::test]
async fn whom_an_authorizer_does_not_allow_gets_401_403_or_500() {
    let world = authorized(&["route.request.querystring.token"]).await;
    for (query, status, message) in [
        ("", 401, "Unauthorized"),
        ("?token=", 401, "Unauthorized"),
        ("?token=unauthorized", 401, "Unauthorized"),
        ("?token=deny", 403, "User is not authorized to access this resource"),
        (
            "?token=elsewhere",
            403,
            "User is not authorized to access this resource",
        ),
        ("?token=broken", 500, "Internal server error"),
        ("?token=malformed", 500, "Internal server error"),
    ] {
        let (refused, body) = world.refusal(world.request(query)).await;
        assert_eq!(
            (refused, body),
            (status, json!({ "message": message }).to_string()),
            "{query}"
        );
    }
    assert!(world.gateway.process_ids("f").is_empty(), "$connect has run");
}

#[tokio::test]
async fn without_its_identity_sources_a_client_is_refused_and_the_authorizer_does_not_run() {
    let sources = [
        "route.request.header.X-Token",
        "stageVariables.colour",
        "context.identity.sourceIp",
    ];
    let world = authorized(&sources).await;
    let with = |name: &'static str, value: &'static str| {
        let mut request = world.request("?token=allow");
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    assert_eq!(world.refusal(with("x-other", "a")).await.0, 401);
    assert_eq!(world.refusal(with("x-token", "")).await.0, 401);
    assert!(world.gateway.process_ids("auth").is_empty());
    world.client_with(with("x-token", "a")).await;
    assert_eq!(world.gateway.process_ids("auth").len(), 1);
    let world = authorized(&["stageVariables.other"]).await;
    assert_eq!(world.refusal(world.request("?token=allow")).await.0, 401);
}

#[tokio::test]
async fn an_authorizer_needs_its_function_and_a_route_that_asks_it() {
    let mut config = Config::default();
    config.functions.insert("f".into(), function());
    let authorizer = |function: &str| Authorizer {
        function: function.into(),
        identity_sources: Vec::new(),
    };
    config.authorizer = Some(authorizer("g"));
    let refusal = Gateway::start(config.clone()).await.unwrap_err();
    assert_eq!(refusal, ConfigError::UnknownAuthorizer("g".into()));
    config.authorizer = Some(authorizer("f"));
    assert_eq!(
        Gateway::start(config).await.unwrap_err(),
        ConfigError::NothingToAuthorize
    );
}
