//! Metrics: one line an event in CloudWatch's embedded metric format, which costs no call and no agent.
//! See "Specification: Embedded metric format" in the CloudWatch User Guide.

use crate::Timestamp;
use serde_json::{Map, Value, json};

/// A metric's unit, by CloudWatch's name for it.
#[derive(Clone, Copy, Debug)]
pub enum Unit {
    /// A number.
    Count,
    /// A duration.
    Milliseconds,
}

/// The metrics of one function.
#[derive(Clone, Debug)]
pub struct Metrics {
    function: &'static str,
    namespace: String,
}

impl Metrics {
    /// Metrics of this function, in this namespace of CloudWatch.
    pub fn new(function: &'static str, namespace: impl Into<String>) -> Metrics {
        Metrics {
            function,
            namespace: namespace.into(),
        }
    }

    /// Prints one event's metrics, each beside its unit, and by each of the `dimensions` as well: `Refusals` by `Reason`,
    /// for instance. A dimension's value must be one of a few words: every one is a metric of its own.
    pub fn emit(&self, metrics: &[(&str, Unit, f64)], dimensions: &[(&str, &str)]) {
        let line = self.line(Timestamp::now(), metrics, dimensions);
        #[expect(clippy::print_stdout, reason = "standard output is where CloudWatch reads metrics")]
        {
            println!("{line}");
        }
    }

    /// Prints that something happened once.
    pub fn count(&self, name: &str, dimensions: &[(&str, &str)]) {
        self.emit(&[(name, Unit::Count, 1.0)], dimensions);
    }

    fn line(&self, now: Timestamp, metrics: &[(&str, Unit, f64)], dimensions: &[(&str, &str)]) -> Value {
        let definitions: Vec<Value> = metrics
            .iter()
            .map(|(name, unit, _)| json!({"Name": name, "Unit": format!("{unit:?}")}))
            .collect();
        let mut sets = vec![vec!["Function"]];
        sets.extend(dimensions.iter().map(|(name, _)| vec!["Function", *name]));
        let directive = json!({"Namespace": self.namespace, "Dimensions": sets, "Metrics": definitions});
        let mut line = Map::new();
        line.insert(
            "_aws".to_owned(),
            json!({"Timestamp": now.millis(), "CloudWatchMetrics": [directive]}),
        );
        line.insert("Function".to_owned(), json!(self.function));
        line.extend(
            dimensions
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value))),
        );
        line.extend(
            metrics
                .iter()
                .map(|(name, _, value)| ((*name).to_owned(), json!(value))),
        );
        Value::Object(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_cloudwatchs_format() {
        let now = Timestamp::from_millis(1_763_900_000_000).unwrap();
        let metrics = [("Refusals", Unit::Count, 1.0), ("Duration", Unit::Milliseconds, 2.5)];
        assert_eq!(
            Metrics::new("connect", "Chatterbox").line(now, &metrics, &[("Reason", "expired")]),
            json!({
                "_aws": {"Timestamp": 1_763_900_000_000_i64, "CloudWatchMetrics": [{
                    "Namespace": "Chatterbox",
                    "Dimensions": [["Function"], ["Function", "Reason"]],
                    "Metrics": [{"Name": "Refusals", "Unit": "Count"}, {"Name": "Duration", "Unit": "Milliseconds"}],
                }]},
                "Function": "connect", "Reason": "expired", "Refusals": 1.0, "Duration": 2.5,
            })
        );
    }
}
