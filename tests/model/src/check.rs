//! Running the checker.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};

use stateright::{Checker, HasDiscoveries, Model};

use crate::{Action, Protocol, Rules, Scenario, State};

/// What an exhaustive check walked through.
#[derive(Clone, Copy, Debug)]
pub struct Coverage {
    /// Different states.
    pub states: usize,
    /// The longest of the runs by which they were first reached, in steps.
    pub depth: usize,
}

/// The shortest run that ends in a state that must not be.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// The property that is broken there.
    pub property: &'static str,
    /// What happened.
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
/// The counterexample to a property that does not hold, or the name of a `sometimes` property of which there is no example.
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
            (None, false) => return Err(format!("no example of {}", property.name)),
            _ => {}
        }
    }
    Ok(Coverage {
        states: checker.unique_state_count(),
        depth: checker.max_depth() - 1,
    })
}

/// Looks for the shortest run that breaks one property; none if it holds in every state that can be reached.
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

/// Looks for a state that can be reached from itself: without one, every run ends.
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

fn fingerprint(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}
