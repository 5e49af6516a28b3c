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
