//! API keys, which a handshake has to have where the API asks for one.

use chatterbox_gateway::{Config, ConfigError, Gateway, Route};

use crate::world::*;

const KEY: &str = "0123456789-abcdefghi";
const OTHER: &str = "another-key-of-20-symbols";

#[tokio::test]
async fn without_one_of_the_keys_a_handshake_is_403_and_no_function_runs() {
    let world = world_with_connect(|config| config.api_keys = vec![OTHER.into(), KEY.into()]).await;
    for key in [
        None,
        Some(""),
        Some("0123456789-abcdefghj"),
        Some("0123456789-ABCDEFGHI"),
    ] {
        let mut request = world.request("");
        if let Some(key) = key {
            request.headers_mut().insert("x-api-key", key.parse().unwrap());
        }
        let (status, body) = world.refusal(request).await;
        assert_eq!((status, body.as_str()), (403, r#"{"message":"Forbidden"}"#), "{key:?}");
    }
    assert_eq!(world.gateway.process_ids("f"), [0; 0]);
    let mut request = world.request("");
    request.headers_mut().insert("X-API-Key", KEY.parse().unwrap());
    let (mut client, _) = world.client_with(request).await;
    let event = client.ask("{}").await;
    assert_eq!(event["requestContext"]["identity"]["apiKey"], KEY);
}

#[tokio::test]
async fn a_key_that_api_gateway_would_not_take_is_refused_and_not_shown() {
    for key in ["", "too-short", "with a blank and more symbols", &"k".repeat(129)] {
        let mut config = Config::default();
        config.routes.insert("$default".into(), Route::mock("pong"));
        config.api_keys = vec![key.into()];
        let refused = Gateway::start(config).await.unwrap_err();
        assert_eq!(refused, ConfigError::ApiKey);
        assert!(key.is_empty() || !refused.to_string().contains(key), "{refused}");
    }
}
