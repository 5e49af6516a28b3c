//! Metrics: one line an event in CloudWatch's embedded metric format, which costs no call and no agent.
//! See "Specification: Embedded metric format" in the CloudWatch User Guide.
//!
//! Which metrics CloudWatch makes of a line is a setting, since it bills each; the line has all the numbers in any case, for
//! queries of the log.

use super::{
    function::Function,
    metric::Metric,
    summary::{SUMMARIES, Summary},
};
use crate::Timestamp;
use serde_json::{Map, Value, json};

/// The dimension of every metric of [`Observability::Full`]: the function's name.
pub const DIMENSION: &str = "Function";

/// What is told to CloudWatch (`OBSERVABILITY`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observability {
    /// The ten metrics of [`SUMMARIES`].
    Free,
    /// Every metric of every function, refusals also by their reason.
    Full,
    /// Nothing; no line is printed.
    None,
}

impl Observability {
    /// `free`, `full` or `none`.
    pub fn parse(word: &str) -> Option<Observability> {
        match word {
            "free" => Some(Observability::Free),
            "full" => Some(Observability::Full),
            "none" => Some(Observability::None),
            _ => None,
        }
    }
}

/// What a function tells CloudWatch, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsSettings {
    /// CloudWatch's namespace of the metrics (`METRICS_NAMESPACE`, `Chatterbox` unless set): each deployment has its own.
    pub namespace: String,
    /// Which metrics there are (`OBSERVABILITY`, `free` unless set).
    pub observability: Observability,
}

/// The metrics of one function.
#[derive(Clone, Debug)]
pub struct Metrics {
    function: Function,
    settings: MetricsSettings,
    flood: u32,
}

impl Metrics {
    /// Metrics of this function.
    pub fn new(function: Function, settings: MetricsSettings) -> Metrics {
        Metrics {
            function,
            settings,
            flood: u32::MAX,
        }
    }

    /// The same, where so many handshakes in five minutes are for somebody to look at.
    #[must_use]
    pub fn with_flood(self, handshakes: u32) -> Metrics {
        Metrics {
            flood: handshakes,
            ..self
        }
    }

    /// Prints one event's metrics, each beside its unit, and by each of the `dimensions` as well: `Refusals` by `Reason`,
    /// for instance. A dimension's value must be one of a few words: every one is a metric of its own.
    pub fn emit(&self, metrics: &[(Metric, f64)], dimensions: &[(&str, &str)]) {
        if let Some(line) = self.line(Timestamp::now(), metrics, dimensions) {
            #[expect(clippy::print_stdout, reason = "standard output is where CloudWatch reads metrics")]
            {
                println!("{line}");
            }
        }
    }

    /// Prints that something happened once.
    pub fn count(&self, metric: Metric, dimensions: &[(&str, &str)]) {
        self.emit(&[(metric, 1.0)], dimensions);
    }

    /// The line; `None` if CloudWatch would make no metric of it.
    fn line(&self, now: Timestamp, metrics: &[(Metric, f64)], dimensions: &[(&str, &str)]) -> Option<Value> {
        let mut line = Map::new();
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
        let (sets, definitions) = match self.settings.observability {
            Observability::None => return None,
            Observability::Full => (by_function_and(dimensions), all(metrics)),
            // The empty set of dimensions: one metric for all functions.
            Observability::Free => (vec![vec![]], self.summarize(metrics, &mut line)?),
        };
        let directive = json!({"Namespace": self.settings.namespace, "Dimensions": sets, "Metrics": definitions});
        line.insert(
            "_aws".to_owned(),
            json!({"Timestamp": now.millis(), "CloudWatchMetrics": [directive]}),
        );
        Some(Value::Object(line))
    }

    /// Adds the sums to the line, and returns their definitions; `None` if there are none.
    fn summarize(&self, metrics: &[(Metric, f64)], line: &mut Map<String, Value>) -> Option<Vec<Value>> {
        let sums = SUMMARIES.iter().filter_map(|summary| {
            let sum = summary.of(metrics, self.flood)?;
            Some((summary, sum))
        });
        let define = |(Summary { name, unit, .. }, sum): (&Summary, f64)| {
            line.insert((*name).to_owned(), json!(sum));
            json!({"Name": name, "Unit": format!("{unit:?}")})
        };
        let definitions: Vec<Value> = sums.map(define).collect();
        (!definitions.is_empty()).then_some(definitions)
    }
}

fn all(metrics: &[(Metric, f64)]) -> Vec<Value> {
    let define = |(metric, _): &(Metric, f64)| json!({"Name": metric, "Unit": format!("{:?}", metric.unit())});
    metrics.iter().map(define).collect()
}

fn by_function_and<'a>(dimensions: &[(&'a str, &str)]) -> Vec<Vec<&'a str>> {
    let more = dimensions.iter().map(|(name, _)| vec![DIMENSION, *name]);
    [vec![DIMENSION]].into_iter().chain(more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: [(Metric, f64); 1] = [(Metric::Refusals, 1.0)];

    fn line(observability: Observability, metrics: &[(Metric, f64)], dimensions: &[(&str, &str)]) -> Option<Value> {
        let settings = MetricsSettings {
            namespace: "Chatterbox".to_owned(),
            observability,
        };
        let now = Timestamp::from_millis(1_763_900_000_000).unwrap();
        let metrics_of_connect = Metrics::new(Function::Connect, settings).with_flood(500);
        metrics_of_connect.line(now, metrics, dimensions)
    }

    #[test]
    fn a_line_has_cloudwatchs_format() {
        let metrics = [(Metric::Refusals, 1.0), (Metric::FanOut, 2.5)];
        assert_eq!(
            line(Observability::Full, &metrics, &[("Reason", "expired")]).unwrap(),
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

    #[test]
    fn a_free_line_has_sums_without_dimensions_and_all_numbers_for_queries() {
        assert_eq!(
            line(Observability::Free, &REFUSED, &[("Reason", "expired")]).unwrap(),
            json!({
                "_aws": {"Timestamp": 1_763_900_000_000_i64, "CloudWatchMetrics": [{
                    "Namespace": "Chatterbox",
                    "Dimensions": [[]],
                    "Metrics": [
                        {"Name": "Trouble", "Unit": "Count"},
                        {"Name": "RefusalExcess", "Unit": "Count"},
                        {"Name": "Refusals", "Unit": "Count"},
                    ],
                }]},
                "Function": "connect", "Reason": "expired", "Refusals": 1.0, "RefusalExcess": 1.0, "Trouble": 0.002,
            })
        );
    }

    #[test]
    fn what_cloudwatch_makes_no_metric_of_is_not_printed() {
        assert_eq!(line(Observability::Free, &[(Metric::Disconnects, 1.0)], &[]), None);
        assert_eq!(line(Observability::None, &REFUSED, &[]), None);
    }
}
