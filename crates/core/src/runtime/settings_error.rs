//! The error for settings.

use std::fmt;
use thiserror::Error;

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct SettingsError {
    problems: Vec<String>,
}

impl SettingsError {
    pub(super) fn new(problems: Vec<String>) -> SettingsError {
        SettingsError { problems }
    }

    /// One error for those of several functions, each problem once.
    pub fn of_all(errors: impl IntoIterator<Item = SettingsError>) -> SettingsError {
        let mut problems: Vec<String> = Vec::new();
        for problem in errors.into_iter().flat_map(|error| error.problems) {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        SettingsError { problems }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "settings: {}", self.problems.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_error_for_several_functions_has_each_problem_once() {
        let error = |problems: &[&str]| SettingsError::new(problems.iter().map(ToString::to_string).collect());
        let all = SettingsError::of_all([
            error(&["A is missing", "B is missing"]),
            error(&["B is missing", "C must be a URL", "A is missing"]),
        ]);
        assert_eq!(all, error(&["A is missing", "B is missing", "C must be a URL"]));
        assert_eq!(all.to_string(), "settings: A is missing; B is missing; C must be a URL");
    }
}
