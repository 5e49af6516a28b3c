//! Reading numbers out of source code.

/// A source, by its path from the root of the repository.
macro_rules! source {
    ($path:literal) => {
        Source {
            path: $path,
            text: include_str!(concat!("../../", $path)),
        }
    };
}

#[derive(Clone, Copy)]
pub(crate) struct Source {
    pub(crate) path: &'static str,
    pub(crate) text: &'static str,
}

pub(crate) use source;

impl Source {
    /// What follows the first occurrence of `key`.
    pub(crate) fn after(self, key: &str) -> &'static str {
        match self.text.split_once(key) {
            Some((_, rest)) => rest,
            None => panic!("{} no longer has \"{key}\": look what became of it", self.path),
        }
    }

    /// The number after the first `key` that has one; a time in milliseconds.
    pub(crate) fn number(self, key: &str) -> f64 {
        self.after(key);
        let numbers = self.text.split(key).skip(1).filter_map(product).next();
        numbers.unwrap_or_else(|| panic!("{}: what follows \"{key}\" is no number", self.path))
    }

    pub(crate) fn count(self, key: &str) -> usize {
        self.number(key) as usize
    }
}

/// The value of an expression like `4 * MINUTE`, `1.0 / 1e6`, `Duration::from_secs(5)`; `None` if it begins with
/// something else.
pub(crate) fn product(expression: &str) -> Option<f64> {
    let end = expression.find([';', ',', '\n', '}']).unwrap_or(expression.len());
    let mut rest = expression[..end].trim().trim_end_matches(')');
    let mut value = 1.0;
    let mut divides = false;
    loop {
        let end = rest.find([' ', '*', '/']).unwrap_or(rest.len());
        let factor = factor(&rest[..end])?;
        value = if divides { value / factor } else { value * factor };
        rest = rest[end..].trim_start();
        match rest.chars().next() {
            Some(operator @ ('*' | '/')) => {
                divides = operator == '/';
                rest = rest[1..].trim_start();
            }
            _ => return Some(value),
        }
    }
}

fn factor(text: &str) -> Option<f64> {
    let names = [
        ("SECOND", 1_000.0),
        ("MINUTE", 60_000.0),
        ("NOTIFY_TIMEOUT.toSeconds(", 1.0),
    ];
    if let Some((_, value)) = names.iter().find(|(name, _)| *name == text) {
        return Some(*value);
    }
    for (unit, value) in [("Duration::from_secs(", 1_000.0), ("Duration::from_millis(", 1.0)] {
        if let Some(number) = text.strip_prefix(unit) {
            return Some(factor(number.trim_end_matches(')'))? * value);
        }
    }
    text.trim_end_matches(')').replace('_', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_has_its_value() {
        for (text, value) in [
            ("64;", 64.0),
            ("1_000; // of", 1_000.0),
            ("4 * MINUTE;", 240_000.0),
            ("10 * MINUTE, () =>", 600_000.0),
            ("1.0 / 1e6, \"message\"", 1e-6),
            ("Duration::from_secs(5);", 5_000.0),
            ("Duration::from_millis(100), Duration", 100.0),
            ("5 * NOTIFY_TIMEOUT.toSeconds())),", 5.0),
            ("100) * MINUTE, () =>", 6_000_000.0),
        ] {
            assert_eq!(product(text), Some(value), "{text}");
        }
        assert_eq!(product("Math.random()"), None);
    }

    #[test]
    #[should_panic(expected = "rustfmt.toml no longer has \"NO_SUCH: \"")]
    fn a_key_that_is_missing_from_its_source_is_named() {
        source!("rustfmt.toml").number("NO_SUCH: ");
    }
}
