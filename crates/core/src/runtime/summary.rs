//! The ten metrics of `OBSERVABILITY=free`, as many as an account has for nothing. Each is a weighted sum of the others, made
//! before it is printed: CloudWatch bills an alarm by the metrics that it watches, and these need one each.

use super::metric::{Metric, Unit};

/// A weighted sum of metrics.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// Its name in CloudWatch, where it has no dimension: the functions that print it add to the same metric.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// What one of each metric adds to it.
    pub weights: &'static [(Metric, Weight)],
}

/// What one of a metric adds to a sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weight {
    /// So much.
    Of(f64),
    /// A share of a flood: as many handshakes as somebody should look at add up to 1.
    OfAFlood,
}

use Weight::{Of, OfAFlood};

/// The sums. infra/lib/alarms.ts has the alarms on the first four; the others are for the dashboard's graphs.
pub const SUMMARIES: [Summary; 10] = [
    // From 1 on, somebody should look. What is wrong at once weighs 1; what users can bring about, less: a hundred requests
    // that DynamoDB throttled, or the handshakes of a flood.
    count(
        "Trouble",
        &[
            (Metric::StoreFailures, Of(1.0)),
            (Metric::BadEvents, Of(1.0)),
            (Metric::NoRoom, Of(1.0)),
            (Metric::ClockAhead, Of(1.0)),
            (Metric::LateRecords, Of(1.0)),
            (Metric::Throttled, Of(0.01)),
            (Metric::Connects, OfAFlood),
            (Metric::Refusals, OfAFlood),
        ],
    ),
    // Above 0, more handshakes were refused than let in.
    count(
        "RefusalExcess",
        &[(Metric::Refusals, Of(1.0)), (Metric::Connects, Of(-1.0))],
    ),
    // The messages that browsers and notify have a reason for. A page that is looked at exchanges up to 76 beside its updates in
    // the two hours that a socket may live.
    count(
        "ExpectedMessages",
        &[(Metric::Connects, Of(200.0)), (Metric::PostsSent, Of(1.0))],
    ),
    // Above 0, more than one update in ten was stale, or more than one post in twenty was given up; or, since there is one sum
    // of both, somewhat more of the rarer of the two.
    count(
        "UndeliveredExcess",
        &[
            (Metric::Stale, Of(10.0)),
            (Metric::Updates, Of(-1.0)),
            (Metric::PostsFailed, Of(19.0)),
            (Metric::PostsSent, Of(-1.0)),
        ],
    ),
    count("Connects", &[(Metric::Connects, Of(1.0))]),
    count("Refusals", &[(Metric::Refusals, Of(1.0))]),
    count("Syncs", &[(Metric::Syncs, Of(1.0))]),
    count("Updates", &[(Metric::Updates, Of(1.0))]),
    count("PostsSent", &[(Metric::PostsSent, Of(1.0))]),
    Summary {
        name: "FanOut",
        unit: Unit::Milliseconds,
        weights: &[(Metric::FanOut, Of(1.0))],
    },
];

const fn count(name: &'static str, weights: &'static [(Metric, Weight)]) -> Summary {
    Summary {
        name,
        unit: Unit::Count,
        weights,
    }
}

impl Summary {
    /// The sum for these metrics, where so many handshakes are a flood; `None` if they add nothing to it.
    pub(super) fn of(&self, metrics: &[(Metric, f64)], flood: u32) -> Option<f64> {
        let weight = |metric| self.weights.iter().find(|(weighed, _)| *weighed == metric);
        let parts = metrics.iter().filter_map(|&(metric, value)| match weight(metric)?.1 {
            Of(weight) => Some(weight * value),
            OfAFlood => Some(value / f64::from(flood)),
        });
        Some(parts.sum()).filter(|sum| *sum != 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(name: &str, metrics: &[(Metric, f64)]) -> Option<f64> {
        let summary = SUMMARIES.iter().find(|summary| summary.name == name).unwrap();
        summary.of(metrics, 500)
    }

    #[test]
    fn a_sum_adds_each_metric_by_its_weight() {
        let notified = [
            (Metric::Updates, 20.0),
            (Metric::Stale, 3.0),
            (Metric::PostsSent, 30.0),
            (Metric::PostsFailed, 2.0),
            (Metric::ClockAhead, 1.0),
        ];
        assert_eq!(sum("UndeliveredExcess", &notified), Some(18.0));
        assert_eq!(sum("ExpectedMessages", &notified), Some(30.0));
        assert_eq!(sum("Trouble", &notified), Some(1.0));
        assert_eq!(sum("RefusalExcess", &notified), None);
        assert_eq!(sum("RefusalExcess", &[(Metric::Connects, 1.0)]), Some(-1.0));
        assert_eq!(sum("Trouble", &[(Metric::Refusals, 1.0)]), Some(0.002));
    }

    #[test]
    fn what_is_wrong_at_once_is_trouble_and_what_users_can_bring_about_is_not_until_there_is_much_of_it() {
        for metric in [
            Metric::StoreFailures,
            Metric::BadEvents,
            Metric::NoRoom,
            Metric::ClockAhead,
            Metric::LateRecords,
        ] {
            assert_eq!(sum("Trouble", &[(metric, 1.0)]), Some(1.0), "{metric:?}");
        }
        for (metric, much) in [
            (Metric::Throttled, 100.0),
            (Metric::Connects, 500.0),
            (Metric::Refusals, 500.0),
        ] {
            assert_eq!(sum("Trouble", &[(metric, much)]), Some(1.0), "{metric:?}");
        }
    }
}
