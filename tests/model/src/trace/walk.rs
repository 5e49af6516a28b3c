//! Walks through a scenario's states: all of them, once; or along one run.

use crate::check::fingerprint;
use crate::state::State;
use crate::{Action, Protocol};
use stateright::Model;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;

/// One action of a run, with the states around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transition<'a> {
    pub(super) protocol: &'a Protocol,
    pub(super) before: &'a State,
    pub(super) action: &'a Action,
    pub(super) after: &'a State,
}

/// What one part of the system sees of a run.
pub(super) trait Projection {
    /// A step of its trace.
    type Step: Clone;
    /// What tells two transitions of this part from each other: the part of the state that matters to it, and the step.
    type Key: Eq + Hash;

    /// Whether the shipped code can take this action here. The model leaves some orders open that the code does not.
    fn allows(&self, protocol: &Protocol, state: &State, action: &Action) -> bool;

    /// The steps that an action is to this part: none, if it does not notice it.
    fn steps(&self, transition: &Transition<'_>) -> Vec<Self::Step>;

    /// The key of a transition that is a step.
    fn key(&self, before: &State, step: &Self::Step) -> Self::Key;

    /// The steps of a whole run, where those of its single actions have to be joined.
    fn join(&self, steps: Vec<Self::Step>) -> Vec<Self::Step>;
}

/// Possible actions, of the system itself and of its surroundings, that the code can take.
pub(super) fn possible(protocol: &Protocol, projection: &impl Projection, state: &State) -> Vec<Action> {
    let mut actions = Vec::new();
    protocol.actions(state, &mut actions);
    actions.retain(|action| projection.allows(protocol, state, action));
    actions
}

/// The steps of a run, before they are joined, each with its key.
pub(super) fn follow<P: Projection>(protocol: &Protocol, projection: &P, run: &[Action]) -> Vec<(P::Key, P::Step)> {
    let mut state = State::new(&protocol.scenario);
    let mut steps = Vec::new();
    for action in run {
        let mut after = state.clone();
        after.apply(protocol, action.clone());
        let transition = Transition {
            protocol,
            before: &state,
            action,
            after: &after,
        };
        let taken = projection.steps(&transition);
        steps.extend(taken.into_iter().map(|step| (projection.key(&state, &step), step)));
        state = after;
    }
    steps
}

/// Runs that together take every transition of this part that the scenario can reach, and the number of those. Each begins as
/// the shortest run to a transition that no run takes yet, the deepest first, and goes on to the end by such transitions where
/// there are any.
pub(super) fn cover<P: Projection>(protocol: &Protocol, projection: &P) -> (Vec<Vec<Action>>, usize) {
    let mut search = Search::new(protocol, projection);
    search.run();
    let Search { parents, reached, .. } = search;
    let total = reached.len();
    let mut covered = HashSet::new();
    let mut runs = Vec::new();
    for (key, (state, action)) in reached.into_iter().rev() {
        if covered.contains(&key) {
            continue;
        }
        let mut run = path(&parents, state);
        run.push(action);
        covered.extend(
            follow(protocol, projection, &run)
                .into_iter()
                .map(|(key, _)| hash(&key)),
        );
        go_on(protocol, projection, &mut run, &mut covered);
        runs.push(run);
    }
    (runs, total)
}

/// Goes on with a run until nothing is possible: by an action that is a transition not taken yet, or else by the first.
fn go_on<P: Projection>(protocol: &Protocol, projection: &P, run: &mut Vec<Action>, covered: &mut HashSet<u64>) {
    let mut state = run.iter().fold(State::new(&protocol.scenario), |mut state, action| {
        state.apply(protocol, action.clone());
        state
    });
    loop {
        let taken = |action: &Action| {
            let mut after = state.clone();
            after.apply(protocol, action.clone());
            let transition = Transition {
                protocol,
                before: &state,
                action,
                after: &after,
            };
            let steps = projection.steps(&transition);
            let keys: Vec<u64> = steps.iter().map(|step| hash(&projection.key(&state, step))).collect();
            (keys, after)
        };
        let actions = possible(protocol, projection, &state);
        let is_new = |action: &&Action| taken(action).0.iter().any(|key| !covered.contains(key));
        let Some(action) = actions.iter().find(is_new).or(actions.first()) else {
            return;
        };
        let (keys, after) = taken(action);
        covered.extend(keys);
        run.push(action.clone());
        state = after;
    }
}

struct Search<'a, P: Projection> {
    protocol: &'a Protocol,
    projection: &'a P,
    /// By state: the state before it, and the action between.
    parents: HashMap<u64, Option<(u64, Action)>>,
    /// Each transition of the part, with the state and the action by which it was first reached, in that order.
    reached: Vec<(u64, (u64, Action))>,
    seen: HashSet<u64>,
}

impl<'a, P: Projection> Search<'a, P> {
    fn new(protocol: &'a Protocol, projection: &'a P) -> Self {
        Search {
            protocol,
            projection,
            parents: HashMap::new(),
            reached: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// Breadth first.
    fn run(&mut self) {
        let first = State::new(&self.protocol.scenario);
        self.parents.insert(fingerprint(&first), None);
        let mut queue = VecDeque::from([first]);
        while let Some(before) = queue.pop_front() {
            let id = fingerprint(&before);
            for action in possible(self.protocol, self.projection, &before) {
                let mut after = before.clone();
                after.apply(self.protocol, action.clone());
                self.note(id, &before, &action, &after);
                let next = fingerprint(&after);
                if self.protocol.within_boundary(&after) && !self.parents.contains_key(&next) {
                    self.parents.insert(next, Some((id, action)));
                    queue.push_back(after);
                }
            }
        }
    }

    fn note(&mut self, id: u64, before: &State, action: &Action, after: &State) {
        let transition = Transition {
            protocol: self.protocol,
            before,
            action,
            after,
        };
        for step in self.projection.steps(&transition) {
            let key = hash(&self.projection.key(before, &step));
            if self.seen.insert(key) {
                self.reached.push((key, (id, action.clone())));
            }
        }
    }
}

fn hash(key: &impl Hash) -> u64 {
    fingerprint(key)
}

fn path(parents: &HashMap<u64, Option<(u64, Action)>>, mut state: u64) -> Vec<Action> {
    let mut actions = Vec::new();
    while let Some(Some((before, action))) = parents.get(&state) {
        actions.push(action.clone());
        state = *before;
    }
    actions.reverse();
    actions
}
