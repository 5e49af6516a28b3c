//! Lambda's Invoke API.

use std::time::Duration;

use chatterbox_gateway::Kind;
use serde_json::{Value, json};

use crate::world::*;

async fn call(world: &World, function: &str, kind: Option<&str>, body: &str) -> reqwest::Response {
    let mut request = world.http.post(world.invocations(function)).body(body.to_owned());
    if let Some(kind) = kind {
        request = request.header("x-amz-invocation-type", kind);
    }
    within(request.send()).await.unwrap()
}

#[tokio::test]
async fn a_synchronous_call_returns_the_functions_answer_as_it_is() {
    let world = world(|_| {}).await;
    for kind in [None, Some("RequestResponse")] {
        let response = call(&world, "f", kind, r#"{"do":"raw","reply":[1,null,"x"]}"#).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-amz-executed-version"], "$LATEST");
        assert_eq!(response.headers()["x-amzn-requestid"].len(), 36);
        assert!(!response.headers().contains_key("x-amz-function-error"));
        assert_eq!(response.text().await.unwrap(), r#"[1,null,"x"]"#);
    }
}

#[tokio::test]
async fn a_function_error_is_a_200_that_says_so() {
    let world = world(|_| {}).await;
    let response = call(&world, "f", None, r#"{"do":"throw"}"#).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["x-amz-function-error"]),
        (200, &"Unhandled".parse().unwrap())
    );
    let error: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(error, json!({ "errorType": "Error", "errorMessage": "thrown" }));
}

#[tokio::test]
async fn no_payload_is_an_empty_object() {
    let world = world(|_| {}).await;
    let response = call(&world, "f", None, "").await;
    assert_eq!(response.text().await.unwrap(), r#"{"statusCode":200,"body":"{}"}"#);
}

#[tokio::test]
async fn a_function_may_be_named_by_its_arn() {
    let world = world(|_| {}).await;
    for name in [
        "arn:aws:lambda:us-east-1:000000000000:function:f",
        "000000000000:function:f",
        "f:$LATEST",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af",
    ] {
        assert_eq!(call(&world, name, Some("DryRun"), "{}").await.status(), 204, "{name}");
    }
}

#[tokio::test]
async fn a_dry_run_runs_nothing() {
    let world = world(|_| {}).await;
    assert_eq!(call(&world, "f", Some("DryRun"), "{}").await.status(), 204);
    assert!(world.gateway.process_ids("f").is_empty());
}

#[tokio::test]
async fn what_cannot_be_invoked_is_refused_by_name() {
    let world = world(|config| config.limits.payload_bytes = 1000).await;
    let too_large = format!("\"{}\"", "x".repeat(999));
    for (function, kind, body, status, error_type) in [
        ("g", None, "{}", 404, "ResourceNotFoundException"),
        ("f", None, "not JSON", 400, "InvalidRequestContentException"),
        ("f", Some("Event"), "{", 400, "InvalidRequestContentException"),
        ("f", Some("Later"), "{}", 400, "InvalidParameterValueException"),
        ("f", None, &too_large, 413, "RequestTooLargeException"),
    ] {
        let response = call(&world, function, kind, body).await;
        assert_eq!(
            (
                response.status().as_u16(),
                response.headers()["x-amzn-errortype"].to_str().unwrap()
            ),
            (status, error_type)
        );
        let error: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!((&error["Type"], error["Message"].is_string()), (&json!("User"), true));
    }
    assert!(world.gateway.process_ids("f").is_empty());
}

#[tokio::test]
async fn an_asynchronous_event_is_accepted_at_once_and_runs() {
    let world = world(|_| {}).await;
    let mut activity = world.gateway.activity();
    let response = call(&world, "f", Some("Event"), r#"{"do":"slow","milliseconds":50}"#).await;
    assert_eq!(
        (response.status().as_u16(), response.text().await.unwrap().as_str()),
        (202, "")
    );
    assert_eq!(next_of(&mut activity, Kind::Invocation).await.note, None);
}

#[tokio::test]
async fn an_asynchronous_event_that_fails_is_tried_twice_again_and_no_more() {
    let world = world(|config| config.limits.async_retry_delays = vec![Duration::from_millis(10); 2]).await;
    let mut activity = world.gateway.activity();
    call(&world, "f", Some("Event"), r#"{"do":"throw"}"#).await;
    for _ in 0..3 {
        assert_eq!(
            next_of(&mut activity, Kind::Invocation).await.note,
            Some("function error")
        );
    }
    // A second event, which succeeds, is the next thing that happens.
    call(&world, "f", Some("Event"), r#"{"do":"slow","milliseconds":200}"#).await;
    assert_eq!(next_of(&mut activity, Kind::Invocation).await.note, None);
}

#[tokio::test]
async fn an_asynchronous_event_keeps_its_request_id_when_it_is_tried_again() {
    let world = world(|config| config.limits.async_retry_delays = vec![Duration::from_millis(10); 2]).await;
    let mut lines = world.gateway.lines();
    let response = call(&world, "f", Some("Event"), r#"{"do":"print-id-and-throw"}"#).await;
    let id = response.headers()["x-amzn-requestid"].to_str().unwrap().to_owned();
    for _ in 0..3 {
        assert_eq!(within(lines.recv()).await.unwrap().text, id);
    }
}
