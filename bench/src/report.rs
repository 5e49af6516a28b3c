//! Results of a section, as a table with targets and a chart, for the screen and docs/benchmarks.md.

use crate::{Fallible, chart::Chart, statistics::Samples};
use std::{fmt::Write, fs, path::Path, process::Command};
use time::{OffsetDateTime, macros::format_description};

/// One section of the report.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// Heading.
    pub(crate) title: &'static str,
    /// Description of what was measured, and how.
    pub(crate) about: &'static str,
    /// Rows of the table; the first is its head.
    pub(crate) table: Vec<Vec<String>>,
    /// Targets, and whether they were met.
    pub(crate) targets: Vec<Target>,
    /// Chart of the most important figures.
    pub(crate) chart: Chart,
}

/// A target, and the figures that were measured for it.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    what: &'static str,
    bound: Bound,
    unit: &'static str,
    measured: Samples,
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    /// Target: a median of at most `bound`.
    pub(crate) fn at_most(bound: f64, unit: &'static str, what: &'static str, measured: Samples) -> Target {
        Target {
            what,
            bound: Bound::AtMost(bound),
            unit,
            measured,
        }
    }

    /// Target: a median of at least `bound`.
    pub(crate) fn at_least(bound: f64, unit: &'static str, what: &'static str, measured: Samples) -> Target {
        Target {
            what,
            bound: Bound::AtLeast(bound),
            unit,
            measured,
        }
    }

    fn is_met(&self) -> bool {
        let median = self.measured.median();
        match self.bound {
            Bound::AtMost(bound) => median <= bound,
            Bound::AtLeast(bound) => median >= bound,
        }
    }

    fn row(&self) -> Vec<String> {
        let bound = match self.bound {
            Bound::AtMost(bound) => format!("at most {} {}", number(bound), self.unit),
            Bound::AtLeast(bound) => format!("at least {} {}", number(bound), self.unit),
        };
        let met = if self.is_met() { "met" } else { "**not met**" };
        vec![
            self.what.to_owned(),
            bound.trim_end().to_owned(),
            figure(&self.measured),
            met.to_owned(),
        ]
    }
}

impl Section {
    /// The section as Markdown; `picture` is its chart's file.
    pub(crate) fn markdown(&self, picture: &str) -> String {
        let mut text = format!("## {}\n\n{}\n\n", self.title, self.about);
        text += &table(&self.table);
        if !self.targets.is_empty() {
            let head = ["target", "wanted", "measured", ""].map(str::to_owned).to_vec();
            let rows: Vec<_> = std::iter::once(head)
                .chain(self.targets.iter().map(Target::row))
                .collect();
            text += "\n";
            text += &table(&rows);
        }
        let _ = write!(text, "\n![{}]({picture})\n", self.chart.title);
        text
    }
}

/// Writes the sections into the document, between its two marks, and the charts beside it.
pub(crate) fn write(document: &Path, sections: &[(&'static str, Section)], minutes: f64) -> Fallible<()> {
    let mut text = format!("{BEGIN}\n\n{}\n", machine(minutes));
    for (name, section) in sections {
        let picture = format!("bench-{name}.svg");
        section.chart.draw(&document.with_file_name(&picture))?;
        let _ = write!(text, "\n{}", section.markdown(&picture));
    }
    let old = fs::read_to_string(document)?;
    let (before, rest) = old
        .split_once(BEGIN)
        .ok_or("the document has no place for the figures")?;
    let (_, after) = rest.split_once(END).ok_or("the document has no end of the figures")?;
    fs::write(document, format!("{before}{text}\n{END}{after}"))?;
    Ok(())
}

const BEGIN: &str = "<!-- figures: written by `make bench` -->";
const END: &str = "<!-- end of the figures -->";

/// The machine on which the bench ran, and the date.
fn machine(minutes: f64) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        let value = line.split_once(':').map_or("unknown", |(_, value)| value.trim());
        value.to_owned()
    };
    let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = field(&memory, "MemTotal").trim_end_matches(" kB").parse::<f64>();
    let version = |program: &str| {
        let output = Command::new(program).arg("--version").output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        text.unwrap_or_else(|_| format!("no {program}"))
    };
    let date = OffsetDateTime::now_utc().format(format_description!("[year]-[month]-[day]"));
    format!(
        "{date}, {cores} cores of {}, {:.0} GB, Linux {}, {}, Node {}. The whole run took {minutes:.0} minutes; the load of the \
         machine at its end was {}. Each figure is the median of its repeats, with the least and the most in brackets; baselines \
         and ours were run in turn.",
        field(&cpu, "model name"),
        memory.unwrap_or_default() / 1024.0 / 1024.0,
        read("/proc/sys/kernel/osrelease").trim(),
        version("rustc"),
        version("node"),
        read("/proc/loadavg").split(' ').next().unwrap_or("unknown"),
        date = date.unwrap_or_default(),
    )
}

fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
    let widths: Vec<_> = (0..columns)
        .map(|column| {
            rows.iter()
                .map(|row| cell(row, column).chars().count())
                .max()
                .unwrap_or_default()
        })
        .collect();
    let mut text = String::new();
    for (n, row) in rows.iter().enumerate() {
        for (column, width) in widths.iter().enumerate() {
            let _ = write!(text, "| {:<width$} ", cell(row, column));
        }
        text += "|\n";
        if n == 0 {
            widths
                .iter()
                .for_each(|width| text += &format!("|{}", "-".repeat(width + 2)));
            text += "|\n";
        }
    }
    text
}

/// The median, followed by the least and the greatest figure.
pub(crate) fn figure(samples: &Samples) -> String {
    let (median, (least, most)) = (number(samples.median()), samples.spread());
    let (least, most) = (number(least), number(most));
    if least == most {
        median
    } else {
        format!("{median} ({least}–{most})")
    }
}

/// A number with three significant digits, or with all digits before the point.
pub(crate) fn number(figure: f64) -> String {
    let magnitude = figure.abs();
    if !figure.is_finite() {
        return "–".to_owned();
    }
    let decimals = match magnitude {
        0.0 => 0,
        _ if magnitude >= 100.0 || figure.fract() == 0.0 => 0,
        _ if magnitude >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{figure:.decimals$}");
    let (sign, digits) = text.strip_prefix('-').map_or(("", &*text), |digits| ("-", digits));
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
    format!("{sign}{grouped}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Bar;

    #[test]
    fn a_number_is_short() {
        for (figure, text) in [
            (0.0, "0"),
            (2.0, "2"),
            (1.2345, "1.23"),
            (12.345, "12.3"),
            (1234.5, "1,234"),
            (1_234_567.0, "1,234,567"),
            (-0.5, "-0.50"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(number(figure), text);
        }
    }

    #[test]
    fn figures_replace_the_old_ones_and_nothing_else_and_have_a_picture() {
        let folder = tempfile::tempdir().unwrap();
        let document = folder.path().join("benchmarks.md");
        fs::write(&document, format!("before\n{BEGIN}\nold\n{END}\nafter\n")).unwrap();
        let section = Section {
            title: "Sizes",
            about: "How large they are.",
            table: vec![vec!["one".into(), "MB".into()], vec!["notify".into(), "3".into()]],
            targets: vec![Target::at_most(3.0, "MB", "notify", Samples(vec![3.0]))],
            chart: Chart {
                title: "Sizes, MB",
                bars: vec![
                    Bar::ours("notify", Samples(vec![2.0, 3.0, 4.0])),
                    Bar::baseline("Node", Samples(vec![0.0])),
                    Bar::baseline("plain <SDK>", Samples(vec![5.0])),
                ],
            },
        };
        for _ in 0..2 {
            write(&document, &[("sizes", section.clone())], 1.0).unwrap();
        }
        let text = fs::read_to_string(&document).unwrap();
        assert!(
            text.starts_with("before\n") && text.ends_with("\nafter\n") && !text.contains("old"),
            "{text}"
        );
        assert_eq!(
            text.matches("| notify | at most 3 MB | 3        | met |").count(),
            1,
            "{text}"
        );
        let picture = fs::read_to_string(folder.path().join("bench-sizes.svg")).unwrap();
        assert!(
            picture.contains("notify") && picture.contains("plain &lt;SDK&gt;"),
            "{picture}"
        );
    }

    #[test]
    fn a_target_is_met_or_not() {
        let measured = || Samples(vec![1.0, 2.0, 9.0]);
        assert!(Target::at_most(2.0, "ms", "", measured()).is_met());
        assert!(!Target::at_most(1.9, "ms", "", measured()).is_met());
        assert!(Target::at_least(2.0, "ms", "", measured()).is_met());
        assert!(!Target::at_least(2.1, "ms", "", measured()).is_met());
        assert!(!Target::at_least(0.0, "ms", "", Samples::default()).is_met());
        let row = Target::at_least(3.0, "×", "faster", measured()).row();
        assert_eq!(row, ["faster", "at least 3 ×", "2 (1–9)", "**not met**"]);
    }
}
