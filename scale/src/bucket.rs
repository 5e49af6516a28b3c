//! Token bucket, with which AWS limits requests.

use crate::agenda::Millis;

/// Token bucket: it holds at most `burst` tokens and is refilled at `per_second`. Each request takes a token.
#[derive(Clone, Debug)]
pub struct Bucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled_at: Millis,
    /// Number of requests that were refused for want of tokens.
    pub refused: u64,
    /// Time of the first refusal.
    pub first_refused_at: Option<Millis>,
}

impl Bucket {
    /// A full bucket.
    pub fn new(per_second: f64, burst: f64) -> Bucket {
        Bucket {
            per_second,
            burst,
            tokens: burst,
            filled_at: 0,
            refused: 0,
            first_refused_at: None,
        }
    }

    /// Whether the bucket holds this many tokens. Takes none; a "no" counts as refused.
    pub fn has(&mut self, tokens: f64, now: Millis) -> bool {
        self.tokens = self.level(now);
        self.filled_at = now;
        let enough = self.tokens >= tokens;
        if !enough {
            self.refused += 1;
            self.first_refused_at.get_or_insert(now);
        }
        enough
    }

    /// Takes this many tokens, or none if it holds fewer. Returns whether they were taken.
    pub fn take(&mut self, tokens: f64, now: Millis) -> bool {
        let enough = self.has(tokens, now);
        if enough {
            self.tokens -= tokens;
        }
        enough
    }

    fn level(&self, now: Millis) -> f64 {
        let passed = f64::from(now - self.filled_at) / 1_000.0;
        (self.tokens + passed * self.per_second).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_granted_and_then_the_rate() {
        let mut bucket = Bucket::new(10.0, 3.0);
        assert_eq!([0; 4].map(|_| bucket.take(1.0, 0)), [true, true, true, false]);
        assert!(bucket.take(1.0, 150));
        assert!(!bucket.take(1.0, 160));
        assert!(bucket.take(1.0, 200));
        assert_eq!([0; 4].map(|_| bucket.take(1.0, 60_000)), [true, true, true, false]);
        assert_eq!((bucket.refused, bucket.first_refused_at), (3, Some(0)));
    }

    #[test]
    fn a_refusal_takes_nothing() {
        let mut bucket = Bucket::new(1.0, 5.0);
        assert!(!bucket.take(6.0, 0));
        assert!(bucket.take(5.0, 0));
    }

    #[test]
    fn requests_faster_than_the_rate_are_granted_at_the_rate() {
        let mut bucket = Bucket::new(500.0, 500.0);
        let granted = (0..10_000)
            .flat_map(|now| [now; 7])
            .filter(|now| bucket.take(1.0, *now))
            .count();
        assert!((5_490..=5_500).contains(&granted), "{granted}");
    }
}
