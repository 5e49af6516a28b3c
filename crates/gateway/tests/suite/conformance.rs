//! The conformance suite, which runs against any target: here against this gateway.

use std::path::Path;

use tokio::process::Command;

use crate::command::ready;
use crate::description::gateway_in;
use crate::world::within;

/// The suite has a time limit of its own for each answer; all together take some seconds.
#[tokio::test]
async fn the_gateway_answers_each_case_of_the_conformance_suite_as_aws_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    let mut gateway = gateway_in(&folder, &["--port", "0", "--template", "template.json"]);
    let target = ready(&mut gateway).await[1].clone();
    let run = Command::new("node")
        .args(["run.mjs", "--target", &target])
        .current_dir(&folder)
        .output()
        .await
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
}

#[tokio::test]
async fn the_page_about_the_conformance_suite_is_what_its_results_make() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    let check = Command::new("node")
        .args(["table.mjs", "--check"])
        .current_dir(folder)
        .output();
    let check = within(check).await.unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}
