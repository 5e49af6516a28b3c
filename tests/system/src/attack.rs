//! Floods, played against the real functions: what they take, and what a bystander notices of them.

use crate::{Session, Socket, World};
use chatterbox_core::Admission;
use chatterbox_gateway::{Activity, ActivityEntry};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tokio::{
    sync::broadcast::{Receiver, error::TryRecvError},
    time::interval,
};

/// A flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flood {
    /// Handshakes with credentials that nobody has.
    Handshakes,
    /// Sockets that one user opens and gives up at once.
    Sockets,
    /// Syncs without a cursor, by one user on one socket.
    Syncs,
    /// Messages that are none of the protocol, by one user on one socket.
    Nonsense,
    /// Heartbeats, by one user on one socket.
    Heartbeats,
    /// Handshakes of a login that has as many open sockets as it may have.
    OverCap,
}

/// What a flood took, and what a bystander noticed.
#[derive(Debug)]
pub struct Played {
    /// Attempts that were turned away with 429: by a throttle, or by `connect`, where the login has too many sockets.
    pub turned_away: usize,
    /// Invocations of the functions that serve sockets, by their names.
    pub invocations: BTreeMap<String, usize>,
    /// How long it took.
    pub took: Duration,
    /// For each of the bystander's updates: the time from notify's invocation until his page had it.
    pub delays: Vec<Duration>,
}

/// The pace of a flood. It is several times what a tenth of a deployment's throttles lets through, and leaves a laptop, which
/// plays the attacker and the bystander too, processors to spare.
const PACE: Duration = Duration::from_millis(10);
/// The sockets that notify leaves a login, unless `MAX_CONNECTIONS_PER_LOGIN` says otherwise.
const CAP: usize = 20;
/// How many handshakes are under way at once.
const AT_ONCE: usize = 32;

impl Flood {
    /// All of them.
    pub const ALL: [Flood; 6] = [
        Flood::Handshakes,
        Flood::Sockets,
        Flood::Syncs,
        Flood::Nonsense,
        Flood::Heartbeats,
        Flood::OverCap,
    ];

    /// Its name in `infra/contract.json`.
    pub fn name(self) -> &'static str {
        match self {
            Flood::Handshakes => "handshakes",
            Flood::Sockets => "sockets",
            Flood::Syncs => "syncs",
            Flood::Nonsense => "nonsense",
            Flood::Heartbeats => "heartbeats",
            Flood::OverCap => "overCap",
        }
    }

    /// The function that serves its attempts. API Gateway answers heartbeats itself.
    pub fn function(self) -> Option<&'static str> {
        match self {
            Flood::Handshakes | Flood::Sockets | Flood::OverCap => Some("connect"),
            Flood::Syncs | Flood::Nonsense => Some("default"),
            Flood::Heartbeats => None,
        }
    }

    /// Plays so many attempts, while the bystander is told of updates.
    pub async fn play(self, world: &World, bystander: &mut Socket, attempts: usize) -> Played {
        let attacker = world.log_in("attacker").await;
        let _open = match self {
            Flood::OverCap => as_many_as_it_may(world, &attacker).await,
            _ => Vec::new(),
        };
        let mut activity = world.local.gateway().activity();
        let start = Instant::now();
        let flood = async {
            match self {
                Flood::Handshakes => {
                    handshakes(world, attempts, |n| format!("login=nobody-{n}&chatter={NOBODYS}")).await
                }
                Flood::Sockets | Flood::OverCap => handshakes(world, attempts, |_| attacker.query()).await,
                Flood::Syncs => {
                    let sync = json!({"action": "sync", "login": "attacker", "cursor": null, "n": 1});
                    messages(world, &attacker, attempts, &sync.to_string()).await
                }
                Flood::Nonsense => messages(world, &attacker, attempts, "nonsense").await,
                Flood::Heartbeats => messages(world, &attacker, attempts, r#"{"action":"ping"}"#).await,
            }
        };
        tokio::pin!(flood);
        let (mut delays, mut invocations) = (Vec::new(), BTreeMap::new());
        let turned_away = loop {
            let mut told = std::pin::pin!(delay(world, bystander));
            let done = tokio::select! {
                done = &mut flood => Some(done),
                delay = &mut told => {
                    delays.push(delay);
                    None
                }
            };
            count(&mut activity, &mut invocations);
            if let Some(done) = done {
                // The update that is on its way arrives.
                delays.push(told.await);
                break done;
            }
        };
        count(&mut activity, &mut invocations);
        Played {
            turned_away,
            invocations,
            took: start.elapsed(),
            delays,
        }
    }
}

/// A chatter ID of nobody.
const NOBODYS: &str = "3f2b8c1e-5d4a-4e6f-9a7b-0c1d2e3f4a5b";

/// Opens so many sockets of one user that the next is refused. A throttle may turn some away meanwhile.
async fn as_many_as_it_may(world: &World, session: &Session) -> Vec<Socket> {
    let mut open = Vec::new();
    let mut turn = interval(PACE);
    while open.len() < CAP * Admission::TIMES_THE_CAP {
        turn.tick().await;
        open.extend(world.try_connect(&session.query(), &[]).await.ok());
    }
    open
}

async fn handshakes(world: &World, attempts: usize, query: impl Fn(usize) -> String) -> usize {
    let turns = stream::unfold(interval(PACE), async |mut turn| {
        turn.tick().await;
        Some(((), turn))
    });
    let attempts = stream::iter(0..attempts).zip(turns).map(|(n, ())| {
        let query = query(n);
        async move { matches!(world.try_connect(&query, &[]).await, Err(429)) }
    });
    let turned_away = attempts
        .buffer_unordered(AT_ONCE)
        .filter(|is_turned_away| std::future::ready(*is_turned_away));
    turned_away.count().await
}

async fn messages(world: &World, attacker: &Session, attempts: usize, text: &str) -> usize {
    let mut socket = world.connect(attacker).await;
    let mut turn = interval(PACE);
    let mut turned_away = 0;
    for _ in 0..attempts {
        turn.tick().await;
        socket.say(text).await;
        turned_away += usize::from(socket.hear().await["message"] == "Too Many Requests");
    }
    turned_away
}

/// The time from notify's invocation until the bystander's page has the update.
pub async fn delay(world: &World, bystander: &mut Socket) -> Duration {
    let start = Instant::now();
    let event = json!({"login": "bystander", "body": "news"});
    let (report, _) = tokio::join!(world.notify(&event), bystander.hear_a("stats-updated"));
    assert_eq!(report["sent"], Value::from(1));
    start.elapsed()
}

/// Adds the invocations that the feed has to what was counted.
fn count(activity: &mut Receiver<ActivityEntry>, invocations: &mut BTreeMap<String, usize>) {
    loop {
        match activity.try_recv() {
            Ok(entry) => {
                if let Activity::Invocation { function, .. } = entry.activity
                    && &*function != "notify"
                {
                    *invocations.entry(function.to_string()).or_default() += 1;
                }
            }
            Err(TryRecvError::Lagged(missed)) => panic!("{missed} entries of the activity feed are missing"),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return,
        }
    }
}

/// The 99th percentile.
pub fn p99(mut delays: Vec<Duration>) -> Duration {
    delays.sort_unstable();
    delays.get(delays.len() * 99 / 100).copied().unwrap_or_default()
}
