//! The plan: everything that happens in a run, and when. The same seed makes the same plan.

use chatterbox_gateway::Faults;
use fastrand::Rng;
use std::time::Duration;

/// Logins. Every third has two clients.
const LOGINS: usize = 30;
/// What updates are about.
const TOPICS: [&str; 3] = ["plays", "ratings", "trades"];
/// The pause between two updates of a login, in milliseconds.
const PAUSE: std::ops::Range<u64> = 500..2_500;
/// The share of pages that are loaded again, once, while the run lasts.
const LOADED_AGAIN: f64 = 0.5;
/// The share of events that a queue delivers a second time although all went well, and how much later, in milliseconds.
const DELIVERED_TWICE: f64 = 0.05;
const SECOND_DELIVERY: std::ops::Range<u64> = 1_000..3_000;

/// Everything that happens in a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What decided all the rest.
    pub seed: u64,
    /// How long there is chaos.
    pub duration: Duration,
    pub(crate) clients: Vec<Client>,
    /// The updates of each login, by the time of their sending.
    pub(crate) updates: Vec<Vec<Update>>,
}

/// A client: a browser with one page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Client {
    pub(crate) login: String,
    /// When its page is loaded again, if it is.
    pub(crate) loads_again: Option<Duration>,
}

/// An update.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Update {
    pub(crate) at: Duration,
    pub(crate) login: String,
    pub(crate) topic: &'static str,
    /// It tells the place among the login's updates.
    pub(crate) id: String,
    /// How long after its delivery it is delivered again, if it is.
    pub(crate) again: Option<Duration>,
}

impl Plan {
    /// What happens in this time by this seed.
    pub fn new(seed: u64, duration: Duration) -> Plan {
        let mut rng = Rng::with_seed(seed);
        let logins: Vec<String> = (0..LOGINS).map(|n| format!("login-{n}")).collect();
        let updates = logins.iter().map(|login| updates(login, duration, &mut rng)).collect();
        let clients = logins.iter().enumerate().flat_map(|(n, login)| {
            let count = if n.is_multiple_of(3) { 2 } else { 1 };
            std::iter::repeat_n(login, count)
        });
        let clients = clients.map(|login| Client {
            login: login.clone(),
            loads_again: (rng.f64() < LOADED_AGAIN).then(|| duration.mul_f64(rng.f64())),
        });
        let clients = clients.collect();
        Plan {
            seed,
            duration,
            clients,
            updates,
        }
    }

    /// The number of updates.
    pub fn update_count(&self) -> usize {
        self.updates.iter().map(Vec::len).sum()
    }

    /// The number of logins.
    pub fn login_count(&self) -> usize {
        self.updates.len()
    }

    /// The number of pages that are open at a time.
    pub fn page_count(&self) -> usize {
        self.clients.len()
    }

    /// What the gateway does to everybody while there is chaos. The n-th handshake, post and event meets with the same fault
    /// in each run.
    pub(crate) fn faults(&self) -> Faults {
        Faults {
            seed: Some(self.seed),
            connects_throttled: 0.02,
            connects_failed: 0.02,
            connects_stretched: 0.3,
            posts_gone: 0.02,
            posts_throttled: 0.05,
            posts_failed: 0.03,
            posts_lost: 0.03,
            posts_delayed: 0.05,
            sockets_closed: 0.02,
            sockets_cut: 0.03,
            processes_killed: 0.01,
            invocations_killed: 0.05,
            ..Faults::default()
        }
    }
}

fn updates(login: &str, duration: Duration, rng: &mut Rng) -> Vec<Update> {
    let mut updates = Vec::new();
    let mut at = Duration::from_millis(rng.u64(PAUSE));
    while at < duration {
        updates.push(Update {
            at,
            login: login.to_owned(),
            topic: TOPICS[rng.usize(..TOPICS.len())],
            id: updates.len().to_string(),
            again: (rng.f64() < DELIVERED_TWICE).then(|| Duration::from_millis(rng.u64(SECOND_DELIVERY))),
        });
        at += Duration::from_millis(rng.u64(PAUSE));
    }
    updates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_plan_and_another_seed_another() {
        let plan = |seed| Plan::new(seed, Duration::from_secs(20));
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1).updates, plan(2).updates);
        assert_eq!(plan(1).faults().check(), Ok(()));
    }
}
