//! The protocol of Chatterbox as a state machine, small enough that a model checker can walk through all of it.
//!
//! # How to read it
//!
//! `state.rs` is the state: the tables, the gateway's sockets, the invocations of `notify` in flight, and each page's
//! memory. `action.rs` lists the atomic actions and says when each is possible: those that the system takes by itself
//! (*steps*), and those that its surroundings may or may not take (*chances*: an update comes, a socket dies, a post
//! fails). The [`Scenario`] limits how often each chance is taken; steps have no limit. `connection.rs`, `notify.rs`
//! and `page.rs` are the three parts of the protocol itself. [`Rules`] are the rules of `docs/protocol.md`, by its
//! numbers, each of which can be switched off.
//!
//! # What is checked
//!
//! In every state that can be reached: a recorded update stays in the log until a newer one of its topic replaces it
//! (*kept*), and has one version only (*once*); an open socket has its row (*listed*); a page never sees another
//! login's update (*isolated*); a revoked chatter ID has no row and in the end no socket (*revoked*); and pages do not
//! reconnect without end (*settles*).
//!
//! And the promise itself (*seen*): **in every calm state each page shows the newest update of each of its topics.** A
//! state is calm when no step is possible. That is a liveness property in the form of a safety property: the graph of
//! states is finite and has no cycle (which [`cycle`] checks), so every run reaches a calm state if possible steps are
//! taken sooner or later and the chances are used up. No other assumption is made about order, timing or fairness.
//!
//! The periodic sync is a step only for a page to which a post failed or whose row was pruned. At all other times it is
//! a chance (`NeedlessSync`), on which nothing depends. So the result is stronger than "the next periodic sync mends
//! it": **without a failed post a page never has to wait for one.**
//!
//! # What is simplified
//!
//! Time is not modelled, only the order of events. A post is one step, since a slow post has the effect of one that is
//! sent late. A row is young while its `$connect` runs (60 s is more than 10 s), and of any age after. Of a sync's
//! number `n` only the purpose is modelled: whether the sync is the newest of its page. A deferral, a killed function
//! and a redelivery are the same action: the event is handled again from the start, with the same id. Not modelled: the
//! limit of sockets of a login, and the change-over to a new socket before the two hours are over (a page with two
//! sockets receives no less than one with one).

mod action;
mod apply;
mod check;
mod connection;
mod mistakes;
mod notify;
mod page;
mod properties;
mod rules;
mod scenario;
mod state;
mod topics;
pub mod trace;

use stateright::{Model, Property};

pub use action::Action;
pub use check::{Counterexample, Coverage, cover, cycle, refute};
pub use mistakes::{Mistake, mistakes};
pub use rules::Rules;
pub use scenario::{
    DROPS, EPOCHS, ISOLATION, LARGE, LOADS, NO_TIME, ONE_INSTANT, PAGES, PAGING, RACES, RETRIES, REVOCATION, Scenario,
    TABS, TOPICS,
};
pub use state::State;

/// The protocol in one scenario, with the rules that are kept, and the property of interest (all of them, if none is
/// named).
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    pub(crate) scenario: Scenario,
    pub(crate) rules: Rules,
    pub(crate) property: Option<&'static str>,
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(&self.scenario)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.steps(state, actions);
        self.chances(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        next.apply(self, action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = properties::all();
        properties.retain(|property| self.property.is_none_or(|name| name == property.name));
        properties
    }

    /// The search stops at one connection more than is ever allowed, which is enough to break the property *settles*.
    fn within_boundary(&self, state: &State) -> bool {
        state.connections.len() <= self.most_connections() + 1
    }
}

impl Protocol {
    /// Whether no step is possible.
    pub(crate) fn calm(&self, state: &State) -> bool {
        let mut steps = Vec::new();
        self.steps(state, &mut steps);
        steps.is_empty()
    }

    pub(crate) fn login(&self, connection: &state::Connection) -> usize {
        self.scenario.browsers[connection.browser].login
    }

    /// The `at` of an update: when it happened.
    pub(crate) fn at(&self, update: usize) -> u8 {
        self.scenario.updates[update].at
    }

    /// Whether the connection is of the chatter ID that the scenario may revoke.
    pub(crate) fn revocable(&self, connection: &state::Connection) -> bool {
        self.scenario.chances.revocations > 0 && self.scenario.browsers[connection.browser].chatter == 0
    }

    /// Most connections that the browsers may open: one each, and one more for each chance that costs a browser its
    /// socket.
    pub(crate) fn most_connections(&self) -> usize {
        let browsers = self.scenario.browsers;
        let chances = &self.scenario.chances;
        let revoked = browsers
            .iter()
            .filter(|browser| browser.chatter == 0 && chances.revocations > 0)
            .count();
        browsers.len() + usize::from(chances.drops + chances.tab_changes + chances.snoops) + revoked
    }
}
