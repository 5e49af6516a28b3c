//! Invocations with a clock each, which stands still while the others' time passes: the model has no time, so how long one of them
//! waits must not use up another's time-outs.

use simulation::{Clock, Outcome, Wire};
use std::{collections::BTreeMap, time::Duration};
use tokio::runtime::{Builder, Runtime};

/// The invocations under way.
#[derive(Debug)]
pub(crate) struct Invocations {
    wire: Wire,
    running: BTreeMap<usize, Alone>,
    next: usize,
}

/// One invocation, in a runtime of its own, whose clock is paused.
#[derive(Debug)]
struct Alone {
    invocation: simulation::Invocations<Outcome>,
    clock: Clock,
    runtime: Runtime,
}

impl Invocations {
    /// None under way.
    pub(crate) fn new(wire: Wire) -> Invocations {
        Invocations {
            wire,
            running: BTreeMap::new(),
            next: 0,
        }
    }

    /// Begins an invocation. It does nothing yet.
    pub(crate) fn start(&mut self, function: impl Future<Output = Outcome> + 'static) -> usize {
        let id = self.next;
        self.next += 1;
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.unwrap();
        let clock = {
            let _in_it = runtime.enter();
            Clock::new()
        };
        let mut invocation = simulation::Invocations::new(self.wire.clone(), clock).numbered_from(id);
        invocation.start(0, function);
        self.running.insert(
            id,
            Alone {
                invocation,
                clock,
                runtime,
            },
        );
        id
    }

    /// Lets an invocation go on until it waits for an answer or for time to pass; returns its result if it has ended.
    pub(crate) fn run(&mut self, id: usize) -> Option<Outcome> {
        self.go_on(id, simulation::Invocations::run)
    }

    /// Lets an invocation go on even if nothing has woken it.
    pub(crate) fn resume(&mut self, id: usize) -> Option<Outcome> {
        self.go_on(id, simulation::Invocations::resume)
    }

    fn go_on(
        &mut self,
        id: usize,
        how: impl Fn(&mut simulation::Invocations<Outcome>, usize) -> Option<Outcome>,
    ) -> Option<Outcome> {
        let alone = self.running.get_mut(&id)?;
        let _in_it = alone.runtime.enter();
        how(&mut alone.invocation, id)
    }

    /// Kills an invocation where it is.
    pub(crate) fn kill(&mut self, id: usize) {
        self.running.remove(&id);
    }

    /// Lets an invocation's time pass, for this long at most, until it can go on, and says whether it can.
    pub(crate) fn wait_for(&self, id: usize, at_most: Duration) -> bool {
        let Alone {
            invocation, runtime, ..
        } = &self.running[&id];
        runtime.block_on(invocation.wait_for(id, at_most))
    }

    /// Lets so much of an invocation's time pass.
    pub(crate) fn advance(&self, id: usize, by: Duration) {
        self.running[&id].runtime.block_on(tokio::time::advance(by));
    }

    /// The time of an invocation, in milliseconds since 1970.
    pub(crate) fn millis(&self, id: usize) -> i64 {
        let Alone { clock, runtime, .. } = &self.running[&id];
        let _in_it = runtime.enter();
        clock.millis()
    }
}
