//! `docs/scale.md` contains the tables that the simulation prints.

use scale::{document::Document, scenario};

#[test]
fn the_document_has_the_tables_as_they_are_printed() {
    let written = include_str!("../../docs/scale.md");
    let mut printed = Document(written.to_owned());
    for table in scenario::all() {
        printed.put(&table).unwrap();
    }
    let differs = written
        .lines()
        .zip(printed.0.lines())
        .find(|(written, printed)| written != printed);
    assert_eq!(
        differs, None,
        "docs/scale.md differs from what `make scale` prints: run `make scale`"
    );
    assert_eq!(written.len(), printed.0.len());
}
