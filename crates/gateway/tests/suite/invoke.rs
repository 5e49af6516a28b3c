//! Lambda's Invoke API.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::*;

async fn call(world: &World, function: &str, kind: Option<&str>, body: impl AsRef<[u8]>) -> reqwest::Response {
    let mut request = world
        .http
        .post(world.invocations(function))
        .body(body.as_ref().to_vec());
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
async fn an_embedder_invokes_a_function_and_gets_its_answer_or_its_failure() {
    let world = world(|_| {}).await;
    let invoke = async |function: &str, payload: &str| {
        let answer = world.gateway.invoke(function, payload.to_owned().into()).await;
        answer.map(|answer| answer.map_err(|failure| serde_json::from_slice::<Value>(&failure).unwrap()))
    };
    let answer = invoke("f", r#"{"do":"raw","reply":[1]}"#).await.unwrap().unwrap();
    assert_eq!(answer, "[1]");
    let failure = invoke("f", r#"{"do":"throw"}"#).await.unwrap().unwrap_err();
    assert_eq!(failure, json!({ "errorType": "Error", "errorMessage": "thrown" }));
    assert!(invoke("unknown", "{}").await.is_none());
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
async fn a_wrong_call_is_refused_with_the_name_of_lambdas_error() {
    const UNREADABLE: &str = "InvalidRequestContentException";
    let world = world(|config| config.limits.payload_bytes = 1000).await;
    let too_large = format!("\"{}\"", "x".repeat(999));
    for (function, kind, body, status, error_type) in [
        ("g", None, &b"{}"[..], 404, "ResourceNotFoundException"),
        ("f", None, b"not JSON", 400, UNREADABLE),
        ("f", Some("Event"), b"{", 400, UNREADABLE),
        // JSON but for its bytes, which are no UTF-8: a lone byte, a cut character, half of a surrogate pair, one byte too many.
        ("f", None, b"{\"a\":\"\xff\"}", 400, UNREADABLE),
        ("f", None, b"\"\xe2\x82\"", 400, UNREADABLE),
        ("f", Some("Event"), b"\"\xed\xa0\x80\"", 400, UNREADABLE),
        ("f", Some("DryRun"), b"{\"\xc0\xaf\":1}", 400, UNREADABLE),
        ("f", Some("Later"), b"{}", 400, "InvalidParameterValueException"),
        ("f", None, too_large.as_bytes(), 413, "RequestTooLargeException"),
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
    assert_eq!(next_of(&mut activity, "invocation").await["note"], Value::Null);
}

#[tokio::test]
async fn an_asynchronous_event_that_fails_is_tried_twice_again_and_no_more() {
    let world = world(|config| config.limits.async_retry_delays = vec![Duration::from_millis(10); 2]).await;
    let mut activity = world.gateway.activity();
    call(&world, "f", Some("Event"), r#"{"do":"throw"}"#).await;
    for _ in 0..3 {
        assert_eq!(next_of(&mut activity, "invocation").await["note"], "function error");
    }
    // The next invocation is that of a second event, which succeeds: the first one is not tried again.
    call(&world, "f", Some("Event"), r#"{"do":"slow","milliseconds":200}"#).await;
    assert_eq!(next_of(&mut activity, "invocation").await["note"], Value::Null);
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

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Invokes `f` with one more header.
async fn call_with(world: &World, header: (&str, &str), body: &Value) -> reqwest::Response {
    let request = world.http.post(world.invocations("f")).body(body.to_string());
    within(request.header(header.0, header.1).send()).await.unwrap()
}

#[tokio::test]
async fn a_client_context_reaches_the_function_decoded() {
    let world = world(|_| {}).await;
    for context in [
        r#"{"client":{"app_title":"x"},"custom":{"b":1,"a":2.50}}"#,
        "{}",
        // A header is one line of ASCII, so line ends become spaces, and other characters are escaped.
        "{\r\n\t\"custom\": {\"name\": \"ü 😀 \u{7f}\"}\n}",
    ] {
        let header = ("x-amz-client-context", &*base64(context));
        let response = call_with(&world, header, &json!({ "do": "headers" })).await;
        let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        let headers: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        let received = headers["lambda-runtime-client-context"].as_str().unwrap();
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(parsed(received), parsed(context), "{context}");
        assert!(received.is_ascii(), "{received}");
    }
    let headers = world.invoke_for_body(&json!({ "do": "headers" })).await;
    assert_eq!(headers["lambda-runtime-client-context"], Value::Null);
}

#[tokio::test]
async fn a_client_context_that_is_no_json_object_in_base64_is_refused_in_lambdas_words() {
    let world = world(|_| {}).await;
    let too_long = base64(&format!("{{\"custom\":{{\"a\":\"{}\"}}}}", "x".repeat(2700)));
    for kind in ["RequestResponse", "Event", "DryRun"] {
        for context in [
            "string",
            "{}",
            "",
            &base64("not JSON"),
            &base64("[1]"),
            &base64("\"x\""),
            &base64("{} {}"),
        ] {
            let request = world.http.post(world.invocations("f")).body("{}");
            let request = request
                .header("x-amz-invocation-type", kind)
                .header("x-amz-client-context", context);
            let response = within(request.send()).await.unwrap();
            assert_eq!(response.status(), 400, "{kind} {context}");
            assert_eq!(response.headers()["x-amzn-errortype"], "InvalidRequestContentException");
            let error: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
            assert_eq!(
                error["Message"],
                "Client context must be a valid Base64-encoded JSON object."
            );
        }
    }
    assert!(too_long.len() > 3583);
    let response = call_with(&world, ("x-amz-client-context", &too_long), &json!({})).await;
    assert_eq!(response.status(), 400);
    assert!(world.gateway.process_ids("f").is_empty());
}

/// "Lambda passes the ClientContext object to your function for synchronous invocations only."
#[tokio::test]
async fn a_client_context_of_an_asynchronous_event_is_not_passed_on() {
    let world = world(|config| {
        config.functions.insert("f".into(), printer());
    })
    .await;
    let mut lines = world.gateway.lines();
    let request = world
        .http
        .post(world.invocations("f"))
        .body(r#"{"do":"print-context"}"#);
    let request = request
        .header("x-amz-invocation-type", "Event")
        .header("x-amz-client-context", base64("{}"));
    assert_eq!(within(request.send()).await.unwrap().status(), 202);
    within(lines.recv()).await.unwrap();
    assert_eq!(within(lines.recv()).await.unwrap().text, "context: null");
}

async fn log_of(world: &World, event: Value) -> String {
    use base64::Engine;
    let response = call_with(world, ("x-amz-log-type", "Tail"), &event).await;
    assert_eq!(response.status(), 200);
    let log = response.headers()["x-amz-log-result"].to_str().unwrap();
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(log).unwrap()).unwrap()
}

#[tokio::test]
async fn the_tail_of_the_log_comes_with_the_answer_if_it_is_asked_for() {
    let world = world(|config| config.functions.get_mut("f").unwrap().max_processes = 1).await;
    for _ in 0..2 {
        let log = log_of(&world, json!({ "do": "print" })).await;
        let mut lines: Vec<&str> = log.lines().collect();
        assert_eq!(lines.len(), 5, "{log}");
        // The two outputs are two pipes, whose lines may come in either order.
        lines[1..3].sort_unstable();
        let id = lines[0].strip_prefix("START RequestId: ").unwrap();
        let id = id.strip_suffix(" Version: $LATEST").unwrap();
        assert_eq!(id.len(), 36);
        assert_eq!(lines[1..3], ["a line on standard error", "a line on standard output"]);
        assert_eq!(lines[3], format!("END RequestId: {id}"));
        let report = lines[4]
            .strip_prefix(&format!("REPORT RequestId: {id}\tDuration: "))
            .unwrap();
        assert!(
            report.contains(" ms\tBilled Duration: ") && report.contains(" ms\tMemory Size: 128 MB"),
            "{report}"
        );
    }
    for log_type in ["None", ""] {
        let response = call_with(&world, ("x-amz-log-type", log_type), &json!({ "do": "print" })).await;
        assert_eq!(response.status(), if log_type.is_empty() { 400 } else { 200 });
        assert!(!response.headers().contains_key("x-amz-log-result"));
    }
    assert!(
        !call(&world, "f", None, "{}")
            .await
            .headers()
            .contains_key("x-amz-log-result")
    );
}

#[tokio::test]
async fn the_tail_is_the_last_4_kb_and_has_what_a_function_prints_right_before_its_answer() {
    let world = world(|_| {}).await;
    for round in 0..5 {
        let log = log_of(&world, json!({ "do": "print-much", "lines": 400, "round": round })).await;
        assert_eq!(log.len(), 4096);
        let last: Vec<&str> = log.lines().rev().skip(2).take(2).collect();
        assert_eq!(
            last,
            [format!("round {round} line 399"), format!("round {round} line 398")],
            "{log}"
        );
    }
    // Text without an end of line is in it too.
    assert!(
        log_of(&world, json!({ "do": "print-bare" }))
            .await
            .contains("\nno end of line")
    );
}

#[tokio::test]
async fn the_tail_of_an_event_that_failed_says_why() {
    let world = world(|config| {
        config.functions.get_mut("f").unwrap().timeout = Duration::from_secs(5);
    })
    .await;
    for (event, text) in [
        (json!({ "do": "exit" }), "Runtime exited with error: exit status 1"),
        (json!({ "do": "hang" }), "Task timed out after 5.00 seconds"),
    ] {
        let log = log_of(&world, event).await;
        assert!(log.starts_with("START RequestId: ") && log.contains(text), "{log}");
    }
    assert!(!log_of(&world, json!({ "do": "print" })).await.contains("timed out"));
}

#[tokio::test]
async fn an_unknown_log_type_is_refused_and_named() {
    let world = world(|_| {}).await;
    let response = call_with(&world, ("x-amz-log-type", "All"), &json!({})).await;
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["x-amzn-errortype"], "ValidationException");
    let error: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert!(
        error["message"].as_str().unwrap().contains("'All' at 'logType'"),
        "{error}"
    );
}

#[tokio::test]
async fn an_asynchronous_event_may_be_of_1_mb_and_no_more() {
    let world = world(|_| {}).await;
    let event = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let limit = 1024 * 1024;
    assert_eq!(call(&world, "f", Some("Event"), &event(limit)).await.status(), 202);
    let response = call(&world, "f", Some("Event"), &event(limit + 1)).await;
    assert_eq!(response.status(), 413);
    assert_eq!(response.headers()["x-amzn-errortype"], "RequestTooLargeException");
    assert_eq!(call(&world, "f", None, &event(limit + 1)).await.status(), 200);
}
