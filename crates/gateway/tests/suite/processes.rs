//! The processes of functions: when they start, how many there are, what happens to an event whose process fails.

use std::time::Duration;

use chatterbox_gateway::Function;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::*;

fn message(error: &Value) -> &str {
    error["errorMessage"].as_str().unwrap()
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
async fn a_second_reply_to_an_event_is_ignored() {
    let world = world(|config| change(config, |function| function.max_processes = 1)).await;
    assert_eq!(world.invoke(&json!({ "do": "late" })).await["body"], "in time");
    assert_eq!(world.invoke_for_body(&json!({ "do": "process" })).await["served"], 2);
}

/// The limit is Lambda's: 6 MB and 100 bytes.
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
    let folder = temporary_folder();
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

/// Whether a process runs. A grandchild that has ended may still be a zombie, until the init process reaps it.
fn is_running(process_id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process_id}/stat")).unwrap_or_default();
    is_alive(process_id) && !stat.contains(") Z ")
}
