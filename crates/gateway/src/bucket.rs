//! A token bucket, which limits a rate and a burst.

use std::sync::Mutex;
use std::time::Instant;

use crate::lock::lock;

/// A token bucket, as AWS throttles with. Without a rate it lets everything through.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Option<(f64, f64)>,
    level: Mutex<(f64, Instant)>,
}

impl Bucket {
    /// A full bucket of `burst` tokens into which `per_second` tokens flow.
    pub(crate) fn new(per_second: Option<u32>, burst: u32) -> Bucket {
        let rate = per_second.map(|per_second| (f64::from(per_second), f64::from(burst)));
        Bucket {
            rate,
            level: Mutex::new((rate.map_or(0.0, |(_, burst)| burst), Instant::now())),
        }
    }

    /// Takes a token. `false` if there is none, which is AWS's 429.
    pub(crate) fn take(&self) -> bool {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> bool {
        let Some((per_second, burst)) = self.rate else {
            return true;
        };
        let mut level = lock(&self.level);
        let (tokens, filled_at) = *level;
        let tokens = (tokens + per_second * now.saturating_duration_since(filled_at).as_secs_f64()).min(burst);
        let granted = tokens >= 1.0;
        *level = (if granted { tokens - 1.0 } else { tokens }, now.max(filled_at));
        granted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_granted_and_then_the_rate() {
        let bucket = Bucket::new(Some(10), 3);
        let start = Instant::now();
        assert_eq!([0, 0, 0, 0].map(|_| bucket.take_at(start)), [true, true, true, false]);
        assert!(bucket.take_at(start + Duration::from_millis(150)));
        assert!(!bucket.take_at(start + Duration::from_millis(160)));
        assert!(bucket.take_at(start + Duration::from_millis(200)));
        let later = start + Duration::from_secs(60);
        assert_eq!([0, 0, 0, 0].map(|_| bucket.take_at(later)), [true, true, true, false]);
    }

    #[test]
    fn no_rate_is_no_limit_and_a_rate_of_zero_grants_nothing() {
        assert!((0..1000).all(|_| Bucket::new(None, 0).take()));
        assert!(!Bucket::new(Some(0), 0).take());
    }
}
