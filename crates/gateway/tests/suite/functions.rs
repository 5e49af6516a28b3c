//! What the Lambda host gives to a function: environment, folder, headers.

use std::path::Path;
use std::time::Duration;

use chatterbox_gateway::{Endpoint, Function};
use serde_json::json;

use crate::world::*;

#[tokio::test]
async fn a_process_finds_lambdas_environment_and_the_configured_one_and_nothing_else() {
    let world = world(|config| {
        config.region = "eu-central-1".into();
        change(config, |function| {
            function.environment.insert("MINE".into(), "1".into());
            function.memory_mb = 256;
        });
    })
    .await;
    let mut environment = world.invoke_for_body(&json!({ "do": "environment" })).await;
    let environment = environment.as_object_mut().unwrap();
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_SESSION_TOKEN", "local"),
        ("TZ", ":UTC"),
        ("LANG", "en_US.UTF-8"),
        ("_HANDLER", "bootstrap"),
        ("MINE", "1"),
    ] {
        assert_eq!(environment.remove(name), Some(json!(value)), "{name}");
    }
    assert_eq!(environment["LAMBDA_TASK_ROOT"], environment["cwd"]);
    let api = environment["AWS_LAMBDA_RUNTIME_API"].as_str().unwrap();
    assert!(api.starts_with("127.0.0.1:") && !api.contains('/'), "{api}");
    let rest: Vec<&String> = environment.keys().collect();
    assert_eq!(
        rest,
        [
            "AWS_LAMBDA_LOG_STREAM_NAME",
            "AWS_LAMBDA_RUNTIME_API",
            "LAMBDA_TASK_ROOT",
            "PATH",
            "cwd"
        ]
    );
}

#[tokio::test]
async fn a_function_is_told_where_to_post_unless_its_own_environment_says_so() {
    const NAME: &str = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI";
    let address: std::net::SocketAddr = "127.0.0.1:8080".parse().unwrap();
    for (endpoint, own, expected) in [
        (Endpoint::http(address), None, json!("http://127.0.0.1:8080/v1")),
        (
            Endpoint::http(address),
            Some("http://elsewhere/x"),
            json!("http://elsewhere/x"),
        ),
        (
            Endpoint::https(address, "/a/b.pem"),
            None,
            json!("https://127.0.0.1:8080/v1"),
        ),
    ] {
        let is_tls = expected.as_str().unwrap().starts_with("https");
        let world = world(|config| {
            (config.stage, config.endpoint) = ("v1".into(), Some(endpoint));
            change(config, |function| {
                let own = own.map(|own| (NAME.to_owned(), own.to_owned()));
                function.environment.extend(own);
                // The file does not exist, and Node would warn about it.
                function.environment.insert("NODE_EXTRA_CA_CERTS".into(), String::new());
            });
        })
        .await;
        let environment = world.invoke_for_body(&json!({ "do": "environment" })).await;
        assert_eq!(environment[NAME], expected);
        assert_eq!(environment.get("AWS_CA_BUNDLE"), is_tls.then_some(&json!("/a/b.pem")));
        assert_eq!(environment["NODE_EXTRA_CA_CERTS"], "");
    }
}

#[tokio::test]
async fn a_command_with_a_path_runs_in_its_own_folder() {
    let folder = temporary_folder();
    let script = folder.join("bootstrap");
    std::fs::write(&script, format!("#!/bin/sh\nexec node {BOOTSTRAP}\n")).unwrap();
    make_executable(&script);
    let world = world(|config| change(config, |function| *function = Function::new(&script))).await;
    let environment = world.invoke_for_body(&json!({ "do": "environment" })).await;
    assert_eq!(
        Path::new(environment["cwd"].as_str().unwrap()),
        folder.canonicalize().unwrap()
    );
    std::fs::remove_dir_all(folder).unwrap();
}

/// So that `--function "py=/venv/bin/python -m awslambdaric app.handler"` finds `app`.
#[tokio::test]
async fn a_function_runs_in_the_folder_that_is_set_for_it() {
    let (folder, elsewhere) = (temporary_folder(), temporary_folder());
    let script = folder.join("bootstrap");
    std::fs::write(&script, format!("#!/bin/sh\nexec node {BOOTSTRAP}\n")).unwrap();
    make_executable(&script);
    let expected = elsewhere.canonicalize().unwrap();
    for function in [function(), Function::new(&script)] {
        let function = Function {
            folder: Some(elsewhere.clone()),
            ..function
        };
        assert_eq!(function.working_folder().unwrap(), elsewhere);
        let world = world(|config| change(config, |f| *f = function)).await;
        let environment = world.invoke_for_body(&json!({ "do": "environment" })).await;
        for name in ["cwd", "LAMBDA_TASK_ROOT"] {
            let folder = Path::new(environment[name].as_str().unwrap());
            assert_eq!(folder.canonicalize().unwrap(), expected, "{name}");
        }
    }
    let present = std::env::current_dir().unwrap();
    for (function, folder) in [
        (function(), present.clone()),
        (Function::new(&script), folder.clone()),
        (Function::new("tests/bootstrap.mjs"), present.join("tests")),
        (
            Function {
                folder: Some("tests/suite".into()),
                ..function()
            },
            present.join("tests/suite"),
        ),
    ] {
        assert_eq!(function.working_folder().unwrap(), folder);
    }
    std::fs::remove_dir_all(folder).unwrap();
    std::fs::remove_dir_all(elsewhere).unwrap();
}

#[tokio::test]
async fn an_event_comes_with_the_headers_of_the_runtime_api() {
    let world = world(|config| change(config, |function| function.timeout = Duration::from_secs(7))).await;
    let headers = world.invoke_for_body(&json!({ "do": "headers" })).await;
    let text = |name: &str| headers[name].as_str().unwrap();
    assert_eq!(text("lambda-runtime-aws-request-id").len(), 36);
    assert_eq!(
        text("lambda-runtime-invoked-function-arn"),
        "arn:aws:lambda:us-east-1:000000000000:function:f"
    );
    assert!(text("lambda-runtime-trace-id").starts_with("Root=1-"));
    let left = text("lambda-runtime-deadline-ms").parse::<u64>().unwrap() - headers["now"].as_u64().unwrap();
    assert!((4_000..=7_000).contains(&left), "{left} ms are left");
}
