//! The traces in `protocol/traces` are those of the model as it is. `WRITE_TRACES=1 cargo test -p model --test written` writes
//! them anew.

use model::trace::examples;
use serde::Serialize;
use std::{env, fs};

#[test]
fn the_examples_are_written_down_as_the_model_finds_them() {
    let (pages, servers) = examples();
    assert_written("page.json", &pages);
    assert_written("server.json", &servers);
}

#[expect(
    clippy::disallowed_methods,
    reason = "this test has no settings: it is told to write its file, or not"
)]
fn assert_written(file: &str, traces: &[impl Serialize]) {
    let lines: Vec<String> = traces
        .iter()
        .map(|trace| serde_json::to_string(trace).expect("traces are JSON"))
        .collect();
    let text = format!("[\n{}\n]\n", lines.join(",\n"));
    let path = format!("{}/../../protocol/traces/{file}", env!("CARGO_MANIFEST_DIR"));
    if env::var_os("WRITE_TRACES").is_some() {
        fs::write(&path, &text).expect("the file can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "{path} is not what the model says: WRITE_TRACES=1 cargo test -p model --test written"
    );
}
