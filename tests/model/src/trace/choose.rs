//! The choice of traces: every rule's shortest counterexample, every transition of every scenario, and a random sample.

use super::kinds::{page_kind, server_kind};
use super::names;
use super::page_trace::PageTrace;
use super::page_view::PageView;
use super::server_trace::ServerTrace;
use super::server_view::ServerView;
use super::walk::{self, Projection};
use crate::state::State;
use crate::{
    Action, DROPS, EPOCHS, ISOLATION, LARGE, LOADS, Mistake, PAGES, PAGING, Protocol, RACES, RETRIES, REVOCATION,
    Rules, Scenario, TABS, TOPICS, mistakes, refute,
};
use std::collections::HashSet;
use std::fmt;

/// The traces that were chosen, and why.
#[derive(Clone, Debug)]
pub struct Chosen<T> {
    /// The traces.
    pub traces: Vec<T>,
    /// What was counted, scenario by scenario.
    pub coverage: Vec<Covered>,
}

/// How many transitions a scenario has, and how many traces take all of them.
#[derive(Clone, Debug)]
pub struct Covered {
    /// Name of the scenario.
    pub scenario: &'static str,
    /// Different transitions of this part of the system that the scenario can reach.
    pub transitions: usize,
    /// Traces that together take every one of them.
    pub traces: usize,
}

/// Scenarios in which the pages' part is interesting. (In the others a page is given nothing that it is not given here.)
const OF_PAGES: [Scenario; 8] = [RACES, DROPS, LOADS, TOPICS, RETRIES, PAGING, EPOCHS, TABS];

/// Scenarios in which the functions' part is interesting. Replies of one update each (`PAGING`) are none that the functions
/// give; `LARGE` has those that they do.
const OF_SERVERS: [Scenario; 9] = [
    RACES, DROPS, PAGES, TOPICS, RETRIES, LARGE, EPOCHS, REVOCATION, ISOLATION,
];

/// The traces that are written down, for pages and for the functions: every mistake's shortest counterexample, as it goes when
/// no mistake is made; and the shortest run for each kind of step that these do not have.
pub fn examples() -> (Vec<PageTrace>, Vec<ServerTrace>) {
    let (mut pages, mut servers) = counterexamples();
    for scenario in [RACES, EPOCHS] {
        let runs = page_views(&scenario)
            .into_iter()
            .flat_map(|view| covering(scenario, view, page_trace));
        add_missing_kinds(&mut pages, runs.collect(), |trace| kinds(&trace.steps, page_kind));
    }
    for scenario in [RACES, LARGE, TOPICS] {
        let runs = covering(scenario, ServerView, server_trace);
        add_missing_kinds(&mut servers, runs, |trace| kinds(&trace.steps, server_kind));
    }
    (pages, servers)
}

fn counterexamples() -> (Vec<PageTrace>, Vec<ServerTrace>) {
    let (mut pages, mut servers) = (Vec::new(), Vec::new());
    for mistake in mistakes() {
        let Some(found) = refute(mistake.scenario, mistake.rules, mistake.property) else {
            continue; // then the mistake's own test fails
        };
        pages.extend(without_the_mistake(&mistake, &found.actions, 1, page_views, page_trace));
        // A reply of the functions has room for more updates than the scenario may say.
        let page_size = LARGE.page_size;
        servers.extend(without_the_mistake(
            &mistake,
            &found.actions,
            page_size,
            |_| vec![ServerView],
            server_trace,
        ));
    }
    (pages, servers)
}

/// For pages, every transition of every scenario, and this many random runs of each.
pub fn page_traces(random: usize, seed: u64) -> Chosen<PageTrace> {
    choose(&OF_PAGES, page_views, random, seed, page_trace)
}

/// For the functions, every transition of every scenario, and this many random runs of each.
pub fn server_traces(random: usize, seed: u64) -> Chosen<ServerTrace> {
    choose(&OF_SERVERS, |_| vec![ServerView], random, seed, server_trace)
}

fn page_views(scenario: &Scenario) -> Vec<PageView> {
    (0..scenario.browsers.len())
        .map(|browser| PageView { browser })
        .collect()
}

fn page_trace(protocol: &Protocol, view: &PageView, run: &[Action], why: String) -> PageTrace {
    let scenario = protocol.scenario;
    let tabs = scenario.browsers[view.browser].tabs.iter();
    PageTrace {
        scenario: scenario.name.to_owned(),
        why,
        own_data: scenario.own_data,
        tabs: tabs.map(|tab| names::topics(*tab)).collect(),
        calm: protocol.calm(&end(protocol, run)),
        steps: steps(protocol, view, run),
    }
}

fn server_trace(protocol: &Protocol, view: &ServerView, run: &[Action], why: String) -> ServerTrace {
    ServerTrace {
        scenario: protocol.scenario.name.to_owned(),
        why,
        page_size: protocol.scenario.page_size,
        steps: steps(protocol, view, run),
    }
}

/// The run of a counterexample as each part of the system sees it when all rules are kept.
fn without_the_mistake<P: Projection, T>(
    mistake: &Mistake,
    actions: &[Action],
    smallest_page: usize,
    views: impl Fn(&Scenario) -> Vec<P>,
    trace: impl Fn(&Protocol, &P, &[Action], String) -> T,
) -> Vec<T> {
    let protocol = protocol(Scenario {
        page_size: smallest_page.max(mistake.scenario.page_size),
        ..mistake.scenario
    });
    let trace = |view: P| {
        let run = as_it_should_be(&protocol, &view, actions);
        let why = format!("{}: {}", mistake.rule, mistake.name.replace('_', " "));
        trace(&protocol, &view, &run, why)
    };
    views(&mistake.scenario).into_iter().map(trace).collect()
}

/// Traces that take every transition of a scenario.
fn covering<P: Projection, T>(
    scenario: Scenario,
    view: P,
    trace: impl Fn(&Protocol, &P, &[Action], String) -> T,
) -> Vec<T> {
    let protocol = protocol(scenario);
    let (runs, _) = walk::cover(&protocol, &view);
    let trace = |run: &Vec<Action>| {
        trace(
            &protocol,
            &view,
            run,
            "has a kind of step that no trace before it has".to_owned(),
        )
    };
    runs.iter().map(trace).collect()
}

/// Adds, of these traces, the shortest for each kind of step that is not there yet.
fn add_missing_kinds<T>(to: &mut Vec<T>, mut from: Vec<T>, kinds: impl Fn(&T) -> Vec<String>) {
    let mut known: HashSet<String> = to.iter().flat_map(&kinds).collect();
    from.sort_by_key(|trace| kinds(trace).len());
    for trace in from {
        let of_it = kinds(&trace);
        if of_it.iter().any(|kind| !known.contains(kind)) {
            known.extend(of_it);
            to.push(trace);
        }
    }
}

fn kinds<S>(steps: &[S], kind: impl Fn(&S) -> String) -> Vec<String> {
    steps.iter().map(kind).collect()
}

fn choose<P: Projection, T>(
    scenarios: &[Scenario],
    views: impl Fn(&Scenario) -> Vec<P>,
    random: usize,
    seed: u64,
    trace: impl Fn(&Protocol, &P, &[Action], String) -> T,
) -> Chosen<T> {
    let (mut traces, mut coverage) = (Vec::new(), Vec::new());
    let mut random_numbers = fastrand::Rng::with_seed(seed);
    for scenario in scenarios {
        let protocol = protocol(*scenario);
        for view in views(scenario) {
            let (runs, transitions) = walk::cover(&protocol, &view);
            coverage.push(Covered {
                scenario: scenario.name,
                transitions,
                traces: runs.len(),
            });
            let why = || "takes a transition that no trace before it takes".to_owned();
            traces.extend(runs.iter().map(|run| trace(&protocol, &view, run, why())));
            traces.extend((1..=random).map(|number| {
                let run = random_run(&protocol, &view, &mut random_numbers);
                trace(&protocol, &view, &run, format!("random run {number}, seed {seed}"))
            }));
        }
    }
    Chosen { traces, coverage }
}

fn protocol(scenario: Scenario) -> Protocol {
    Protocol {
        scenario,
        rules: Rules::ALL,
        property: None,
    }
}

fn steps<P: Projection>(protocol: &Protocol, view: &P, run: &[Action]) -> Vec<P::Step> {
    let steps = walk::follow(protocol, view, run).into_iter().map(|(_, step)| step);
    view.join(steps.collect())
}

/// The run of a counterexample with all rules kept: its actions as far as they are possible, and then the system's own steps
/// until it is calm.
fn as_it_should_be(protocol: &Protocol, view: &impl Projection, actions: &[Action]) -> Vec<Action> {
    let mut state = State::new(&protocol.scenario);
    let mut run = Vec::new();
    let mut take = |state: &mut State, action: Action| {
        state.apply(protocol, action.clone());
        run.push(action);
    };
    for action in actions {
        // What the page or the function does at once comes before anything else.
        while let [urgent] = walk::possible(protocol, view, &state).as_slice() {
            if urgent == action {
                break;
            }
            take(&mut state, urgent.clone());
        }
        let possible = walk::possible(protocol, view, &state);
        if let Some(action) = [action, &in_its_place(action)]
            .into_iter()
            .find(|action| possible.contains(action))
        {
            take(&mut state, action.clone());
        }
    }
    while let Some(step) = first_step(protocol, view, &state) {
        take(&mut state, step);
    }
    run
}

/// What happens where the mistake's action does not: a 410 for a young row is early.
fn in_its_place(action: &Action) -> Action {
    match *action {
        Action::PostGone { notify, socket } => Action::PostEarly { notify, socket },
        ref action => action.clone(),
    }
}

fn first_step(protocol: &Protocol, view: &impl Projection, state: &State) -> Option<Action> {
    let mut steps = Vec::new();
    protocol.steps(state, &mut steps);
    steps.into_iter().find(|action| view.allows(protocol, state, action))
}

/// A run until nothing is possible any more.
fn random_run(protocol: &Protocol, view: &impl Projection, random: &mut fastrand::Rng) -> Vec<Action> {
    let mut state = State::new(&protocol.scenario);
    let mut run = Vec::new();
    while let Some(action) = random.choice(walk::possible(protocol, view, &state)) {
        state.apply(protocol, action.clone());
        run.push(action);
    }
    run
}

fn end(protocol: &Protocol, run: &[Action]) -> State {
    run.iter().fold(State::new(&protocol.scenario), |mut state, action| {
        state.apply(protocol, action.clone());
        state
    })
}

impl fmt::Display for Covered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<12} {:>7} transitions in {:>6} traces",
            self.scenario, self.transitions, self.traces
        )
    }
}
