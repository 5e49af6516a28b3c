use super::*;
use chatterbox_core::{Function, Refusal};
use std::{collections::BTreeSet, path::Path};

fn names(kind: &str) -> BTreeSet<&'static str> {
    let of_kind = reasons().iter().filter(|reason| reason.kind == kind);
    of_kind.map(|reason| reason.name.as_str()).collect()
}

#[test]
fn every_refusal_and_every_metric_is_explained() {
    let refusals = Refusal::ALL.map(Refusal::reason);
    assert_eq!(names("refusal"), BTreeSet::from(refusals));
    let metrics = Function::ALL.into_iter().flat_map(|function| function.metrics());
    let metrics: BTreeSet<String> = metrics.map(|metric| format!("{metric:?}")).collect();
    assert_eq!(names("metric"), metrics.iter().map(String::as_str).collect());
}

#[test]
fn every_status_of_a_refusal_is_explained() {
    for refusal in Refusal::ALL {
        let status = refusal.status().to_string();
        assert!(find("handshake status", &status).is_some(), "{status}");
        let reason = find("refusal", refusal.reason()).unwrap();
        assert!(reason.means.ends_with(&format!("Answered {status}.")), "{reason}");
    }
}

#[test]
fn a_status_that_has_no_entry_of_its_own_is_explained_by_its_first_digit() {
    for (status, name) in [
        ("401", "401"),
        ("302", "3xx"),
        ("418", "4xx"),
        ("511", "5xx"),
        ("204", "2xx"),
    ] {
        assert_eq!(of_status(status).unwrap().name, name);
        assert_eq!(about(status)[0].name, name);
    }
    for other in ["1000", "999", "", "é", "30"] {
        assert_eq!(of_status(other), None, "{other}");
    }
}

#[test]
fn every_close_code_says_whose_doing_it_is_and_nothing_else_does() {
    for reason in reasons() {
        assert_eq!(reason.by.is_some(), reason.kind == "close code", "{reason}");
    }
}

#[test]
fn no_name_is_explained_twice_within_its_kind() {
    let mut seen = BTreeSet::new();
    for reason in reasons() {
        assert!(seen.insert((&reason.kind, reason.name.to_lowercase())), "{reason}");
        for text in [&reason.means, &reason.remedy] {
            assert!(text.ends_with(['.', '?']), "{reason}");
        }
    }
}

#[test]
fn a_name_or_a_text_that_has_one_is_found() {
    for (text, kind, name) in [
        ("1006", "close code", "1006"),
        ("403", "handshake status", "403"),
        ("STALE", "report word", "stale"),
        (
            "WebSocket connection to 'wss://a/b' failed: Unexpected response code: 401",
            "handshake status",
            "401",
        ),
        (
            "fork/exec /var/task/bootstrap: exec format error",
            "error text",
            "exec format error",
        ),
        (
            "User: arn:aws:iam::1:user/a is not authorized to perform: dynamodb:PutItem",
            "error text",
            "AccessDeniedException",
        ),
        (
            "connect ECONNREFUSED 127.0.0.1:8080",
            "error text",
            "ERR_CONNECTION_REFUSED",
        ),
        ("closed with code 1006 (abnormal closure)", "close code", "1006"),
    ] {
        let found = about(text);
        assert_eq!(
            found.first().map(|reason| (&*reason.kind, &*reason.name)),
            Some((kind, name)),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn a_number_within_another_and_an_unknown_word_are_not_found() {
    for text in ["24013", "x1006y", "nothing-of-the-kind", ""] {
        assert!(about(text).is_empty(), "{text}: {:?}", about(text));
    }
}

/// The part of the document that is made of the table.
const BEGIN: &str = "<!-- Made by WRITE_REASONS=1 cargo test -p chatter --lib explain: do not edit -->\n";
const END: &str = "<!-- end -->\n";

/// The table as the document has it: for each kind a heading and a table.
fn document() -> String {
    let mut text = String::new();
    let mut kind = "";
    for reason in reasons() {
        if reason.kind != kind {
            kind = &reason.kind;
            let title = kind[..1].to_uppercase() + &kind[1..];
            text += &format!("\n### {title}\n\n| | meaning | what to do |\n|---|---|---|\n");
        }
        let cell = |text: &str| text.replace('|', "\\|");
        text += &format!(
            "| `{}` | {} | {} |\n",
            reason.name,
            cell(&reason.meaning()),
            cell(&reason.remedy)
        );
    }
    text + "\n"
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test may be asked to write the document that it checks"
)]
fn the_document_has_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .join("docs/when-things-break.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text
        .split_once(BEGIN)
        .expect("the document has the mark where the table begins");
    let (made, after) = rest
        .split_once(END)
        .expect("the document has the mark where the table ends");
    if std::env::var_os("WRITE_REASONS").is_some() {
        std::fs::write(&path, [before, BEGIN, &document(), END, after].concat()).unwrap();
    } else {
        assert!(
            made == document(),
            "docs/when-things-break.md is old: WRITE_REASONS=1 cargo test -p chatter --lib explain"
        );
    }
}
