//! Tables of a TOML file, read so that everything that is wrong in the file is told at once, each with its line.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong in a file, each with the place where it stands, in bytes.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<(Option<usize>, String)>>);

impl Problems {
    pub(super) fn add(&self, at: impl Into<Option<usize>>, text: impl Into<String>) {
        self.0.borrow_mut().push((at.into(), text.into()));
    }

    /// A line for each, in the order of the file; `None` if there is none.
    pub(super) fn told(self, file: &str, content: &str) -> Option<String> {
        let mut problems = self.0.into_inner();
        problems.sort_by_key(|(at, _)| *at);
        let told = problems.into_iter().map(|(at, text)| match at {
            None => format!("{file}: {text}"),
            Some(at) => format!("{file}:{}: {text}", line(content, at)),
        });
        told.reduce(|all, next| format!("{all}\ngateway: {next}"))
    }
}

/// The number of the line in which this byte is.
pub(super) fn line(content: &str, at: usize) -> usize {
    let before = content.as_bytes().iter().take(at);
    1 + before.filter(|byte| **byte == b'\n').count()
}

/// A table whose keys are taken one by one. What is left at the end is not known.
pub(super) struct Table<'a> {
    /// What the table is about, for messages: empty, or ending in a space.
    about: String,
    table: &'a DeTable<'a>,
    taken: BTreeSet<&'static str>,
    problems: &'a Problems,
}

/// A value, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<T> {
    pub(super) at: usize,
    pub(super) value: T,
}

impl<'a> Table<'a> {
    pub(super) fn new(about: impl Into<String>, table: &'a DeTable<'a>, problems: &'a Problems) -> Table<'a> {
        Table {
            about: about.into(),
            table,
            taken: BTreeSet::new(),
            problems,
        }
    }

    fn take<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        read: impl FnOnce(&'a DeValue<'a>) -> Option<T>,
    ) -> Option<Found<T>> {
        self.taken.insert(key);
        let found = self.table.get(key)?;
        let at = found.span().start;
        let value = read(found.get_ref());
        if value.is_none() {
            self.problems
                .add(at, format!("{}{key}: it has to be {wanted}", self.about));
        }
        value.map(|value| Found { at, value })
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<Found<&'a str>> {
        self.take(key, "a text in quotes", DeValue::as_str)
    }

    /// A text in which something is written, such as an expression.
    pub(super) fn parsed<T>(&mut self, key: &'static str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let Found { at, value } = self.text(key)?;
        let told = |error| self.problems.add(at, format!("{}{key}: {error}", self.about));
        parse(value).map_err(told).ok()
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Option<Found<bool>> {
        self.take(key, "true or false", DeValue::as_bool)
    }

    /// A whole number within bounds.
    pub(super) fn number(&mut self, key: &'static str, least: u32, most: u32) -> Option<u32> {
        let wanted = format!("a whole number from {least} to {most}");
        let found = self.take(key, &wanted, |value| {
            number(value).filter(|number| (least..=most).contains(number))
        });
        found.map(|found| found.value)
    }

    /// A rate, or `"none"`, which is no limit.
    pub(super) fn rate(&mut self, key: &'static str) -> Option<Option<u32>> {
        let read = |value: &DeValue<'_>| match value.as_str() {
            Some("none") => Some(None),
            _ => number(value).map(Some),
        };
        self.take(key, "a whole number, or \"none\"", read)
            .map(|found| found.value)
    }

    pub(super) fn seconds(&mut self, key: &'static str) -> Option<Duration> {
        self.take(key, "a number of seconds", seconds).map(|found| found.value)
    }

    pub(super) fn list_of_seconds(&mut self, key: &'static str) -> Option<Vec<Duration>> {
        let read = |value: &'a DeValue<'a>| value.as_array()?.iter().map(|item| seconds(item.get_ref())).collect();
        self.take(key, "a list of seconds", read).map(|found| found.value)
    }

    /// The texts of a list, each with its place.
    pub(super) fn list(&mut self, key: &'static str) -> Vec<(usize, &'a str)> {
        let read = |value: &'a DeValue<'a>| {
            let items = value.as_array()?.iter();
            items
                .map(|item| Some((item.span().start, item.get_ref().as_str()?)))
                .collect()
        };
        let found = self.take(key, "a list of texts in quotes", read);
        found.map(|found| found.value).unwrap_or_default()
    }

    /// Where a value stands, whatever it is.
    pub(super) fn any(&mut self, key: &'static str) -> Option<usize> {
        self.take(key, "", |_| Some(())).map(|found| found.at)
    }

    /// The words of a command: a text, which is split at spaces, or a list.
    pub(super) fn words(&mut self, key: &'static str) -> Option<Found<Vec<String>>> {
        let read = |value: &'a DeValue<'a>| {
            let words: Option<Vec<String>> = match value.as_str() {
                Some(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
                None => {
                    let items = value.as_array()?.iter();
                    items.map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
                }
            };
            words.filter(|words| !words.is_empty())
        };
        self.take(key, "a command: a text, or a list of its words", read)
    }

    /// A table of names and texts.
    pub(super) fn pairs(&mut self, key: &'static str) -> BTreeMap<String, String> {
        let read = |value: &'a DeValue<'a>| {
            let pairs = value.as_table()?.iter();
            pairs
                .map(|(name, value)| Some((name.get_ref().to_string(), value.get_ref().as_str()?.to_owned())))
                .collect()
        };
        let found = self.take(key, "a table of names and texts in quotes", read);
        found.map(|found| found.value).unwrap_or_default()
    }

    pub(super) fn table(&mut self, key: &'static str) -> Option<Table<'a>> {
        let found = self.take(key, "a table", DeValue::as_table)?;
        let about = format!("{}{key}: ", self.about);
        Some(Table::new(about, found.value, self.problems))
    }

    /// A table of tables, each with its name. `about` is what one of them is.
    pub(super) fn tables(&mut self, key: &'static str, about: &str) -> Vec<(Found<&'a str>, Table<'a>)> {
        let Some(found) = self.take(key, "a table", DeValue::as_table) else {
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (name, value) in found.value.iter() {
            let (at, name): (usize, &'a str) = (name.span().start, name.get_ref());
            match value.get_ref().as_table() {
                Some(table) => {
                    let table = Table::new(format!("{about} `{name}`: "), table, self.problems);
                    tables.push((Found { at, value: name }, table));
                }
                None => self.problems.add(at, format!("{about} `{name}`: it has to be a table")),
            }
        }
        tables
    }

    /// Tells something that is wrong with the table.
    pub(super) fn wrong(&self, at: impl Into<Option<usize>>, text: impl std::fmt::Display) {
        self.problems.add(at, format!("{}{text}", self.about));
    }

    /// Tells of the keys that nobody has taken.
    pub(super) fn finish(self) {
        let known: Vec<&str> = self.taken.iter().copied().collect();
        let unknown = self
            .table
            .keys()
            .filter(|key| !self.taken.contains(key.get_ref().as_ref()));
        for key in unknown {
            let (name, known) = (key.get_ref(), known.join(", "));
            let text = format!("{}`{name}` is not known here, but {known}", self.about);
            self.problems.add(key.span().start, text);
        }
    }
}

fn number(value: &DeValue<'_>) -> Option<u32> {
    let number = value.as_integer()?;
    u32::from_str_radix(number.as_str(), number.radix()).ok()
}

fn seconds(value: &DeValue<'_>) -> Option<Duration> {
    let seconds: f64 = match value {
        DeValue::Integer(_) => number(value)?.into(),
        DeValue::Float(number) => number.as_str().parse().ok()?,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

/// A file's root table, as far as its syntax is right.
pub(super) fn parse<'a>(content: &'a str, problems: &Problems) -> Spanned<DeTable<'a>> {
    let (root, errors) = DeTable::parse_recoverable(content);
    for error in errors {
        problems.add(error.span().map(|span| span.start), error.message());
    }
    root
}
