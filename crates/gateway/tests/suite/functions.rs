//! The Lambda host: processes, their environment, and what becomes of events whose process fails.

use std::path::Path;
use std::time::Duration;

use chatterbox_gateway::{Config, Endpoint, Function};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::*;

fn change(config: &mut Config, change: impl FnOnce(&mut Function)) {
    change(config.functions.get_mut("f").unwrap());
}

fn message(error: &Value) -> &str {
    error["errorMessage"].as_str().unwrap()
}

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
async fn a_function_is_told_where_to_post_unless_it_knows() {
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
                // The certificate is nowhere, and Node would say so.
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
    let folder = tempfile();
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

/// `--function "py=/venv/bin/python -m awslambdaric app.handler"` is to find `app`.
#[tokio::test]
async fn a_function_runs_in_the_folder_that_is_set_for_it() {
    let (folder, elsewhere) = (tempfile(), tempfile());
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

#[tokio::test]
async fn a_warm_process_serves_one_event_after_another() {
    let world = world(|config| change(config, |function| function.max_processes = 1)).await;
    let mut activity = world.gateway.activity();
    let mut process_id = None;
    for served in 1..=5 {
        let process = world.invoke_for_body(&json!({ "do": "process" })).await;
        assert_eq!(process["served"], served);
        assert_eq!(*process_id.get_or_insert(process["pid"].clone()), process["pid"]);
        let invocation = next_of(&mut activity, "invocation").await;
        assert_eq!(invocation["coldStart"], served == 1);
        assert_eq!(invocation["note"], Value::Null);
    }
}

#[tokio::test]
async fn more_processes_start_as_load_asks_up_to_the_limit_and_then_events_wait() {
    let world = world(|config| change(config, |function| function.max_processes = 3)).await;
    let event = json!({ "do": "slow", "milliseconds": 200 });
    let answers = join_all((0..8).map(|_| world.invoke(&event))).await;
    assert!(answers.iter().all(|answer| answer["statusCode"] == 200));
    assert_eq!(world.gateway.process_ids("f").len(), 3);
}

#[tokio::test]
async fn a_process_that_is_killed_while_idle_costs_no_event() {
    let world = world(|_| {}).await;
    let mut activity = world.gateway.activity();
    for _ in 0..3 {
        let process = world.invoke_for_body(&json!({ "do": "process" })).await;
        assert_eq!(process["served"], 1);
        let id = rustix::process::Pid::from_raw(process["pid"].as_i64().unwrap() as i32).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
        let exit = next_of(&mut activity, "process-exit").await;
        assert_eq!(exit["processId"], id.as_raw_nonzero().get());
        assert_eq!(exit["status"], Value::Null);
    }
}

#[tokio::test]
async fn a_process_that_exits_after_its_answer_costs_no_event() {
    let world = world(|config| change(config, |function| function.max_processes = 1)).await;
    let event = json!({ "do": "reply-then-exit" });
    let answers = join_all((0..4).map(|_| world.invoke(&event))).await;
    assert!(answers.iter().all(|answer| answer["statusCode"] == 200), "{answers:?}");
}

#[tokio::test]
async fn a_crash_fails_its_event_and_the_next_event_gets_a_new_process() {
    let world = world(|_| {}).await;
    let error = world.invoke(&json!({ "do": "exit" })).await;
    assert_eq!(error["errorType"], "Runtime.ExitError");
    assert!(
        message(&error).ends_with("Error: Runtime exited with error: exit status 1"),
        "{error}"
    );
    assert_eq!(world.invoke_for_body(&json!({ "do": "process" })).await["served"], 1);
}

#[tokio::test]
async fn a_process_is_killed_at_its_deadline() {
    let world = world(|config| {
        change(config, |function| {
            (function.timeout, function.max_processes) = (Duration::from_millis(1250), 1)
        });
    })
    .await;
    let process_id = world.invoke_for_body(&json!({ "do": "process" })).await["pid"]
        .as_u64()
        .unwrap();
    let error = world.invoke(&json!({ "do": "hang" })).await;
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    assert!(
        message(&error).ends_with("Task timed out after 1.25 seconds"),
        "{error}"
    );
    until(|| !is_alive(process_id.try_into().unwrap())).await;
    assert_eq!(world.invoke_for_body(&json!({ "do": "process" })).await["served"], 1);
}

#[tokio::test]
async fn a_failed_start_fails_one_event_and_is_not_repeated() {
    for (how, expected) in [
        ("exit", "exit status 3"),
        ("init-error", "no settings"),
        ("hang", "after 0.50 seconds"),
    ] {
        let world = world(|config| {
            config.limits.init = Duration::from_millis(if how == "hang" { 500 } else { 20_000 });
            change(config, |function| {
                function.environment.insert("BEFORE_FIRST_NEXT".into(), how.into());
            });
        })
        .await;
        let mut activity = world.gateway.activity();
        for _ in 0..2 {
            let error = world.invoke(&json!({})).await;
            assert!(message(&error).ends_with(expected), "{error}");
        }
        for _ in 0..2 {
            next_of(&mut activity, "process-exit").await;
        }
        assert!(all_of(&mut activity, "process-start").is_empty(), "{how}");
        assert!(world.gateway.process_ids("f").is_empty());
    }
}

#[tokio::test]
async fn a_reply_that_comes_twice_is_ignored() {
    let world = world(|config| change(config, |function| function.max_processes = 1)).await;
    assert_eq!(world.invoke(&json!({ "do": "late" })).await["body"], "in time");
    assert_eq!(world.invoke_for_body(&json!({ "do": "process" })).await["served"], 2);
}

/// Lambda's own number: 6 MB and 100 bytes.
#[tokio::test]
async fn a_reply_may_have_6_291_556_bytes_and_no_more() {
    let world = world(|_| {}).await;
    let limit = 6_291_556;
    let whole = world.invoke(&json!({ "do": "large", "bytes": limit - 2 })).await;
    assert_eq!(whole.as_str().unwrap().len(), limit - 2);
    let error = world.invoke(&json!({ "do": "large", "bytes": limit - 1 })).await;
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
    assert_eq!(
        message(&error),
        "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    );
}

#[tokio::test]
async fn grandchildren_end_with_their_process() {
    let folder = tempfile();
    let script = folder.join("bootstrap");
    std::fs::write(&script, "#!/bin/sh\nsleep 600 &\necho $!\nexec sleep 600\n").unwrap();
    make_executable(&script);
    let world = world(|config| {
        config.limits.init = Duration::from_millis(300);
        change(config, |function| *function = Function::new(&script));
    })
    .await;
    let mut lines = world.gateway.lines();
    world.invoke(&json!({})).await;
    let grandchild: u32 = within(lines.recv()).await.unwrap().text.parse().unwrap();
    until(|| !is_running(grandchild)).await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// A grandchild's zombie may wait for a reaper that is not ours; it runs no more.
fn is_running(process_id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process_id}/stat")).unwrap_or_default();
    is_alive(process_id) && !stat.contains(") Z ")
}

/// A new folder of this process's own.
fn tempfile() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("gateway-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).unwrap();
    folder
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
