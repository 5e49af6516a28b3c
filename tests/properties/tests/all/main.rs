//! Tries every target with its corpus, and with inputs that are made from it at random.
#![allow(
    clippy::unwrap_used,
    reason = "the helpers are tests too: one that cannot go on has failed"
)]

mod inputs;

use inputs::{inputs, seeds};
use properties::{TARGETS, Target};
use proptest::test_runner::{Config, FileFailurePersistence, TestError, TestRunner};
use std::path::Path;

#[test]
fn every_target_holds_for_its_corpus() {
    for target in TARGETS {
        for seed in seeds(target.name) {
            (target.check)(&seed);
        }
    }
}

#[test]
fn every_target_has_a_corpus_and_is_a_target_of_cargo_fuzz_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let manifest = std::fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
    for Target { name, .. } in TARGETS {
        assert!(seeds(name).len() >= 2, "{name} has too few seeds");
        let source = std::fs::read_to_string(root.join(format!("fuzz/fuzz_targets/{name}.rs"))).unwrap();
        assert!(source.contains(&format!("properties::check(\"{name}\"")), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
    let files = std::fs::read_dir(root.join("fuzz/fuzz_targets")).unwrap();
    assert_eq!(files.count(), TARGETS.len(), "a file of fuzz has no target here");
}

/// Tries a target with as many inputs as `PROPTEST_CASES` says, or 256; eight times as many if it is fast, and a quarter of
/// them if each takes a connection. All targets together take some seconds.
#[track_caller]
fn holds(name: &str) {
    let target = TARGETS.into_iter().find(|target| target.name == name).unwrap();
    let cases = Config::default().cases;
    let config = Config {
        cases: if target.is_slow { cases / 4 } else { cases * 8 },
        max_shrink_iters: 5_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(&inputs(name), |input| {
        (target.check)(&input);
        Ok(())
    });
    if let Err(TestError::Fail(why, input)) = tried {
        let path = std::env::temp_dir().join(format!("properties-{name}"));
        std::fs::write(&path, &input).unwrap();
        let shown = String::from_utf8_lossy(&input);
        panic!(
            "{name}: {why}\ninput: {shown:?}\nIt is in {}: put it into tests/properties/corpus/{name}.",
            path.display()
        );
    }
}

#[test]
fn a_handshake_is_read_or_refused_and_shows_no_chatter_id() {
    holds("handshake");
}

#[test]
fn credentials_arrive_as_they_were_sent_by_every_carrier() {
    holds("credentials");
}

#[test]
fn cookies_mean_the_same_when_they_are_written_plainly() {
    holds("cookies");
}

#[test]
fn what_is_no_event_of_api_gateway_is_not_quoted() {
    holds("socket_event");
}

#[test]
fn a_browsers_message_has_one_meaning_or_none() {
    holds("client_message");
}

#[test]
fn a_page_takes_no_harm_from_any_message() {
    holds("page_message");
}

#[test]
fn an_event_is_valid_or_its_field_is_named_and_an_envelope_does_not_change_it() {
    holds("event");
}

#[test]
fn the_gateway_serves_on_whatever_http_it_is_sent() {
    holds("gateway_http");
}

#[test]
fn the_gateway_serves_on_whatever_frames_it_is_sent() {
    holds("gateway_frames");
}

#[test]
fn the_gateway_serves_on_whatever_a_function_says_to_its_runtime_api() {
    holds("runtime_api");
}
