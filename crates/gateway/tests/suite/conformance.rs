//! The conformance suite, which runs against any target: here against this gateway.

use std::path::{Path, PathBuf};

use tokio::process::{Child, Command};

use crate::command::ready;
use crate::description::gateway_in;
use crate::world::within;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

/// A gateway with a template of the suite, and the words of its line `ready`.
async fn serving(template: &str) -> (Child, Vec<String>) {
    // A case comes from a page of this origin.
    let flags = ["--port", "0", "--allow-origin", "https://example.org"];
    let mut gateway = gateway_in(&folder(), &[&flags[..], &["--template", template]].concat());
    let words = ready(&mut gateway).await;
    (gateway, words)
}

/// The suite has a time limit of its own for each answer; all together take some 40 seconds, of which the longest case waits 29.
#[tokio::test]
async fn the_gateway_answers_each_case_of_the_conformance_suite_as_aws_does() {
    let (_main, words) = serving("template.json").await;
    let (_authorizer, authorizer) = serving("template-authorizer.json").await;
    let (_throttled, throttled) = serving("template-throttled.json").await;
    let mut run = Command::new("node");
    run.args(["run.mjs", "--target", &words[1], "--lambda", &words[3]]);
    run.args(["--authorizer", &authorizer[1], "--throttled", &throttled[1]]);
    // Where `make` has installed the JavaScript SDK for the examples.
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    if examples
        .join("node_modules/@aws-sdk/client-apigatewaymanagementapi")
        .exists()
    {
        run.arg("--javascript").arg(examples);
    }
    // What `cargo test` builds beside the tests.
    let rust = Path::new(env!("CARGO_BIN_EXE_gateway")).with_file_name("examples/connections");
    if rust.exists() {
        run.arg("--rust").arg(rust);
    }
    let run = run.current_dir(folder()).kill_on_drop(true).output().await.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}

#[tokio::test]
async fn the_page_about_the_conformance_suite_is_what_its_results_make() {
    let check = Command::new("node")
        .args(["table.mjs", "--check"])
        .current_dir(folder())
        .output();
    let check = within(check).await.unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}
