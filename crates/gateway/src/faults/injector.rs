//! Injects faults: it rolls the dice, counts what it did, and tells the feed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::activity::{Activity, Feeds, Kind};
use crate::api::Api;
use crate::config::Faults;
use crate::host::Pool;
use crate::socket::close::Goodbye;
use crate::socket::connection::Connection;

/// How often sockets and processes meet their fate.
const TICK: Duration = Duration::from_millis(100);

/// The faults of a running gateway.
#[derive(Debug)]
pub(crate) struct Injector {
    faults: watch::Sender<Faults>,
    chance: Mutex<Chance>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    feeds: Feeds,
}

/// What happens to a handshake instead of `$connect`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ConnectFault {
    Throttled,
    Failed,
}

/// What happens to a post to an open socket.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PostFault {
    Gone,
    Throttled,
    Failed,
    Denied,
    Lost,
    Delayed(Duration),
    Stalled(Duration),
}

/// One stream of chance for each kind of decision, so that how many there are of one kind does not change another.
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

    /// Replaces the faults; a seed begins chance anew.
    pub(crate) fn set(&self, faults: Faults) {
        if faults.seed.is_some() {
            *self.chance() = Chance::new(faults.seed);
        }
        self.faults.send_replace(faults);
    }

    /// How many faults there have been of each kind.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }

    pub(crate) fn connect(&self) -> Option<ConnectFault> {
        let faults = self.faults.borrow();
        let choices = [
            (faults.connects_throttled, "connect throttled", ConnectFault::Throttled),
            (faults.connects_failed, "connect failed", ConnectFault::Failed),
        ];
        drop(faults);
        let (note, fault) = pick(choices, || self.chance().connect.f64())?;
        self.record(note, Activity::new(Kind::Fault));
        Some(fault)
    }

    /// How long a socket whose `$connect` has returned is yet to wait.
    pub(crate) fn stretch(&self, id: &Arc<str>) -> Option<Duration> {
        let faults = self.faults.borrow();
        let stretch = Duration::from_millis(faults.connect_stretch_ms);
        let choices = [(faults.connects_stretched, "connect stretched", stretch)];
        drop(faults);
        let (note, stretch) = pick(choices, || self.chance().stretch.f64())?;
        self.record(note, Activity::new(Kind::Fault).connection(id));
        Some(stretch)
    }

    pub(crate) fn post(&self, id: &Arc<str>) -> Option<PostFault> {
        let faults = self.faults.borrow();
        let delay = Duration::from_millis(faults.post_delay_ms);
        let choices = [
            (faults.posts_gone, "post gone", PostFault::Gone),
            (faults.posts_throttled, "post throttled", PostFault::Throttled),
            (faults.posts_failed, "post failed", PostFault::Failed),
            (faults.posts_denied, "post denied", PostFault::Denied),
            (faults.posts_lost, "post lost", PostFault::Lost),
            (faults.posts_delayed, "post delayed", PostFault::Delayed(delay)),
            (faults.posts_stalled, "post stalled", PostFault::Stalled(delay)),
        ];
        drop(faults);
        let (note, fault) = pick(choices, || self.chance().post.f64())?;
        self.record(note, Activity::new(Kind::Fault).connection(id));
        Some(fault)
    }

    /// How long the process of an event is yet to live; [`Injector::killed`] is to be told when it is over.
    pub(crate) fn doom(&self) -> Option<Duration> {
        let faults = self.faults.borrow();
        let choices = [(faults.invocations_killed, "", faults.kill_within_ms)];
        drop(faults);
        let chance = || self.chance().invocation.f64();
        let (_, within) = pick(choices, chance)?;
        Some(Duration::from_millis(within).mul_f64(chance()))
    }

    pub(crate) fn killed(&self, function: &Arc<str>, process_id: u32) {
        let about = Activity {
            function: Some(Arc::clone(function)),
            process_id: Some(process_id),
            ..Activity::new(Kind::Fault)
        };
        self.record("process killed", about);
    }

    /// Closes a socket with 1001.
    pub(crate) fn close(&self, connection: &Connection) {
        self.record(
            "socket closed",
            Activity::new(Kind::Fault).connection(&connection.peer.connection_id),
        );
        connection.close(Goodbye::GOING_AWAY);
    }

    /// Ends a socket without a close frame.
    pub(crate) fn cut(&self, connection: &Connection) {
        self.record(
            "socket cut",
            Activity::new(Kind::Fault).connection(&connection.peer.connection_id),
        );
        connection.close(Goodbye::DIED);
    }

    /// Kills all processes of a function, and says how many there were.
    pub(crate) fn kill(&self, pool: &Pool) -> usize {
        let killed = pool.process_ids().into_iter().filter(|id| pool.kill(*id));
        killed.map(|id| self.killed(&pool.setting.name, id)).count()
    }

    /// Counts a fault and tells the feed.
    pub(crate) fn record(&self, note: &'static str, about: Activity) {
        let mut counts = self.counts.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *counts.entry(note).or_default() += 1;
        self.feeds.record(about.note(Some(note)));
    }

    fn chance(&self) -> MutexGuard<'_, Chance> {
        self.chance.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Lets sockets and processes die at their rates, until the gateway stops. Without a rate it sleeps.
pub(crate) async fn wear(api: Arc<Api>) {
    let mut faults = api.injector.faults.subscribe();
    let wearing = async {
        loop {
            let rates = |faults: &Faults| faults.sockets_closed + faults.sockets_cut + faults.processes_killed;
            // The sender lives in the API, which this task holds.
            let _ = faults.wait_for(|faults| rates(faults) > 0.0).await;
            let mut ticks = interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while rates(&faults.borrow()) > 0.0 {
                ticks.tick().await;
                wear_once(&api);
            }
        }
    };
    api.halt.run_until_cancelled(wearing).await;
}

fn wear_once(api: &Api) {
    let injector = &api.injector;
    let faults = injector.faults();
    let closed = per_tick(faults.sockets_closed);
    let sockets = [
        (closed, "", true),
        (per_tick(faults.sockets_cut).min(1.0 - closed), "", false),
    ];
    for connection in api.connections.all() {
        match pick(sockets, || injector.chance().socket.f64()) {
            Some((_, true)) => injector.close(&connection),
            Some((_, false)) => injector.cut(&connection),
            None => {}
        }
    }
    let processes = [(per_tick(faults.processes_killed), "", ())];
    for pool in api.functions.values() {
        for id in pool.process_ids() {
            if pick(processes, || injector.chance().process.f64()).is_some() && pool.kill(id) {
                injector.killed(&pool.setting.name, id);
            }
        }
    }
}

/// The share of one tick that comes to this share in a second.
fn per_tick(share: f64) -> f64 {
    1.0 - (1.0 - share).powf(TICK.as_secs_f64())
}

/// At most one of the choices, each with its own share of the rolls. Without a share nothing is rolled.
fn pick<T: Copy, const N: usize>(
    choices: [(f64, &'static str, T); N],
    roll: impl FnOnce() -> f64,
) -> Option<(&'static str, T)> {
    if choices.iter().all(|(share, ..)| *share <= 0.0) {
        return None;
    }
    let mut rest = roll();
    let mut choices = choices.into_iter();
    let (_, note, choice) = choices.find(|(share, ..)| {
        rest -= share;
        rest < 0.0
    })?;
    Some((note, choice))
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
    fn a_seed_makes_chance_repeatable() {
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

    #[test]
    fn ten_ticks_come_to_the_share_of_a_second() {
        for share in [0.0, 0.1, 0.5, 0.9] {
            let survivors = (1.0 - per_tick(share)).powi(10);
            assert!((survivors - (1.0 - share)).abs() < 1e-9, "{share}");
        }
        assert_eq!(per_tick(1.0), 1.0);
    }
}
