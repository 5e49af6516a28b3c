//! The whole system in one process: the functions on their wire, API Gateway's sockets, browsers with real pages, the
//! pipeline. A seed decides everything that happens, so a run can be done again.
//!
//! In chaos, one action after another is drawn ([`actions`]): a call is carried out, or fails, or is never answered
//! ([`calls`]); a message arrives; time passes; a socket, a page or an invocation dies. Then everything calms down
//! ([`calm`]), and it is checked what every page shows ([`checks`]).

mod actions;
mod browser;
mod browsing;
mod calls;
mod calm;
mod checks;
mod gateway;
mod mistake;
mod pipeline;
mod plan;
mod serving;

use crate::{Clock, Engine, Functions, Held, Invocations, Outcome, Wire};
use browser::{Browser, Shown, Tab};
use chatterbox_core::{ChatterId, Login};
use fastrand::Rng;
use gateway::Gateway;
use pipeline::Pipeline;
use plan::{Plan, Trouble};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write,
    time::Duration,
};

use mistake::Memory;
pub use mistake::Mistake;

/// The topics that there are.
const TOPICS: [&str; 3] = ["a", "b", "c"];

/// One run.
struct World {
    rng: Rng,
    plan: Plan,
    mistake: Option<Mistake>,
    mistakes: Memory,
    clock: Clock,
    /// When it began, in milliseconds since 1970.
    began: i64,
    wire: Wire,
    engine: Engine,
    functions: Functions,
    invocations: Invocations<Outcome>,
    jobs: BTreeMap<usize, Job>,
    /// Calls that were carried out, each with its answer, which is under way.
    answers: Vec<(Held, crate::Answer)>,
    gateway: Gateway,
    /// Sockets that have ended, whose `$disconnect` is to come.
    disconnects: Vec<usize>,
    browsers: Vec<Browser>,
    chatters: Vec<Chatter>,
    pipeline: Pipeline,
    /// Pushes that were accepted: socket and event.
    posted: BTreeSet<(usize, String)>,
    /// The version of each event in each log, as it was pushed.
    versions: BTreeMap<(String, String), u64>,
    /// Invocations of notify that are recording, each with a login.
    writing: BTreeSet<(usize, String)>,
    /// The sockets to which each invocation of notify has posted an event, of each login.
    fan_outs: BTreeMap<(usize, String, String), BTreeSet<usize>>,
    /// How many connections of its login each invocation of `$connect` was told of.
    counted: BTreeMap<usize, usize>,
    /// Pushes of which no try succeeds: socket and event.
    doomed: BTreeSet<(usize, String)>,
    is_outage: bool,
    is_calm: bool,
    history: VecDeque<String>,
    counts: BTreeMap<String, usize>,
    violation: Option<String>,
}

/// What an invocation is there for, and when Lambda ends it.
#[derive(Clone, Copy, Debug)]
struct Job {
    task: Task,
    deadline: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// `$connect` of this socket.
    Connect(usize),
    /// `$default` for a message on this socket; `snoops` if it asks for another login's updates.
    Default { socket: usize, snoops: bool },
    /// `$disconnect` of this socket.
    Disconnect(usize),
    /// notify, for this delivery.
    Notify(usize),
    /// The revocation of this chatter ID.
    Revoke(usize),
}

/// A chatter ID.
#[derive(Clone, Debug)]
struct Chatter {
    login: String,
    id: ChatterId,
    revocation: Revoking,
}

/// How far a revocation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Revoking {
    /// It was not asked for.
    No,
    /// It is to be done, perhaps once more: a table did not answer.
    Wanted,
    /// It is under way.
    Running,
    /// It was done.
    Done,
}

/// What a run has shown to be wrong.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The run.
    pub seed: u64,
    /// What is wrong.
    pub what: String,
    /// The last things that happened.
    pub history: Vec<String>,
}

/// What happened in a run, and how often.
pub type Counts = BTreeMap<String, usize>;

/// How much of its history a run keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// The last things that happened.
    Last,
    /// All of it.
    All,
}

/// Runs a seed, with a mistake on the wire if one is wanted.
///
/// # Errors
/// If something is not as it must be.
pub fn run(seed: u64, mistake: Option<Mistake>, history: History) -> Result<Counts, Box<Violation>> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let mut world = World::new(seed, mistake, history);
        world.live().await;
        match world.violation.take() {
            None => Ok(std::mem::take(&mut world.counts)),
            Some(what) => Err(Box::new(Violation {
                seed,
                what,
                history: world.history.drain(..).collect(),
            })),
        }
    })
}

impl World {
    fn new(seed: u64, mistake: Option<Mistake>, history: History) -> World {
        // core's random waits.
        fastrand::seed(seed);
        let mut rng = Rng::with_seed(seed);
        let plan = Plan::new(&mut rng);
        let (wire, clock) = (Wire::new(), Clock::new());
        let functions = Functions::new(&wire, plan.max_connections);
        let is_without_queue = plan.has(Trouble::NoQueue);
        let mut world = World {
            rng,
            plan,
            mistake,
            mistakes: Memory::default(),
            clock,
            began: clock.millis(),
            engine: Engine::new(),
            functions: if is_without_queue {
                functions.without_queue()
            } else {
                functions
            },
            invocations: Invocations::new(wire.clone(), clock),
            wire,
            jobs: BTreeMap::new(),
            answers: Vec::new(),
            gateway: Gateway::default(),
            disconnects: Vec::new(),
            browsers: Vec::new(),
            chatters: Vec::new(),
            pipeline: Pipeline::default(),
            posted: BTreeSet::new(),
            versions: BTreeMap::new(),
            writing: BTreeSet::new(),
            fan_outs: BTreeMap::new(),
            counted: BTreeMap::new(),
            doomed: BTreeSet::new(),
            is_outage: false,
            is_calm: false,
            history: VecDeque::with_capacity(match history {
                History::Last => 60,
                History::All => 100_000,
            }),
            counts: BTreeMap::new(),
            violation: None,
        };
        world.populate();
        world
    }

    /// Logins with two chatter IDs each, and browsers that have one of these.
    fn populate(&mut self) {
        let expires_at = (self.began / 1_000 + 86_400).to_string();
        for login in 0..self.plan.logins {
            for _ in 0..2 {
                let (login, id) = (format!("l{login}"), ChatterId::random());
                self.engine.put(
                    "chatters",
                    &json!({
                        "login": {"S": login}, "chatter_hash": {"S": id.hash().as_str()},
                        "issued_at": {"N": "1"}, "expires_at": {"N": expires_at},
                    }),
                );
                let revocation = Revoking::No;
                self.chatters.push(Chatter { login, id, revocation });
            }
        }
        for _ in 0..self.plan.browsers {
            let chatter = self.rng.usize(..self.chatters.len());
            let login = self.chatters[chatter].login.clone();
            let tab = self.load_tab(&login, None);
            self.browsers.push(Browser::new(login, chatter, tab, Duration::ZERO));
        }
    }

    /// A page is loaded, which listens to these topics, or to some.
    fn load_tab(&mut self, login: &str, topics: Option<Option<Vec<String>>>) -> Tab {
        let topics = topics.unwrap_or_else(|| self.some_topics());
        let own_data = self.plan.has(Trouble::OwnData).then(|| {
            let of_topic = |topic: &str| {
                let is_of_it = |event: &pipeline::Event| {
                    event.logins.iter().any(|of| of == login) && event.topics.iter().any(|of| of == topic)
                };
                let serial = self.pipeline.events.iter().rposition(is_of_it)?;
                Some((topic.to_owned(), Shown { epoch: None, serial }))
            };
            TOPICS.into_iter().filter_map(of_topic).collect()
        });
        let now = self.now();
        Tab::new(login, topics, own_data, now, &mut self.rng)
    }

    /// Topics to listen to; `None` for all.
    fn some_topics(&mut self) -> Option<Vec<String>> {
        (self.rng.u8(..4) > 0).then(|| self.topics())
    }

    /// One topic or more.
    fn topics(&mut self) -> Vec<String> {
        let first = self.rng.usize(..TOPICS.len());
        let others = (0..TOPICS.len()).filter(|at| *at != first && self.rng.u8(..3) == 0);
        let others: Vec<usize> = others.collect();
        [first]
            .into_iter()
            .chain(others)
            .map(|topic| TOPICS[topic].to_owned())
            .collect()
    }

    /// All of the run.
    async fn live(&mut self) {
        self.note(|world| format!("the plan: {:?}", world.plan));
        for _ in 0..self.plan.actions {
            self.act().await;
            if self.violation.is_some() {
                return;
            }
        }
        self.calm_down().await;
    }

    /// The time since the run began.
    fn now(&self) -> Duration {
        Duration::from_millis((self.clock.millis() - self.began).unsigned_abs())
    }

    fn login(&self, chatter: usize) -> Login {
        Login::parse(&self.chatters[chatter].login).expect("a login of ours")
    }

    /// Writes down what happens.
    fn note(&mut self, what: impl FnOnce(&World) -> String) {
        let text = format!("{:>10.3} s  {}", self.now().as_secs_f64(), what(self));
        if self.history.len() == self.history.capacity() {
            self.history.pop_front();
        }
        self.history.push_back(text);
    }

    fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }

    /// Something is not as it must be. The first such thing counts.
    fn violate(&mut self, what: impl Into<String>) {
        self.violation.get_or_insert(what.into());
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut history = String::new();
        for line in &self.history {
            let _ = writeln!(history, "{line}");
        }
        let Violation { seed, what, .. } = self;
        write!(f, "{history}seed {seed}: {what}\nagain: make simulation SEED={seed}")
    }
}
