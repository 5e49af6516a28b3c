//! Backoff: the waits between tries, and when to stop trying.

use aws_sdk_dynamodb::{Client, config::retry::RetryConfig};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Waits with full jitter: each is a random time between zero and a ceiling that doubles with each try. This spreads clients
/// that failed at the same time better than a fixed part plus a random one does (AWS Architecture Blog, "Exponential Backoff
/// And Jitter").
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The ceiling of the first wait.
    pub first: Duration,
    /// The ceiling that no wait exceeds.
    pub highest: Duration,
}

impl Backoff {
    /// The wait after this try, counted from 0.
    pub(crate) fn wait(self, attempt: u32) -> Duration {
        let ceiling = self.first.saturating_mul(2u32.saturating_pow(attempt));
        ceiling.min(self.highest).mul_f64(fastrand::f64())
    }
}

/// How long a write is retried while other transactions hold its items.
pub const WRITE_PATIENCE: Duration = Duration::from_secs(3);
/// The waits between its tries.
pub const WRITE_BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(25),
    highest: Duration::from_millis(500),
};

/// Tries a write until it succeeds, fails for another reason than `is_passing`, or has been tried for [`WRITE_PATIENCE`].
/// Tabs that log in at the same time write to the same item, and each transaction on it lasts a few milliseconds.
pub(crate) async fn with_patience<T, E, W: Future<Output = Result<T, E>>>(
    is_passing: impl Fn(&E) -> bool,
    write: impl Fn() -> W,
) -> Result<T, E> {
    let deadline = Instant::now() + WRITE_PATIENCE;
    let mut attempt = 0;
    loop {
        let result = write().await;
        let wait = WRITE_BACKOFF.wait(attempt);
        match &result {
            Err(error) if is_passing(error) && Instant::now() + wait < deadline => sleep(wait).await,
            _ => return result,
        }
        attempt += 1;
    }
}

/// The same client of DynamoDB, with at most so many tries of a call.
pub(crate) fn with_tries(client: &Client, most: u32) -> Client {
    let config = client.config();
    let tries = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let most = most.min(tries.max_attempts());
    Client::from_conf(config.to_builder().retry_config(tries.with_max_attempts(most)).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_wait_never_exceeds_its_ceiling() {
        let backoff = Backoff {
            first: Duration::from_millis(100),
            highest: Duration::from_secs(1),
        };
        for (attempt, ceiling_ms) in [(0, 100), (1, 200), (3, 800), (4, 1_000), (40, 1_000), (u32::MAX, 1_000)] {
            for _ in 0..200 {
                assert!(backoff.wait(attempt) <= Duration::from_millis(ceiling_ms));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_with_success_another_error_or_three_seconds() {
        let tries = Cell::new(0);
        let write = |answers: &'static [Result<u8, &'static str>]| {
            let tries = &tries;
            tries.set(0);
            move || {
                tries.set(tries.get() + 1);
                std::future::ready(answers[(tries.get() - 1).min(answers.len() - 1)])
            }
        };
        let is_passing = |error: &&str| *error == "conflict";
        assert_eq!(
            with_patience(is_passing, write(&[Err("conflict"), Err("conflict"), Ok(1)])).await,
            Ok(1)
        );
        assert_eq!(tries.get(), 3);
        assert_eq!(
            with_patience(is_passing, write(&[Err("conflict"), Err("broken"), Ok(1)])).await,
            Err("broken")
        );
        let start = Instant::now();
        assert_eq!(
            with_patience(is_passing, write(&[Err("conflict")])).await,
            Err("conflict")
        );
        // The waits grow from 25 ms to half a second at most.
        assert!(start.elapsed() <= Duration::from_secs(3) && (6..60).contains(&tries.get()));
    }
}
