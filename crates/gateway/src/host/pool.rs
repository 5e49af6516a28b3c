//! The processes of one function. An event goes to an idle process, or starts one, or waits; the [`Queue`] decides
//! which.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use super::context::HostContext;
use super::invocation::{Failure, Invocation, Outcome, Reply, Request};
use super::process::{self, Process};
use super::process_group;
use super::queue::Queue;
use crate::activity::Activity;
use crate::lock::lock;

/// The processes of one function, and the events that wait for one.
#[derive(Debug)]
pub(crate) struct Pool {
    context: Arc<HostContext>,
    queue: Arc<Queue>,
    process_ids: Mutex<BTreeSet<u32>>,
    /// Cancelled, and replaced, when the function's program has changed.
    outdated: Mutex<CancellationToken>,
}

impl Pool {
    pub(super) fn new(context: HostContext) -> Arc<Pool> {
        Arc::new(Pool {
            queue: Arc::new(Queue::new(context.function.max_processes)),
            context: Arc::new(context),
            process_ids: Mutex::default(),
            outdated: Mutex::default(),
        })
    }

    /// Ends the idle processes now, and the busy ones after their event: the next event starts the program anew.
    pub(crate) fn renew(&self) {
        std::mem::take(&mut *lock(&self.outdated)).cancel();
    }

    /// The function's name.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.context.name
    }

    /// Gives the function an event and waits for its outcome. There is no time limit but the function's own; a caller
    /// who gives up earlier does not stop the function.
    pub(crate) async fn invoke(self: &Arc<Self>, request: Request) -> Reply {
        let (invocation, reply) = Invocation::new(request);
        self.dispatch(invocation);
        reply.await.unwrap_or_else(|_| Reply {
            outcome: Outcome::Failed(Failure::stopped()),
            log: None,
        })
    }

    /// The operating system's ids of the live processes, ascending.
    pub(crate) fn process_ids(&self) -> Vec<u32> {
        lock(&self.process_ids).iter().copied().collect()
    }

    /// Kills a process and its children. `false` if it has ended meanwhile.
    pub(crate) fn kill(&self, process_id: u32) -> bool {
        let is_alive = lock(&self.process_ids).contains(&process_id);
        if is_alive {
            process_group::kill(process_id);
        }
        is_alive
    }

    fn dispatch(self: &Arc<Self>, invocation: Invocation) {
        if let Some(invocation) = self.queue.put(invocation) {
            self.start(invocation);
        }
    }

    fn start(self: &Arc<Self>, first: Invocation) {
        self.context.tasks.spawn(Arc::clone(self).run_process(first));
    }

    /// One process, from its start to its end. If events wait then, another takes its place.
    async fn run_process(self: Arc<Self>, first: Invocation) {
        let outdated = lock(&self.outdated).clone();
        match Process::start(&self.context, &self.queue, outdated).await {
            Ok(process) => self.serve(process, first).await,
            Err(error) => {
                let message = first.error(&format!("the process could not be started: {error}"));
                let failure = Failure::new("Runtime.InvalidEntrypoint", &message, "could not be started");
                process::conclude(&self.context, first, true, Outcome::Failed(failure), None);
            }
        }
        if self.context.halt.is_cancelled() {
            self.queue.clear();
        }
        if let Some(invocation) = self.queue.worker_ended() {
            self.start(invocation);
        }
    }

    async fn serve(self: &Arc<Self>, mut process: Process, first: Invocation) {
        let (function, process_id) = (&self.context.name, process.id());
        lock(&self.process_ids).insert(process_id);
        self.context.feeds.record(Activity::ProcessStart {
            function: Arc::clone(function),
            process_id,
        });
        if let Some(undelivered) = process.serve(first).await {
            self.dispatch(undelivered);
        }
        let exit_status = process.end().await;
        lock(&self.process_ids).remove(&process_id);
        self.context.feeds.record(Activity::ProcessExit {
            function: Arc::clone(function),
            exit_status,
            process_id,
        });
    }
}
