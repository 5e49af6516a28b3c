//! Calls of the model checker.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};

use stateright::{Checker, HasDiscoveries, Model};

use crate::{Action, Protocol, Rules, Scenario, State};

/// Extent of an exhaustive check.
#[derive(Clone, Copy, Debug)]
pub struct Coverage {
    /// Number of different states.
    pub states: usize,
    /// Greatest number of actions after which a state was first reached.
    pub depth: usize,
}

/// The shortest run to a state in which a property does not hold.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// Name of the property.
    pub property: &'static str,
    /// The actions of the run.
    pub actions: Vec<Action>,
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is broken after {} steps:", self.property, self.actions.len())?;
        self.actions
            .iter()
            .enumerate()
            .try_for_each(|(at, action)| writeln!(f, "  {:2}. {action:?}", at + 1))
    }
}

/// Checks every property in every state that the scenario can reach with these rules.
///
/// # Errors
/// The counterexample to a property that does not hold, or the name of a `sometimes` property that holds in no state.
pub fn cover(scenario: Scenario, rules: Rules) -> Result<Coverage, String> {
    let protocol = Protocol {
        scenario,
        rules,
        property: None,
    };
    let checker = protocol
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let mut found = checker.discoveries();
    for property in protocol.properties() {
        match (found.remove(property.name), property.expectation.discovery_is_failure()) {
            (Some(path), true) => {
                return Err(Counterexample {
                    property: property.name,
                    actions: path.into_actions(),
                }
                .to_string());
            }
            (None, false) => return Err(format!("in no state \"{}\" holds", property.name)),
            _ => {}
        }
    }
    Ok(Coverage {
        states: checker.unique_state_count(),
        depth: checker.max_depth() - 1,
    })
}

/// The shortest run that breaks one property; `None` if the property holds in every state that can be reached.
pub fn refute(scenario: Scenario, rules: Rules, property: &'static str) -> Option<Counterexample> {
    let protocol = Protocol {
        scenario,
        rules,
        property: Some(property),
    };
    let path = protocol.checker().spawn_bfs().join().discovery(property)?;
    Some(Counterexample {
        property,
        actions: path.into_actions(),
    })
}

/// A state that can be reached from itself; `None` if there is no such state, so that every run ends.
pub fn cycle(scenario: Scenario, rules: Rules) -> Option<State> {
    let protocol = Protocol {
        scenario,
        rules,
        property: None,
    };
    let next = |state: &State| {
        let mut states = protocol.next_states(state);
        states.retain(|next| protocol.within_boundary(next));
        states
    };
    let mut left = HashMap::new(); // by state: whether the search has left it again
    let mut path: Vec<(u64, Vec<State>)> = Vec::new();
    let mut entered = protocol.init_states().pop();
    loop {
        if let Some(state) = entered.take() {
            let id = fingerprint(&state);
            match left.get(&id) {
                Some(false) => return Some(state),
                Some(true) => {}
                None => {
                    left.insert(id, false);
                    path.push((id, next(&state)));
                }
            }
        }
        let (id, states) = path.last_mut()?;
        entered = states.pop();
        if entered.is_none() {
            left.insert(*id, true);
            path.pop();
        }
    }
}

pub(crate) fn fingerprint(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
