//! The printed tables, in Markdown that is aligned so that a terminal shows them well, too.

use std::fmt;

/// Table with a row for each design.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name in `docs/scale.md`.
    pub name: &'static str,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(name: &'static str, head: &[&str]) -> Table {
        Table {
            name,
            head: head.iter().map(|cell| (*cell).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, which must have as many cells as the head.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        assert_eq!(
            N,
            self.head.len(),
            "{}: a row needs as many cells as the head",
            self.name
        );
        self.rows.push(cells.to_vec());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = || std::iter::once(&self.head).chain(&self.rows);
        let width = |column: usize| lines().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        for (n, line) in lines().enumerate() {
            for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
                match column {
                    0 => write!(f, "| {cell:width$} ")?,
                    _ => write!(f, "| {cell:>width$} ")?,
                }
            }
            writeln!(f, "|")?;
            if n == 0 {
                for (column, width) in widths.iter().enumerate() {
                    let end = if column == 0 { '-' } else { ':' };
                    write!(f, "|{:-<width$}{end}", "-", width = width + 1)?;
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

/// A number with commas between the thousands.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number rounded to three digits, since the fourth depends on chance: `884,000`.
pub fn about(number: u64) -> String {
    let scale = 10u64.pow(number.checked_ilog10().unwrap_or(0).saturating_sub(2));
    count((number + scale / 2) / scale * scale)
}

/// Milliseconds in a readable unit: milliseconds, seconds or minutes; `never` for `None`.
pub fn time(millis: Option<u32>) -> String {
    match millis {
        None => "never".to_owned(),
        Some(millis) if millis < 1_000 => format!("{millis} ms"),
        Some(millis) if millis < 10_000 => format!("{:.1} s", f64::from(millis) / 1_000.0),
        Some(millis) if millis < 600_000 => format!("{:.0} s", f64::from(millis) / 1_000.0),
        Some(millis) => format!("{:.0} min", f64::from(millis) / 60_000.0),
    }
}

/// Dollars and cents; from $100 on dollars alone.
pub fn dollars(dollars: f64) -> String {
    if dollars >= 100.0 {
        format!("${dollars:.0}")
    } else {
        format!("${dollars:.2}")
    }
}

/// A part of a whole, in percent with one decimal.
pub fn percent(part: u64, whole: u64) -> String {
    match part * 1_000 / whole {
        0 if part > 0 => "< 0.1 %".to_owned(),
        tenths if tenths.is_multiple_of(10) => format!("{} %", tenths / 10),
        tenths => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned() {
        let mut table = Table::new("a", &["", "b"]);
        table.row(["x".to_owned(), count(1_234)]);
        assert_eq!(table.to_string(), "|   |     b |\n|---|------:|\n| x | 1,234 |\n");
    }

    #[test]
    fn numbers_are_printed_with_no_more_digits_than_are_certain() {
        assert_eq!(
            [0, 7, 999, 1_000, 1_234_567].map(count),
            ["0", "7", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [0, 7, 999, 9_996, 884_268].map(about),
            ["0", "7", "999", "10,000", "884,000"]
        );
        assert_eq!(
            [None, Some(45), Some(4_500), Some(65_432), Some(1_200_000)].map(time),
            ["never", "45 ms", "4.5 s", "65 s", "20 min"]
        );
        assert_eq!(
            [(0, 9), (1, 9_000), (1, 2), (1, 3)].map(|(a, b)| percent(a, b)),
            ["0 %", "< 0.1 %", "50 %", "33.3 %"]
        );
    }
}
