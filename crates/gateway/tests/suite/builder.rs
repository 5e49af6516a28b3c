//! APIs on ports of this machine, as tests make them.

use chatterbox_gateway::{Gateway, Route, StartError};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::world::{function, within};

#[tokio::test]
async fn many_apis_run_at_a_time_each_on_a_port_of_its_own() {
    let builder = Gateway::builder().route("$default", Route::mock("pong"));
    let (one, other) = (builder.clone().start().await.unwrap(), builder.start().await.unwrap());
    assert_ne!(one.url(), other.url());
    for api in [&one, &other] {
        let (mut socket, _) = within(connect_async(api.url())).await.unwrap();
        socket.send(Message::text("ping")).await.unwrap();
        assert_eq!(within(socket.next()).await.unwrap().unwrap(), Message::text("pong"));
    }
    one.stop().await;
    assert!(connect_async(other.url()).await.is_ok());
}

#[tokio::test]
async fn a_function_is_told_where_to_post_and_can_be_invoked() {
    let api = Gateway::builder()
        .function("f", function())
        .configure(|config| config.stage = "test".into())
        .start()
        .await
        .unwrap();
    let url = format!("{}/2015-03-31/functions/f/invocations", api.lambda_url());
    let invocation = reqwest::Client::new().post(url).body(r#"{"do":"environment"}"#);
    let answer: Value = within(within(invocation.send()).await.unwrap().json()).await.unwrap();
    let environment: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert!(api.management_url().ends_with("/test"));
    assert_eq!(
        environment["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"],
        api.management_url()
    );
}

#[tokio::test]
async fn stopping_closes_the_sockets_and_dropping_frees_the_port() {
    let builder = Gateway::builder().route("$default", Route::mock("pong"));
    let api = builder.start().await.unwrap();
    let port = api.lambda_url().rsplit(':').next().unwrap().parse().unwrap();
    let (mut socket, _) = within(connect_async(api.url())).await.unwrap();
    api.stop().await;
    assert!(
        matches!(within(socket.next()).await, Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1001)
    );
    let again = async {
        loop {
            if let Ok(api) = Gateway::builder().port(port).start().await {
                return api;
            }
            tokio::task::yield_now().await;
        }
    };
    drop(within(again).await);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let api = Gateway::builder().start().await.unwrap();
    let port = api.lambda_url().rsplit(':').next().unwrap().parse().unwrap();
    let refused = Gateway::builder().port(port).start().await.unwrap_err();
    assert!(matches!(refused, StartError::Port { .. }));
    assert!(refused.to_string().starts_with(&format!("port {port}: ")), "{refused}");
}

#[tokio::test]
async fn a_route_to_no_function_is_refused_at_the_start() {
    let refused = Gateway::builder().route("$default", Route::lambda("f")).start().await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "route `$default` names the function `f`, which is not configured"
    );
}
