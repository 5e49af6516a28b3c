//! Metrics: one line an event in CloudWatch's embedded metric format, which costs no call and no agent.
//! See "Specification: Embedded metric format" in the CloudWatch User Guide.

use super::{function::Function, metric::Metric};
use crate::Timestamp;
use serde_json::{Map, Value, json};

/// The dimension of every metric: the function's name.
pub const DIMENSION: &str = "Function";

/// The metrics of one function.
#[derive(Clone, Debug)]
pub struct Metrics {
    function: Function,
    namespace: String,
}

impl Metrics {
    /// Metrics of this function, in this namespace of CloudWatch.
    pub fn new(function: Function, namespace: impl Into<String>) -> Metrics {
        Metrics {
            function,
            namespace: namespace.into(),
        }
    }

    /// Prints one event's metrics, each beside its unit, and by each of the `dimensions` as well: `Refusals` by `Reason`,
    /// for instance. A dimension's value must be one of a few words: every one is a metric of its own.
    pub fn emit(&self, metrics: &[(Metric, f64)], dimensions: &[(&str, &str)]) {
        let line = self.line(Timestamp::now(), metrics, dimensions);
        #[expect(clippy::print_stdout, reason = "standard output is where CloudWatch reads metrics")]
        {
            println!("{line}");
        }
    }

    /// Prints that something happened once.
    pub fn count(&self, metric: Metric, dimensions: &[(&str, &str)]) {
        self.emit(&[(metric, 1.0)], dimensions);
    }

    fn line(&self, now: Timestamp, metrics: &[(Metric, f64)], dimensions: &[(&str, &str)]) -> Value {
        let definitions: Vec<Value> = metrics
            .iter()
            .map(|(metric, _)| json!({"Name": metric, "Unit": format!("{:?}", metric.unit())}))
            .collect();
        let mut sets = vec![vec![DIMENSION]];
        sets.extend(dimensions.iter().map(|(name, _)| vec![DIMENSION, *name]));
        let directive = json!({"Namespace": self.namespace, "Dimensions": sets, "Metrics": definitions});
        let mut line = Map::new();
        line.insert(
            "_aws".to_owned(),
            json!({"Timestamp": now.millis(), "CloudWatchMetrics": [directive]}),
        );
        line.insert(DIMENSION.to_owned(), json!(self.function.name()));
        line.extend(
            dimensions
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value))),
        );
        line.extend(
            metrics
                .iter()
                .map(|(metric, value)| (format!("{metric:?}"), json!(value))),
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
        let metrics = [(Metric::Refusals, 1.0), (Metric::FanOut, 2.5)];
        assert_eq!(
            Metrics::new(Function::Connect, "Chatterbox").line(now, &metrics, &[("Reason", "expired")]),
            json!({
                "_aws": {"Timestamp": 1_763_900_000_000_i64, "CloudWatchMetrics": [{
                    "Namespace": "Chatterbox",
                    "Dimensions": [["Function"], ["Function", "Reason"]],
                    "Metrics": [{"Name": "Refusals", "Unit": "Count"}, {"Name": "FanOut", "Unit": "Milliseconds"}],
                }]},
                "Function": "connect", "Reason": "expired", "Refusals": 1.0, "FanOut": 2.5,
            })
        );
    }
}
