//! Decides which request meets with which fault, counts the faults, and tells the activity feed. It breaks nothing
//! itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use crate::activity::Activity;
use crate::config::Faults;
use crate::feeds::Feeds;
use crate::lock::lock;

/// The faults of a running gateway.
#[derive(Debug)]
pub(crate) struct Injector {
    faults: watch::Sender<Faults>,
    chance: Mutex<Chance>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    feeds: Feeds,
}

/// A fault in place of `$connect`.
#[derive(Debug, Clone, Copy)]
pub(super) enum ConnectFault {
    /// It is answered with 429.
    Throttled,
    /// It is answered with 500.
    Failed,
}

/// A fault of a post to an open socket.
#[derive(Debug, Clone, Copy)]
pub(super) enum PostFault {
    /// It does not arrive and is answered with 410.
    Gone,
    /// It does not arrive and is answered with 429.
    Throttled,
    /// It does not arrive and is answered with 500.
    Failed,
    /// It arrives and is answered with 500.
    Denied,
    /// It does not arrive and is answered with 200.
    Lost,
    /// It arrives late and is answered with 200 at once.
    Delayed(Duration),
    /// It arrives at once and is answered late.
    Stalled(Duration),
}

/// A fault of an open socket.
#[derive(Debug, Clone, Copy)]
pub(super) enum SocketFault {
    /// It is closed with 1001.
    Close,
    /// It ends without a close frame.
    Cut,
}

/// One random generator for each kind of decision, so that the number of decisions of one kind does not change another.
#[derive(Debug)]
struct Chance {
    connect: fastrand::Rng,
    stretch: fastrand::Rng,
    post: fastrand::Rng,
    socket: fastrand::Rng,
    process: fastrand::Rng,
    invocation: fastrand::Rng,
}

impl Injector {
    pub(crate) fn new(faults: Faults, feeds: Feeds) -> Injector {
        Injector {
            chance: Mutex::new(Chance::new(faults.seed)),
            counts: Mutex::default(),
            faults: watch::Sender::new(faults),
            feeds,
        }
    }

    pub(crate) fn faults(&self) -> Faults {
        self.faults.borrow().clone()
    }

    /// The faults, now and whenever they are replaced.
    pub(super) fn subscribe(&self) -> watch::Receiver<Faults> {
        self.faults.subscribe()
    }

    /// Replaces the faults. If they have a seed, the decisions begin anew.
    pub(crate) fn set(&self, faults: Faults) {
        if faults.seed.is_some() {
            *lock(&self.chance) = Chance::new(faults.seed);
        }
        self.faults.send_replace(faults);
    }

    /// How many faults have been injected, by their note in the feed.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.counts).clone()
    }

    /// The fault of the next handshake, if it has one.
    pub(super) fn connect(&self) -> Option<ConnectFault> {
        let faults = self.faults.borrow();
        let choices = [
            (
                faults.connects_throttled,
                ("connect throttled", ConnectFault::Throttled),
            ),
            (faults.connects_failed, ("connect failed", ConnectFault::Failed)),
        ];
        drop(faults);
        let (note, fault) = pick(choices, || lock(&self.chance).connect.f64())?;
        self.record(note);
        Some(fault)
    }

    /// The time that a socket whose `$connect` has returned has to wait until it opens, if it has to.
    pub(super) fn stretch(&self, id: &Arc<str>) -> Option<Duration> {
        let faults = self.faults.borrow();
        let stretch = Duration::from_millis(faults.connect_stretch_ms);
        let choices = [(faults.connects_stretched, stretch)];
        drop(faults);
        let stretch = pick(choices, || lock(&self.chance).stretch.f64())?;
        self.on_socket("connect stretched", id);
        Some(stretch)
    }

    /// The fault of the next post, which goes to this socket, if it has one.
    pub(super) fn post(&self, id: &Arc<str>) -> Option<PostFault> {
        let faults = self.faults.borrow();
        let delay = Duration::from_millis(faults.post_delay_ms);
        let choices = [
            (faults.posts_gone, ("post gone", PostFault::Gone)),
            (faults.posts_throttled, ("post throttled", PostFault::Throttled)),
            (faults.posts_failed, ("post failed", PostFault::Failed)),
            (faults.posts_denied, ("post denied", PostFault::Denied)),
            (faults.posts_lost, ("post lost", PostFault::Lost)),
            (faults.posts_delayed, ("post delayed", PostFault::Delayed(delay))),
            (faults.posts_stalled, ("post stalled", PostFault::Stalled(delay))),
        ];
        drop(faults);
        let (note, fault) = pick(choices, || lock(&self.chance).post.f64())?;
        self.on_socket(note, id);
        Some(fault)
    }

    /// The fault of an open socket, if it has one. These shares of the sockets are closed and cut.
    pub(super) fn socket(&self, closed: f64, cut: f64) -> Option<SocketFault> {
        let choices = [(closed, SocketFault::Close), (cut, SocketFault::Cut)];
        pick(choices, || lock(&self.chance).socket.f64())
    }

    /// Whether a process is killed. This share of the processes is.
    pub(super) fn process(&self, killed: f64) -> bool {
        pick([(killed, ())], || lock(&self.chance).process.f64()).is_some()
    }

    /// The time after which the process of the next event is killed, if it is. Whoever kills it calls
    /// [`Injector::on_process`].
    pub(super) fn kill_after(&self) -> Option<Duration> {
        let faults = self.faults.borrow();
        let choices = [(faults.invocations_killed, faults.kill_within_ms)];
        drop(faults);
        let chance = || lock(&self.chance).invocation.f64();
        let within = pick(choices, chance)?;
        Some(Duration::from_millis(within).mul_f64(chance()))
    }

    /// Counts a fault, and tells the feed.
    pub(crate) fn record(&self, note: &'static str) {
        self.count(note, None, None, None);
    }

    /// Counts a fault that has happened to a socket.
    pub(super) fn on_socket(&self, note: &'static str, connection_id: &Arc<str>) {
        self.count(note, Some(Arc::clone(connection_id)), None, None);
    }

    /// Counts a process that was killed.
    pub(super) fn on_process(&self, function: &Arc<str>, process_id: u32) {
        self.count("process killed", None, Some(Arc::clone(function)), Some(process_id));
    }

    fn count(
        &self,
        note: &'static str,
        connection_id: Option<Arc<str>>,
        function: Option<Arc<str>>,
        process_id: Option<u32>,
    ) {
        let mut counts = lock(&self.counts);
        *counts.entry(note).or_default() += 1;
        self.feeds.record(Activity::Fault {
            connection_id,
            function,
            process_id,
            note,
        });
    }
}

/// Picks at most one of the choices. Each is picked with the probability that comes with it. If all are 0 nothing is
/// rolled.
fn pick<T: Copy, const N: usize>(choices: [(f64, T); N], roll: impl FnOnce() -> f64) -> Option<T> {
    if choices.iter().all(|(share, _)| *share <= 0.0) {
        return None;
    }
    let mut rest = roll();
    let mut choices = choices.into_iter();
    let (_, choice) = choices.find(|(share, _)| {
        rest -= share;
        rest < 0.0
    })?;
    Some(choice)
}

impl Chance {
    fn new(seed: Option<u64>) -> Chance {
        let mut seeds = seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        Chance {
            connect: seeds.fork(),
            stretch: seeds.fork(),
            post: seeds.fork(),
            socket: seeds.fork(),
            process: seeds.fork(),
            invocation: seeds.fork(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posts(seed: u64) -> Vec<String> {
        let faults = Faults {
            seed: Some(seed),
            posts_lost: 0.2,
            posts_gone: 0.3,
            ..Faults::default()
        };
        let injector = Injector::new(faults, Feeds::new());
        let id = Arc::from("TXzPWdnOjoECGjA=");
        (0..1000).map(|_| format!("{:?}", injector.post(&id))).collect()
    }

    #[test]
    fn the_same_seed_decides_the_same() {
        assert_eq!(posts(7), posts(7));
        assert_ne!(posts(7), posts(8));
    }

    #[test]
    fn each_fault_has_its_share() {
        let posts = posts(7);
        let count = |name: &str| posts.iter().filter(|post| *post == name).count();
        assert!((150..250).contains(&count("Some(Lost)")), "{}", count("Some(Lost)"));
        assert!((250..350).contains(&count("Some(Gone)")), "{}", count("Some(Gone)"));
        assert_eq!(count("Some(Lost)") + count("Some(Gone)") + count("None"), 1000);
    }
}
