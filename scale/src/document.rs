//! The document `docs/scale.md`, which contains the tables as they are printed.

use crate::table::Table;

/// Text of a document with marked places for tables: `<!-- name -->` … `<!-- end -->`.
#[derive(Clone, Debug)]
pub struct Document(
    /// The text, in Markdown.
    pub String,
);

impl Document {
    /// Replaces the text between the marks with the table's name by the table.
    ///
    /// # Errors
    /// If the document has no marks with the table's name.
    pub fn put(&mut self, table: &Table) -> Result<(), String> {
        let begin = format!("<!-- {} -->\n", table.name);
        let from = self.0.find(&begin).map(|at| at + begin.len());
        let span = from.and_then(|from| Some((from, from + self.0[from..].find("<!-- end -->")?)));
        let (from, to) = span.ok_or_else(|| {
            let name = table.name;
            format!("the document has no marks <!-- {name} --> and <!-- end --> for the table \"{name}\"")
        })?;
        self.0.replace_range(from..to, &table.to_string());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_replaces_the_older_one_between_its_marks() {
        let mut table = Table::new("b", &["x"]);
        table.row(["1".to_owned()]);
        let mut document = Document("<!-- a -->\n<!-- end -->\n<!-- b -->\nold\n<!-- end -->\nrest".to_owned());
        document.put(&table).unwrap();
        assert_eq!(
            document.0,
            format!("<!-- a -->\n<!-- end -->\n<!-- b -->\n{table}<!-- end -->\nrest")
        );
        assert!(document.put(&Table::new("c", &["x"])).is_err());
    }
}
