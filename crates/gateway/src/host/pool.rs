//! The processes of one function. An event goes to an idle process, or starts one, or waits.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Failure, Invocation, Outcome, Reply, Request, process};
use crate::activity::Feeds;
use crate::config::Function;
use crate::faults::injector::Injector;

/// The processes of one function, and the events that wait for one.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) setting: Setting,
    state: Mutex<State>,
}

/// What a pool and its processes need to know.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: Arc<str>,
    pub(crate) function: Function,
    pub(crate) arn: String,
    pub(crate) region: String,
    /// Variables that say where the API is.
    pub(crate) endpoint: Vec<(&'static str, OsString)>,
    /// How long a process may take to ask for its first event.
    pub(crate) init: Duration,
    /// The largest reply.
    pub(crate) response_bytes: usize,
    pub(crate) feeds: Feeds,
    pub(crate) injector: Arc<Injector>,
    /// All tasks of the gateway: it has stopped when they have ended.
    pub(crate) tasks: TaskTracker,
    /// Ends every process.
    pub(crate) halt: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Invocation>,
    /// Processes that have asked for an event, the one that asked last at the end: it is the warmest.
    idle: Vec<oneshot::Sender<Invocation>>,
    /// Processes that are alive or being started.
    processes: usize,
    process_ids: BTreeSet<u32>,
}

impl Pool {
    pub(crate) fn new(setting: Setting) -> Arc<Pool> {
        Arc::new(Pool {
            setting,
            state: Mutex::default(),
        })
    }

    /// Gives the function an event and waits for what comes of it. There is no time limit but the function's own; a
    /// caller who gives up earlier does not stop the function.
    pub(crate) async fn invoke(self: &Arc<Self>, request: Request) -> Reply {
        let (caller, reply) = oneshot::channel();
        self.dispatch(Invocation {
            request,
            created: Instant::now(),
            caller,
        });
        reply.await.unwrap_or_else(|_| Reply {
            outcome: Outcome::Failed(Failure::stopped()),
            log: None,
        })
    }

    pub(crate) fn process_ids(&self) -> Vec<u32> {
        self.state().process_ids.iter().copied().collect()
    }

    /// Kills a process, unless it has ended meanwhile.
    pub(crate) fn kill(&self, process_id: u32) -> bool {
        let is_alive = self.state().process_ids.contains(&process_id);
        if is_alive {
            process::kill(process_id);
        }
        is_alive
    }

    pub(super) fn dispatch(self: &Arc<Self>, mut invocation: Invocation) {
        let mut state = self.state();
        while let Some(process) = state.idle.pop() {
            match process.send(invocation) {
                Ok(()) => return,
                // That process has ended since it asked.
                Err(returned) => invocation = returned,
            }
        }
        if state.processes < self.setting.function.max_processes {
            self.start(&mut state, invocation);
        } else {
            state.waiting.push_back(invocation);
        }
    }

    /// What a process that has asked for an event gets: one that waits, or the promise of the next.
    pub(super) fn next(&self) -> Next {
        let mut state = self.state();
        if let Some(invocation) = state.next_waiting() {
            return Next::Now(Box::new(invocation));
        }
        let (process, invocation) = oneshot::channel();
        // Processes that ended while idle leave their closed channels behind.
        state.idle.retain(|idle| !idle.is_closed());
        state.idle.push(process);
        Next::Later(invocation)
    }

    pub(super) fn started(&self, process_id: u32) {
        self.state().process_ids.insert(process_id);
    }

    /// A process has ended. If events wait, another takes its place.
    pub(super) fn ended(self: &Arc<Self>, process_id: Option<u32>) {
        let mut state = self.state();
        state.processes -= 1;
        if let Some(process_id) = process_id {
            state.process_ids.remove(&process_id);
        }
        if self.setting.halt.is_cancelled() {
            state.waiting.clear();
        } else if let Some(invocation) = state.next_waiting() {
            self.start(&mut state, invocation);
        }
    }

    fn start(self: &Arc<Self>, state: &mut State, invocation: Invocation) {
        state.processes += 1;
        self.setting.tasks.spawn(process::run(Arc::clone(self), invocation));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// See [`Pool::next`].
pub(super) enum Next {
    Now(Box<Invocation>),
    Later(oneshot::Receiver<Invocation>),
}

impl State {
    /// The next event whose caller still waits for its outcome.
    fn next_waiting(&mut self) -> Option<Invocation> {
        while let Some(invocation) = self.waiting.pop_front() {
            if !invocation.caller.is_closed() {
                return Some(invocation);
            }
        }
        None
    }
}
