//! The page does what the model does, which is proved to lose nothing: step by step it shows, asks and remembers the same.
//!
//! `protocol/traces/page.json` has the model's shortest counterexamples. `TRACES` names a folder with more, such as
//! `cargo run -p model --bin traces -- target/traces` writes, which take every transition of a page.

#![expect(clippy::unwrap_used, reason = "all of this is test code")]

mod browser;
mod trace;

use browser::Browser;
use std::{
    fmt::{self, Display},
    path::Path,
};
use trace::{Given, Step, Then, Trace};

const COUNTEREXAMPLES: &str = include_str!("../../../../protocol/traces/page.json");

#[expect(
    clippy::disallowed_methods,
    reason = "it is a setting of the test, not of a function"
)]
fn traces() -> Vec<Trace> {
    let mut traces: Vec<Trace> = serde_json::from_str(COUNTEREXAMPLES).unwrap();
    if let Some(folder) = std::env::var_os("TRACES") {
        let text = std::fs::read_to_string(Path::new(&folder).join("page.json")).unwrap();
        let more: Vec<Trace> = serde_json::from_str(&text).unwrap();
        traces.extend(more);
    }
    traces
}

#[test]
fn the_page_does_what_the_model_does() {
    let traces = traces();
    let differences = traces.iter().filter_map(difference);
    if let Some(shortest) = differences.min_by_key(|difference| difference.step) {
        panic!("{shortest}");
    }
    let steps: usize = traces.iter().map(|trace| trace.steps.len()).sum();
    println!(
        "{} traces of the model with {steps} steps, and no difference",
        traces.len()
    );
}

#[test]
fn the_first_step_that_differs_is_told_with_both_states() {
    let text = r#"{"scenario": "by hand", "why": "a gap", "ownData": false, "tabs": [["a"]], "calm": false, "steps": [
        {"do": "open", "topics": ["a"], "then": [{"tab": 0, "asks": [{"cursor": null}], "cursor": null}]},
        {"do": "reply", "tab": 0, "to": 1, "then": [{"tab": 0, "cursor": {"epoch": "e1", "version": 1}}],
         "reply": {"cursor": {"epoch": "e1", "version": 1}, "reset": false, "more": false, "updates": []}},
        {"do": "push", "push": {"epoch": "e1", "version": 3, "prev": 2, "topics": ["a"], "id": "u2"},
         "then": [{"tab": 0, "shows": [{"topics": ["a"], "version": 3, "id": "u2"}],
                   "cursor": {"epoch": "e1", "version": 1}}]},
        {"do": "wait", "tab": 0, "then": [{"tab": 0, "asks": [{"cursor": {"epoch": "e1", "version": 1}}],
                                           "cursor": {"epoch": "e1", "version": 1}}]},
        {"do": "unknown", "tab": 0, "to": 2, "hangsUp": true, "then": [{"tab": 0, "cursor": {"epoch": "e1", "version": 1}}]}
    ]}"#;
    let good: Trace = serde_json::from_str(text).unwrap();
    assert_eq!(difference(&good).map(|it| it.to_string()), None);
    for (step, break_it) in [
        (0, (|step: &mut Step| step.then[0].asks.clear()) as fn(&mut Step)),
        (2, |step| step.then[0].cursor.as_mut().unwrap().version = 3),
        (2, |step| step.then[0].shows[0].topics.push("b".to_owned())),
        (3, |step| step.then.clear()),
        (4, |step| step.hangs_up = false),
    ] {
        let mut bad = good.clone();
        break_it(&mut bad.steps[step]);
        let told = difference(&bad).expect("the trace says something else than the page does");
        assert_eq!(told.step, step, "{told}");
    }
}

/// The first step at which a page does not do what a trace says; or the last, if then it waits for something although
/// nothing is under way.
struct Difference<'a> {
    trace: &'a Trace,
    step: usize,
    /// What the pages did, and whether one hung up.
    did: (Vec<Then>, bool),
    browser: Browser,
}

fn difference(trace: &Trace) -> Option<Difference<'_>> {
    let mut browser = Browser::of(trace);
    for (at, step) in trace.steps.iter().enumerate() {
        let mut did = browser.take(&step.given);
        // What is the browser's to do and no page's: a reload, and the end of the tab that held the socket.
        if let (Given::Reload | Given::CloseTab { .. }, true) = (&step.given, step.hangs_up) {
            browser.lose();
            did.1 = true;
        }
        if did != (step.then.clone(), step.hangs_up) {
            return Some(Difference {
                trace,
                step: at,
                did,
                browser,
            });
        }
    }
    (trace.calm && !browser.is_calm()).then(|| Difference {
        trace,
        step: trace.steps.len() - 1,
        did: Default::default(),
        browser,
    })
}

impl Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trace { scenario, why, .. } = self.trace;
        writeln!(f, "the page does not do what the model does: {scenario}, {why}")?;
        for (number, step) in (1..).zip(&self.trace.steps[..=self.step]) {
            let given = serde_json::to_string(&step.given).map_err(|_| fmt::Error)?;
            writeln!(f, "{number:3} {given}")?;
        }
        let must = &self.trace.steps[self.step];
        let (did, hung_up) = &self.did;
        writeln!(f, "\n{:10}{:60}the page", "", "the model")?;
        writeln!(f, "{:10}{:<60}{}", "hangs up", must.hangs_up, hung_up)?;
        for tab in 0..self.browser.tabs.len() {
            let (must, did) = (of(&must.then, tab), of(did, tab));
            for (what, must, did) in must.iter().zip(&did).map(|((what, must), (_, did))| (what, must, did)) {
                let mark = if must == did { "" } else { "  <- differs" };
                writeln!(f, "{what:10}{must:60}{did}{mark}")?;
            }
        }
        for (number, tab) in self.browser.tabs.iter().enumerate() {
            writeln!(f, "\ntab {number} after it: {:#?}", tab.page)?;
        }
        Ok(())
    }
}

/// What followed for a tab, in lines.
fn of(then: &[Then], tab: usize) -> [(&'static str, String); 4] {
    let it = then.iter().find(|then| then.tab == tab);
    let json = |value: Option<serde_json::Value>| value.map_or_else(String::new, |value| value.to_string());
    let line = |part: fn(&Then) -> serde_json::Value| json(it.map(part));
    [
        ("tab", it.map_or_else(|| "closed".to_owned(), |_| tab.to_string())),
        ("  shows", line(|then| serde_json::json!(then.shows))),
        ("  asks", line(|then| serde_json::json!(then.asks))),
        ("  cursor", line(|then| serde_json::json!(then.cursor))),
    ]
}
