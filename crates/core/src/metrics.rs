//! Metrics: one line an event in CloudWatch's embedded metric format, which costs no call and no agent.
//! See "Specification: Embedded metric format" in the CloudWatch User Guide.

use crate::Timestamp;
use serde_json::{Map, Value, json};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Chatterbox";

/// A metric's unit, by CloudWatch's name for it.
#[derive(Clone, Copy, Debug)]
pub enum Unit {
    /// How many.
    Count,
    /// How long.
    Milliseconds,
}

/// Prints one event's metrics for a function, each beside its unit, and by each of the `dimensions` as well: `Refusals`
/// by `Reason`, for instance. A dimension's value must be one of a few words: every one is a metric of its own.
pub fn emit(function: &str, metrics: &[(&str, Unit, f64)], dimensions: &[(&str, &str)]) {
    let line = line(Timestamp::now(), function, metrics, dimensions);
    #[expect(clippy::print_stdout, reason = "standard output is where CloudWatch reads metrics")]
    {
        println!("{line}");
    }
}

fn line(now: Timestamp, function: &str, metrics: &[(&str, Unit, f64)], dimensions: &[(&str, &str)]) -> Value {
    let definitions: Vec<Value> = metrics
        .iter()
        .map(|(name, unit, _)| json!({"Name": name, "Unit": format!("{unit:?}")}))
        .collect();
    let mut sets = vec![vec!["Function"]];
    sets.extend(dimensions.iter().map(|(name, _)| vec!["Function", *name]));
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.millis(),
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": sets, "Metrics": definitions}],
        }),
    );
    line.insert("Function".to_owned(), json!(function));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_cloudwatchs_format() {
        let now = Timestamp::from_millis(1_763_900_000_000).unwrap();
        let metrics = [("Refusals", Unit::Count, 1.0), ("Duration", Unit::Milliseconds, 2.5)];
        assert_eq!(
            line(now, "connect", &metrics, &[("Reason", "expired")]),
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
