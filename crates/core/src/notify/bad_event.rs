//! Errors in an event of the pipeline.

use std::fmt;

/// An event that is not as it should be. It names the field and the rule, never the value, so it may be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEvent {
    field: String,
    rule: String,
}

impl BadEvent {
    pub(crate) fn new(field: impl Into<String>, rule: impl Into<String>) -> BadEvent {
        BadEvent {
            field: field.into(),
            rule: rule.into(),
        }
    }
}

impl fmt::Display for BadEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.rule)
    }
}
