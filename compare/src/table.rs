//! The table that is printed, in Markdown.

use crate::Outcome;
use std::fmt::Write;

/// A row's name, and how its number is found.
type Row = (&'static str, fn(&Outcome) -> String);

const ROWS: [Row; 8] = [
    ("updates sent", |outcome| outcome.sent.to_string()),
    ("updates that a page never learned of", |outcome| {
        outcome.never_learned.to_string()
    }),
    ("topics on a page that are out of date at the end", |outcome| {
        outcome.out_of_date.to_string()
    }),
    ("updates shown again, or after a newer one", |outcome| {
        outcome.disorder.to_string()
    }),
    ("open sockets dropped because of one post", |outcome| {
        outcome.dropped.to_string()
    }),
    ("deaf at the end: open sockets without a row", |outcome| {
        outcome.deaf.to_string()
    }),
    ("posts to the dead", |outcome| {
        format!("{} of {}", outcome.posts_to_the_dead, outcome.posts)
    }),
    ("rows of dead sockets left behind", |outcome| {
        outcome.rows_left.to_string()
    }),
];

/// The table of the two, in Markdown.
pub fn table(tutorial: &Outcome, chatterbox: &Outcome) -> String {
    let mut rows = vec![["".to_owned(), "tutorial".to_owned(), "Chatterbox".to_owned()]];
    rows.extend(ROWS.map(|(name, number)| [name.to_owned(), number(tutorial), number(chatterbox)]));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let [name, left, right] = [0, 1, 2].map(width);
    let mut text = String::new();
    for (n, row) in rows.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {:name$} | {:>left$} | {:>right$} |", row[0], row[1], row[2]);
        if n == 0 {
            let _ = writeln!(
                text,
                "|{:-<1$}|{2:->3$}:|{2:->4$}:|",
                "",
                name + 2,
                "",
                left + 1,
                right + 1
            );
        }
    }
    text
}
