//! One process of a function: it is started, asks for its events one after the other, and is ended.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rustix::process::Signal;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::command::command;
use super::context::HostContext;
use super::invocation::{Failure, Invocation, Outcome, Reply};
use super::log_tail::{self, LoggedEvent};
use super::output::Output;
use super::process_group::ProcessGroup;
use super::queue::{NextEvent, Queue};
use super::runtime_api::{self, Call, NextResponse, PendingNext};
use crate::activity::{Activity, milliseconds_since};
use crate::feeds::Exchange;
use crate::{clock, ids};

/// How long a process with an extension gets between SIGTERM and SIGKILL, as on Lambda.
const GRACE: Duration = Duration::from_millis(500);
/// How long an answer is held back until its process has asked for the next event. Only then is the process idle, and a
/// caller who sends another event at the sight of the answer reuses it, instead of starting a second one. Most
/// processes ask at once.
const TURNAROUND: Duration = Duration::from_millis(50);

/// A running process. One task owns it.
pub(super) struct Process {
    context: Arc<HostContext>,
    queue: Arc<Queue>,
    id: u32,
    child: Child,
    group: ProcessGroup,
    calls: mpsc::Receiver<Call>,
    output: Output,
    has_extension: Arc<AtomicBool>,
    /// Cancelled once its program has changed: it takes no further event.
    outdated: CancellationToken,
    /// Ends the Runtime API with the process.
    _runtime_api: DropGuard,
}

/// Why a process serves no more events.
enum End {
    /// It has exited, or a signal has ended it.
    Exited(ExitStatus),
    /// It has reported that it cannot start.
    InitError(Failure),
    /// The host is being stopped.
    Halted,
}

/// The outcome of an event, and whether its process can take another.
struct Handled {
    outcome: Outcome,
    is_usable: bool,
}

/// Where a process is shortly after its answer.
enum Turnaround {
    /// It has asked for its next event.
    Asked(PendingNext, NextEvent),
    /// It runs, but has not asked yet.
    Busy,
    /// It has ended, or may not go on.
    Ended,
}

/// A process has ended while it was idle, or its program has changed. The event is one that was given to it in the same moment: another has to take
/// it.
struct EndedIdle {
    undelivered: Option<Invocation>,
}

impl Process {
    /// Starts a process, its Runtime API, and what reads its output.
    pub(super) async fn start(
        context: &Arc<HostContext>,
        queue: &Arc<Queue>,
        outdated: CancellationToken,
    ) -> std::io::Result<Process> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let mut child = command(context, &listener.local_addr()?.to_string())?.spawn()?;
        let (Some(id), Some(stdout), Some(stderr)) = (child.id(), child.stdout.take(), child.stderr.take()) else {
            return Err(std::io::Error::other("it ended at once"));
        };
        let ended = CancellationToken::new();
        let name = || Arc::clone(&context.name);
        let (served, calls, has_extension) =
            runtime_api::serve(listener, name(), context.response_bytes, ended.clone());
        context.tasks.spawn(served);
        let (output, read) = Output::read(stdout, stderr, name(), context.feeds.clone());
        context.tasks.spawn(read);
        Ok(Process {
            context: Arc::clone(context),
            queue: Arc::clone(queue),
            id,
            child,
            group: ProcessGroup(id),
            calls,
            output,
            has_extension,
            outdated,
            _runtime_api: ended.drop_guard(),
        })
    }

    /// The operating system's id.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Serves events until the process ends or has to be ended. A process that ends before it asks for its first event
    /// fails that one event: the next event starts another process. Returns an event that this process can no longer
    /// take.
    pub(super) async fn serve(&mut self, first: Invocation) -> Option<Invocation> {
        let started = Instant::now();
        let mut pending = match self.init(&first).await {
            Ok(pending) => pending,
            Err(failure) => {
                self.conclude(first, started, true, Outcome::Failed(failure)).await;
                return None;
            }
        };
        let (mut invocation, mut is_cold) = (first, true);
        loop {
            let started = Instant::now();
            let Handled { outcome, is_usable } = self.handle(pending, &invocation).await;
            let turnaround = if is_usable {
                self.turn_around().await
            } else {
                Turnaround::Ended
            };
            self.conclude(invocation, started, is_cold, outcome).await;
            let (asked, next) = match turnaround {
                Turnaround::Asked(asked, next) => (asked, next),
                Turnaround::Busy => {
                    let asked = self.wait_for_next().await.ok()?;
                    if self.outdated.is_cancelled() {
                        return None;
                    }
                    (asked, self.queue.next())
                }
                Turnaround::Ended => return None,
            };
            (pending, invocation) = match self.wait_for_event(asked, next).await {
                Ok(received) => received,
                Err(EndedIdle { undelivered }) => return undelivered,
            };
            is_cold = false;
            if invocation.request.wants_log {
                // What was printed between two events belongs to neither log.
                self.output.take().await;
            }
        }
    }

    /// Waits until the process asks for its first event, which it has to do within the init time.
    async fn init(&mut self, first: &Invocation) -> Result<PendingNext, Failure> {
        let limit = self.context.init;
        match timeout(limit, self.wait_for_next()).await {
            Ok(Ok(pending)) => Ok(pending),
            Ok(Err(end)) => Err(end.failure(first)),
            Err(_) => Err(timed_out(first, limit, "init timed out")),
        }
    }

    /// Waits for a short time until the process, which has answered, asks for its next event.
    async fn turn_around(&mut self) -> Turnaround {
        match timeout(TURNAROUND, self.wait_for_next()).await {
            Ok(Ok(pending)) if !self.outdated.is_cancelled() => Turnaround::Asked(pending, self.queue.next()),
            Ok(_) => Turnaround::Ended,
            Err(_) => Turnaround::Busy,
        }
    }

    /// Waits until the process asks for an event.
    async fn wait_for_next(&mut self) -> Result<PendingNext, End> {
        let halt = self.context.halt.clone();
        loop {
            tokio::select! {
                biased;
                () = halt.cancelled() => return Err(End::Halted),
                Some(call) = self.calls.recv() => match call {
                    Call::Next(pending) => return Ok(pending),
                    Call::InitError(failure) => return Err(End::InitError(failure)),
                    Call::Answer { accepted, .. } => refuse(accepted),
                },
                status = self.child.wait() => return Err(exited(status)),
            }
        }
    }

    /// Waits for an event for a process that has asked for it.
    async fn wait_for_event(
        &mut self,
        mut pending: PendingNext,
        next: NextEvent,
    ) -> Result<(PendingNext, Invocation), EndedIdle> {
        let mut promised = match next {
            NextEvent::Ready(invocation) => return Ok((pending, *invocation)),
            NextEvent::Promised(promised) => promised,
        };
        let outdated = self.outdated.clone();
        loop {
            tokio::select! {
                biased;
                () = outdated.cancelled() => break,
                asked = self.wait_for_next() => match asked {
                    // It has asked once more: nobody reads the answer to its first request any longer.
                    Ok(newer) => pending = newer,
                    Err(_) => break,
                },
                invocation = &mut promised => {
                    return invocation
                        .map(|invocation| (pending, invocation))
                        .map_err(|_| EndedIdle { undelivered: None });
                }
            }
        }
        promised.close();
        Err(EndedIdle {
            undelivered: promised.try_recv().ok(),
        })
    }

    /// Hands over an event, and waits for the answer, the deadline or the end of the process.
    async fn handle(&mut self, pending: PendingNext, invocation: &Invocation) -> Handled {
        let context = Arc::clone(&self.context);
        let limit = context.function.timeout;
        let deadline = Instant::now() + limit;
        let response = self.next_response(invocation);
        let mut undelivered = pending.send(response).err();
        let mut fault = context.event_fault.decide(&context.name, self.id);
        let end = loop {
            tokio::select! {
                biased;
                () = context.halt.cancelled() => break End::Halted,
                Some(call) = self.calls.recv() => match call {
                    Call::Answer { request_id, answer, accepted } if request_id == invocation.request.request_id => {
                        let _ = accepted.send(true);
                        return Handled {
                            outcome: answer.map_or_else(Outcome::Failed, Outcome::Returned),
                            is_usable: true,
                        };
                    }
                    Call::Answer { accepted, .. } => refuse(accepted),
                    Call::Next(pending) => undelivered = undelivered.and_then(|response| pending.send(response).err()),
                    Call::InitError(failure) => break End::InitError(failure),
                },
                status = self.child.wait() => break exited(status),
                () = happen(&mut fault) => self.group.signal(Signal::KILL),
                () = sleep_until(deadline) => {
                    return Handled {
                        outcome: Outcome::Failed(timed_out(invocation, limit, "timed out")),
                        is_usable: false,
                    };
                }
            }
        };
        Handled {
            outcome: Outcome::Failed(end.failure(invocation)),
            is_usable: false,
        }
    }

    fn next_response(&self, invocation: &Invocation) -> NextResponse {
        let timeout_ms = u64::try_from(self.context.function.timeout.as_millis()).unwrap_or(u64::MAX);
        NextResponse {
            request_id: invocation.request.request_id.clone(),
            deadline_ms: clock::now_ms().saturating_add(timeout_ms),
            arn: self.context.arn.clone(),
            trace_id: format!("{};Parent={:016x};Sampled=0", ids::trace_id(), fastrand::u64(..)),
            client_context: invocation.request.client_context.clone(),
            payload: invocation.request.payload.clone(),
        }
    }

    /// Answers the caller, with the log if it was asked for.
    async fn conclude(&self, invocation: Invocation, started: Instant, is_cold: bool, outcome: Outcome) {
        let request = &invocation.request;
        let log = if request.wants_log {
            let duration = started.elapsed();
            let output = self.output.take().await;
            Some(log_tail::tail(&LoggedEvent {
                request_id: &request.request_id,
                output: &output,
                error: match &outcome {
                    Outcome::Returned(_) => None,
                    Outcome::Failed(failure) => failure.message.as_deref(),
                },
                duration,
                memory_mb: self.context.function.memory_mb,
            }))
        } else {
            None
        };
        conclude(&self.context, invocation, is_cold, outcome, log);
    }

    /// Kills what is left of the process and its children, and reaps it. Returns its exit status, if it had one.
    pub(super) async fn end(mut self) -> Option<i32> {
        if self.has_extension.load(Ordering::Relaxed) {
            self.group.signal(Signal::TERM);
            let _ = timeout(GRACE, self.child.wait()).await;
        }
        self.group.signal(Signal::KILL);
        self.child.wait().await.ok().and_then(|status| status.code())
    }
}

impl End {
    fn failure(self, invocation: &Invocation) -> Failure {
        let reason = match self {
            End::InitError(failure) => return failure,
            End::Halted => return Failure::stopped(),
            End::Exited(status) => match (status.code(), status.signal()) {
                (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
                (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
                (None, Some(9)) => "Runtime exited with error: signal: killed".to_owned(),
                (None, signal) => format!("Runtime exited with error: signal: {}", signal.unwrap_or_default()),
            },
        };
        Failure::new("Runtime.ExitError", &invocation.error(&reason), "exited")
    }
}

/// Waits until a fault happens, once; for ever if there is none.
async fn happen(fault: &mut Option<BoxFuture<'static, ()>>) {
    match fault {
        Some(waiting) => waiting.await,
        None => std::future::pending().await,
    }
    *fault = None;
}

fn exited(status: std::io::Result<ExitStatus>) -> End {
    // The status of our own child can always be read; if it could not, the process would be of no use either.
    status.map_or(End::Halted, End::Exited)
}

fn refuse(accepted: oneshot::Sender<bool>) {
    let _ = accepted.send(false);
}

fn timed_out(invocation: &Invocation, limit: Duration, note: &'static str) -> Failure {
    let message = format!("Task timed out after {:.2} seconds", limit.as_secs_f64());
    Failure::new("Sandbox.Timedout", &invocation.error(&message), note)
}

/// Tells the feeds and the caller what came of an event.
pub(super) fn conclude(
    context: &HostContext,
    invocation: Invocation,
    cold_start: bool,
    outcome: Outcome,
    log: Option<Vec<u8>>,
) {
    let (note, answer) = match &outcome {
        Outcome::Returned(answer) => (None, answer),
        Outcome::Failed(failure) => {
            context.feeds.reason(&context.name, failure.note, &failure.payload);
            (Some(failure.note), &failure.payload)
        }
    };
    let milliseconds = milliseconds_since(invocation.created);
    context.feeds.exchange(|| Exchange {
        time: clock::now_ms(),
        function: Arc::clone(&context.name),
        request_id: invocation.request.request_id.clone(),
        milliseconds,
        cold_start,
        note,
        event: invocation.request.payload.clone(),
        answer: answer.clone(),
    });
    context.feeds.record(Activity::Invocation {
        function: Arc::clone(&context.name),
        milliseconds,
        bytes: invocation.request.payload.len(),
        cold_start,
        note,
    });
    // It fails if the caller has given up waiting, which is no fault of the function's.
    let _ = invocation.caller.send(Reply { outcome, log });
}
