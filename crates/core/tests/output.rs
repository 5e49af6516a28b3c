//! What a function prints: its log and its metrics. They are read off the standard output of a process of its own, since a process
//! starts logging once.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

use chatterbox_core::{
    Function, Metric, log,
    metrics::{Metrics, MetricsSettings, Observability},
};
use serde_json::{Value, json};
use std::process::Command;

/// What Lambda sets for a function's log level.
const LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// The function that is started: no test by itself.
#[test]
#[ignore = "the other tests start it, each with a log level"]
fn a_function_that_prints() {
    log::init();
    tracing::info!(target: "chatterbox_core", n = 1, "of core");
    tracing::debug!(target: "notify", n = 2, "of a function");
    tracing::info!(target: "hyper", n = 3, "of a library");
    // As lambda_runtime does with a whole event.
    tracing::trace!(target: "lambda_runtime", n = 4, "of a library");
    tracing::warn!(target: "chatterbox_core", n = 5, "of core");
    let settings = MetricsSettings {
        namespace: "Mine".to_owned(),
        observability: Observability::Full,
    };
    let metrics = Metrics::new(Function::Notify, settings);
    metrics.emit(&[(Metric::FanOut, 2.5), (Metric::Updates, 3.0)], &[]);
    metrics.count(Metric::Refusals, &[("Reason", "expired")]);
}

/// The lines of JSON that it prints at this log level.
fn lines(level: Option<&str>) -> Vec<Value> {
    let mut function = Command::new(std::env::current_exe().unwrap());
    function.args([
        "--exact",
        "a_function_that_prints",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    match level {
        Some(level) => function.env(LEVEL, level),
        None => function.env_remove(LEVEL),
    };
    let output = function.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    // The test harness begins the first of these lines.
    let json = text
        .lines()
        .filter_map(|line| line.find('{').map(|start| &line[start..]));
    json.map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn its_own_lines_are_logged_from_the_level_that_lambda_sets_and_those_of_libraries_from_info_at_most() {
    for (level, expected) in [
        (None, vec![1, 3, 5]),
        (Some("what is this?"), vec![1, 3, 5]),
        (Some("INFO"), vec![1, 3, 5]),
        (Some("WARN"), vec![5]),
        (Some("debug"), vec![1, 2, 3, 5]),
        (Some("TRACE"), vec![1, 2, 3, 5]),
    ] {
        let lines = lines(level);
        let logged: Vec<u64> = lines.iter().filter_map(|line| line["n"].as_u64()).collect();
        assert_eq!(logged, expected, "{level:?}");
        let warning = lines.iter().find(|line| line["n"] == 5).unwrap();
        assert_eq!(
            (&warning["level"], &warning["message"], &warning["target"]),
            (&json!("WARN"), &json!("of core"), &json!("chatterbox_core"))
        );
    }
}

#[test]
fn metrics_are_printed_a_line_for_each_event_whatever_the_log_level() {
    for level in [None, Some("ERROR")] {
        let lines = lines(level);
        let metrics: Vec<&Value> = lines.iter().filter(|line| line["_aws"].is_object()).collect();
        let [notified, refused] = metrics[..] else {
            panic!("{lines:?}");
        };
        assert_eq!((&notified["FanOut"], &notified["Updates"]), (&json!(2.5), &json!(3.0)));
        assert_eq!(
            (&refused["Refusals"], &refused["Reason"]),
            (&json!(1.0), &json!("expired"))
        );
        assert_eq!(refused["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Mine");
    }
}
