//! The comparison, for some seconds, with the real programs.

use compare::{Outcome, Plan, Side, run, table};
use std::{path::Path, time::Duration};

#[tokio::test(flavor = "multi_thread")]
async fn in_the_same_chaos_the_tutorial_loses_updates_and_chatterbox_loses_none() {
    let tutorials = ["tutorial-connect", "tutorial-disconnect", "tutorial-send"];
    let programs = e2e::folder_with(&[&tutorials[..], &e2e::FUNCTIONS].concat());
    let plan = Plan::new(1, Duration::from_secs(8));
    let run = async |side| run(side, &plan, &programs).await.unwrap();
    let (tutorial, chatterbox) = tokio::join!(run(Side::Tutorial), run(Side::Chatterbox));
    let table = table(&tutorial, &chatterbox);
    assert!(chatterbox.keeps_the_promise(), "{chatterbox:?}\n{table}");
    assert!(tutorial.never_learned > 0 && tutorial.out_of_date > 0, "{table}");
    assert!(tutorial.dropped > 0, "{table}");
    assert!(!tutorial.keeps_the_promise());
}

#[test]
fn the_documents_have_the_rows_that_are_printed() {
    let table = table(&Outcome::default(), &Outcome::default());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for document in ["README.md", "docs/the-usual-way.md"] {
        let text = std::fs::read_to_string(root.join(document)).unwrap();
        for name in table.lines().skip(2).map(|line| line.split('|').nth(1).unwrap().trim()) {
            let row = text
                .lines()
                .find(|line| line.split('|').nth(1).is_some_and(|cell| cell.trim() == name));
            assert!(row.is_some(), "{document} has no row `{name}`");
        }
    }
}
