//! Statistics over the repeats of a measurement.

use std::time::Duration;

/// One figure for each repeat, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(pub(crate) Vec<f64>);

impl Samples {
    /// Median; the mean of the two in the middle if their number is even.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        match sorted.len() {
            0 => f64::NAN,
            count if count % 2 == 1 => sorted[count / 2],
            count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
        }
    }

    /// Quantile: the smallest figure such that this share (0 to 1) of all is not above it.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into few samples"
    )]
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let sorted = self.sorted();
        let index = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(index.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    /// The least and the greatest figure.
    pub(crate) fn spread(&self) -> (f64, f64) {
        let sorted = self.sorted();
        let or_nothing = |end: Option<&f64>| end.copied().unwrap_or(f64::NAN);
        (or_nothing(sorted.first()), or_nothing(sorted.last()))
    }

    /// Ratio to the other's figures, repeat by repeat.
    pub(crate) fn over(&self, other: &Samples) -> Samples {
        self.0.iter().zip(&other.0).map(|(own, other)| own / other).collect()
    }

    /// Applies a function to each figure.
    pub(crate) fn map(&self, change: impl Fn(f64) -> f64) -> Samples {
        self.0.iter().copied().map(change).collect()
    }

    /// Adds a figure.
    pub(crate) fn push(&mut self, figure: f64) {
        self.0.push(figure);
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<T: IntoIterator<Item = f64>>(figures: T) -> Samples {
        Samples(figures.into_iter().collect())
    }
}

/// A time in milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let median = |figures: &[f64]| figures.iter().copied().collect::<Samples>().median();
        assert_eq!([median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0])], [2.0, 2.5]);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_quantile_is_one_of_the_samples() {
        let samples: Samples = (1..=100).map(f64::from).collect();
        assert_eq!(
            [0.5, 0.99, 1.0].map(|share| samples.quantile(share)),
            [50.0, 99.0, 100.0]
        );
    }

    #[test]
    fn a_ratio_is_taken_repeat_by_repeat() {
        let (ours, theirs) = (Samples(vec![10.0, 30.0]), Samples(vec![5.0, 10.0]));
        assert_eq!(ours.over(&theirs).0, [2.0, 3.0]);
        assert_eq!(ours.over(&theirs).spread(), (2.0, 3.0));
    }
}
