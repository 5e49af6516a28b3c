//! APIs as CDK and SAM templates describe them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::command::*;
use crate::description::gateway_in;
use crate::world::*;

const CHATTERBOX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/templates/chatterbox.template.json");
const SAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/templates/sam.template.json");

/// A folder of programs as `cargo lambda build` makes it, in which each function is that of the tests.
fn programs(names: &[&str]) -> PathBuf {
    let folder = temporary_folder();
    let script = std::fs::read_to_string(BOOTSTRAP).unwrap();
    for name in names {
        let program = folder.join(name).join("bootstrap");
        std::fs::create_dir(folder.join(name)).unwrap();
        // Without an ending Node takes a file for CommonJS, which has no `import`.
        std::fs::write(folder.join(name).join("function.mjs"), &script).unwrap();
        std::fs::write(&program, "#!/bin/sh\nexec node function.mjs\n").unwrap();
        make_executable(&program);
    }
    folder
}

#[tokio::test]
async fn this_projects_own_stack_runs_from_its_cdk_template() {
    let programs = programs(&["connect", "disconnect", "default", "notify", "revoke"]);
    let flags = [
        "--port",
        "0",
        "--template",
        CHATTERBOX,
        "--function-dir",
        programs.to_str().unwrap(),
    ];
    let mut gateway = gateway_in(&programs, &[&flags[..], &["--region", "eu-west-1"]].concat());
    let url = ready(&mut gateway).await[1].clone();
    assert!(url.ends_with("/live"), "{url}");
    let mut client = Client::of(&url).await;
    assert_eq!(client.ask_text(json!({ "action": "ping" })).await, r#"{"type":"pong"}"#);
    let event = client.ask(json!({ "action": "sync" })).await;
    assert_eq!(event["requestContext"]["routeKey"], "$default");
    let environment = client.ask(json!({ "do": "environment" })).await;
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", "Chatterbox-default"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_REGION", "eu-west-1"),
        ("METRICS_NAMESPACE", "Chatterbox"),
    ] {
        assert_eq!(environment[name], value, "{name}");
    }
    assert!(
        environment["CONNECTIONS_TABLE"]
            .as_str()
            .unwrap()
            .starts_with("ChatterboxTablesConnections")
    );
    // notify, to which no route leads, can be invoked, and posts to the gateway and not to AWS.
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/live").unwrap();
    let invoke = format!("http://{address}/2015-03-31/functions/Chatterbox-notify/invocations");
    let invoked = reqwest::Client::new()
        .post(invoke)
        .body(r#"{"do":"environment"}"#)
        .send();
    let answer: Value = within(within(invoked).await.unwrap().json()).await.unwrap();
    let environment: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    let endpoint = &environment["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"];
    assert_eq!(*endpoint, url.replace("ws://", "http://"));
}

/// Functions as people write them: one posts to the address that its settings have, the other lets people in by name.
fn sam() -> PathBuf {
    let folder = temporary_folder();
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    file("template.json", &std::fs::read_to_string(SAM).unwrap());
    file(
        "chat/app.js",
        r#"
exports.handler = async ({ requestContext, stageVariables, body }) => {
  if (requestContext.eventType === "CONNECT") return { statusCode: 200 };
  const { ENDPOINT, TABLE, SHARED } = process.env;
  const post = { method: "POST", body: JSON.parse(body).text };
  await fetch(`${ENDPOINT}/@connections/${encodeURIComponent(requestContext.connectionId)}`, post);
  const { principalId } = requestContext.authorizer;
  return { statusCode: 200, body: JSON.stringify({ principalId, colour: stageVariables.colour, TABLE, SHARED }) };
};
"#,
    );
    file(
        "guard/index.mjs",
        r#"
export const handler = async ({ methodArn, queryStringParameters: { name } }) => {
  if (name === "nobody") throw new Error("Unauthorized");
  const Statement = [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: methodArn }];
  return { principalId: name, policyDocument: { Version: "2012-10-17", Statement } };
};
"#,
    );
    folder
}

#[tokio::test]
async fn a_sam_template_runs_with_its_handlers_its_authorizer_and_its_throttles() {
    let folder = sam();
    let mut gateway = gateway_in(&folder, &["--port", "0", "--template", "template.json"]);
    let url = ready(&mut gateway).await[1].clone();
    assert!(url.ends_with("/Prod"), "{url}");
    for query in ["", "?name=nobody"] {
        let refused = within(tokio_tungstenite::connect_async(format!("{url}{query}"))).await;
        assert!(refused.unwrap_err().to_string().contains("401"), "{query}");
    }
    let mut client = Client::of(&format!("{url}?name=ann")).await;
    for _ in 0..3 {
        let posted = client
            .ask_text(json!({ "message": "sendmessage", "text": "hello" }))
            .await;
        assert_eq!(posted, "hello");
        let expected = json!({ "principalId": "ann", "colour": "blue", "TABLE": "connections", "SHARED": "1" });
        assert_eq!(client.hear_json().await, expected);
    }
    let other = client.ask_text(json!({ "message": "other" })).await;
    assert!(other.contains("Forbidden"), "{other}");
}

#[tokio::test]
async fn a_template_whose_connect_asks_for_an_api_key_has_the_key_with_its_value() {
    let folder = sam();
    let mut template: Value = serde_json::from_str(&std::fs::read_to_string(SAM).unwrap()).unwrap();
    template["Resources"]["ConnectRoute"]["Properties"]["ApiKeyRequired"] = json!(true);
    std::fs::write(folder.join("keyed.json"), template.to_string()).unwrap();
    let told = error(gateway_in(&folder, &["--template", "keyed.json"])).await;
    assert!(told.contains("route `ConnectRoute`: it asks for an API key"), "{told}");

    let key = "0123456789-abcdefghi";
    template["Resources"]["Key"] = json!({ "Type": "AWS::ApiGateway::ApiKey", "Properties": { "Value": key } });
    std::fs::write(folder.join("keyed.json"), template.to_string()).unwrap();
    let mut gateway = gateway_in(&folder, &["--port", "0", "--template", "keyed.json"]);
    let url = format!("{}?name=ann", ready(&mut gateway).await[1]);
    let refused = within(tokio_tungstenite::connect_async(&url)).await;
    assert!(refused.unwrap_err().to_string().contains("403"));
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("x-api-key", key.parse().unwrap());
    within(tokio_tungstenite::connect_async(request)).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_a_template_is_told_at_once() {
    let folder = sam();
    let told = async |template: &Path, content: &str| {
        std::fs::write(template, content).unwrap();
        error(gateway_in(&folder, &["--template", template.to_str().unwrap()])).await
    };
    let template = folder.join("other.json");
    let content = std::fs::read_to_string(SAM).unwrap();
    let content = content
        .replace("nodejs20.x", "java21")
        .replace("route.request.querystring.name", "$request.header.a");
    let answer = told(&template, &content.replace("\"guard/\"", "\"guards/\"")).await;
    for expected in [
        "other.json: authorizer `Guard`: ",
        "function `GuardFunction`: its program is not found",
        "function `ChatFunction`: the runtime java21 is not known here",
    ] {
        assert!(answer.contains(expected), "{expected}\n is not in\n{answer}");
    }
    for (content, expected) in [
        ("Resources:\n", "it has no Resources"),
        ("Resources: [", "line 2"),
        ("{\"Resources\": ", "line 1"),
        ("{}", "it has no Resources"),
        (r#"{"Resources":{}}"#, "it has 0 WebSocket APIs"),
    ] {
        let answer = told(&template, content).await;
        assert!(answer.contains(expected), "{answer}");
    }
}
