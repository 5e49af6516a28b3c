//! `docs/scale.md`, which has the tables as they are printed.

use crate::table::Table;

/// Its text.
#[derive(Clone, Debug)]
pub struct Document(
    /// In Markdown.
    pub String,
);

impl Document {
    /// Puts a table between its marks.
    ///
    /// # Errors
    /// If there are no marks of its name.
    pub fn put(&mut self, table: &Table) -> Result<(), String> {
        let begin = format!("<!-- {} -->\n", table.name);
        let from = self.0.find(&begin).map(|at| at + begin.len());
        let span = from.and_then(|from| Some((from, from + self.0[from..].find("<!-- end -->")?)));
        let (from, to) = span.ok_or_else(|| format!("there is no place for the table \"{}\"", table.name))?;
        self.0.replace_range(from..to, &table.to_string());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_its_forerunner() {
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
