//! One process of a function, from its start to its end. One task looks after it, and serves it one event at a time.

use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::command::command;
use super::output::Output;
use super::pool::{Next, Pool, Setting};
use super::runtime_api::{self, Call, Delivery};
use super::{Failure, Invocation, Outcome, Reply, log_tail};
use crate::activity::{Activity, Kind};
use crate::{clock, ids};

/// How long a process with an extension gets between SIGTERM and SIGKILL, as on Lambda.
const GRACE: Duration = Duration::from_millis(500);
/// How long an answer waits for its process to ask for the next event. A Lambda sandbox is free only when it has asked,
/// and most ask at once.
const TURNAROUND: Duration = Duration::from_millis(50);

/// Starts a process for an event, serves it and those after it, and sees the process off.
pub(super) async fn run(pool: Arc<Pool>, first: Invocation) {
    let process_id = match Process::start(&pool).await {
        Ok(mut process) => {
            let process_id = process.id;
            process.serve(first).await;
            process.end().await;
            Some(process_id)
        }
        Err(error) => {
            let message = format!(
                "RequestId: {} Error: the process could not be started: {error}",
                first.request.request_id
            );
            let failure = Failure::new("Runtime.InvalidEntrypoint", &message, "could not be started");
            conclude(&pool, first, true, Outcome::Failed(failure), None);
            None
        }
    };
    pool.ended(process_id);
}

struct Process {
    pool: Arc<Pool>,
    id: u32,
    child: Child,
    group: Group,
    calls: mpsc::Receiver<Call>,
    output: Output,
    has_extension: Arc<AtomicBool>,
    /// Ends the Runtime API with the process.
    _ended: DropGuard,
}

/// Why a process serves no more events.
enum End {
    Exited(ExitStatus),
    InitError(Failure),
    Halted,
}

/// A request for an event that is held open.
type Park = oneshot::Sender<Delivery>;

impl Process {
    async fn start(pool: &Arc<Pool>) -> std::io::Result<Process> {
        let setting = &pool.setting;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let mut child = command(setting, &listener.local_addr()?.to_string())?.spawn()?;
        let (Some(id), Some(stdout), Some(stderr)) = (child.id(), child.stdout.take(), child.stderr.take()) else {
            return Err(std::io::Error::other("it ended at once"));
        };
        pool.started(id);
        setting.feeds.record(activity(setting, Kind::ProcessStart, id));
        let ended = CancellationToken::new();
        let (served, calls, has_extension) = runtime_api::serve(
            listener,
            Arc::clone(&setting.name),
            setting.response_bytes,
            ended.clone(),
        );
        setting.tasks.spawn(served);
        let (output, read) = Output::read(stdout, stderr, Arc::clone(&setting.name), setting.feeds.clone());
        setting.tasks.spawn(read);
        Ok(Process {
            pool: Arc::clone(pool),
            id,
            child,
            group: Group(id),
            calls,
            output,
            has_extension,
            _ended: ended.drop_guard(),
        })
    }

    /// Serves events until the process ends or has to be ended. A process that ends before it asks for its first event
    /// fails that one event: the next event starts another process.
    async fn serve(&mut self, first: Invocation) {
        let init = self.pool.setting.init;
        let mut started = Instant::now();
        let mut park = match timeout(init, self.asked()).await {
            Ok(Ok(park)) => park,
            Ok(Err(end)) => {
                let failure = end.failure(&first);
                return self.conclude(first, started, true, Outcome::Failed(failure)).await;
            }
            Err(_) => {
                let failure = timed_out(&first, init, "init timed out");
                return self.conclude(first, started, true, Outcome::Failed(failure)).await;
            }
        };
        let (mut invocation, mut is_cold) = (first, true);
        loop {
            started = Instant::now();
            let (outcome, goes_on) = self.handle(park, &invocation).await;
            // Whoever calls again at the sight of the answer shall find this process, and not start another.
            let asked = if goes_on {
                timeout(TURNAROUND, self.asked()).await.ok()
            } else {
                Some(Err(End::Halted))
            };
            let promised = matches!(asked, Some(Ok(_))).then(|| self.pool.next());
            self.conclude(invocation, started, is_cold, outcome).await;
            let asked = match asked {
                Some(asked) => asked,
                None => self.asked().await,
            };
            let Ok(again) = asked else { return };
            let promised = promised.unwrap_or_else(|| self.pool.next());
            let Some(next) = self.next(again, promised).await else {
                return;
            };
            (park, invocation) = next;
            is_cold = false;
            if invocation.request.wants_log {
                // What was printed since the last event is not of this one.
                self.output.take().await;
            }
        }
    }

    /// Waits until the process asks for an event.
    async fn asked(&mut self) -> Result<Park, End> {
        let halt = self.pool.setting.halt.clone();
        loop {
            tokio::select! {
                biased;
                () = halt.cancelled() => return Err(End::Halted),
                Some(call) = self.calls.recv() => match call {
                    Call::Next(park) => return Ok(park),
                    Call::InitError(failure) => return Err(End::InitError(failure)),
                    Call::Answer { accepted, .. } => refuse(accepted),
                },
                status = self.child.wait() => return Err(exited(status)),
            }
        }
    }

    /// Waits for the event that the pool has promised.
    async fn next(&mut self, mut park: Park, promised: Next) -> Option<(Park, Invocation)> {
        let mut later = match promised {
            Next::Now(invocation) => return Some((park, *invocation)),
            Next::Later(later) => later,
        };
        loop {
            tokio::select! {
                biased;
                asked = self.asked() => match asked {
                    // It asked again: the request that was held is dead.
                    Ok(again) => park = again,
                    Err(_) => break,
                },
                invocation = &mut later => return invocation.ok().map(|invocation| (park, invocation)),
            }
        }
        // An event that was promised to this process in the moment it ended goes to another.
        later.close();
        if let Ok(invocation) = later.try_recv() {
            self.pool.dispatch(invocation);
        }
        None
    }

    /// Hands over an event and waits for the answer, the deadline or the end. Says whether the process may go on.
    async fn handle(&mut self, park: Park, invocation: &Invocation) -> (Outcome, bool) {
        let setting = &self.pool.setting;
        let limit = setting.function.timeout;
        let deadline = Instant::now() + limit;
        let delivery = Delivery {
            request_id: invocation.request.request_id.clone(),
            deadline_ms: clock::now_ms().saturating_add(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)),
            arn: setting.arn.clone(),
            trace_id: format!("{};Parent={:016x};Sampled=0", ids::trace_id(), fastrand::u64(..)),
            client_context: invocation.request.client_context.clone(),
            payload: invocation.request.payload.clone(),
        };
        let mut undelivered = park.send(delivery).err();
        let mut doom = setting.injector.doom().map(|life| Instant::now() + life);
        let halt = setting.halt.clone();
        let end = loop {
            tokio::select! {
                biased;
                () = halt.cancelled() => break End::Halted,
                Some(call) = self.calls.recv() => match call {
                    Call::Answer { request_id, answer, accepted } if request_id == invocation.request.request_id => {
                        let _ = accepted.send(true);
                        return (answer.map_or_else(Outcome::Failed, Outcome::Returned), true);
                    }
                    Call::Answer { accepted, .. } => refuse(accepted),
                    Call::Next(park) => undelivered = undelivered.and_then(|delivery| park.send(delivery).err()),
                    Call::InitError(failure) => break End::InitError(failure),
                },
                status = self.child.wait() => break exited(status),
                () = sleep_until(doom.unwrap_or(deadline)), if doom.is_some() => {
                    doom = None;
                    self.group.signal(Signal::KILL);
                    setting.injector.killed(&setting.name, self.id);
                }
                () = sleep_until(deadline) => {
                    return (Outcome::Failed(timed_out(invocation, limit, "timed out")), false);
                }
            }
        };
        (Outcome::Failed(end.failure(invocation)), false)
    }

    /// Tells the caller, with the log if it was asked for.
    async fn conclude(&self, invocation: Invocation, started: Instant, is_cold: bool, outcome: Outcome) {
        let request = &invocation.request;
        let log = if request.wants_log {
            let duration = started.elapsed();
            let output = self.output.take().await;
            Some(log_tail::tail(&log_tail::Entry {
                request_id: &request.request_id,
                output: &output,
                error: match &outcome {
                    Outcome::Returned(_) => None,
                    Outcome::Failed(failure) => failure.message.as_deref(),
                },
                duration,
                memory_mb: self.pool.setting.function.memory_mb,
            }))
        } else {
            None
        };
        conclude(&self.pool, invocation, is_cold, outcome, log);
    }

    /// Kills what is left of the process and its children, and reaps it.
    async fn end(mut self) {
        if self.has_extension.load(Ordering::Relaxed) {
            self.group.signal(Signal::TERM);
            let _ = timeout(GRACE, self.child.wait()).await;
        }
        self.group.signal(Signal::KILL);
        let status = self.child.wait().await.ok().and_then(|status| status.code());
        let setting = &self.pool.setting;
        setting.feeds.record(Activity {
            status,
            ..activity(setting, Kind::ProcessExit, self.id)
        });
    }
}

impl End {
    fn failure(self, invocation: &Invocation) -> Failure {
        let reason = match self {
            End::InitError(failure) => return failure,
            End::Halted => return Failure::stopped(),
            End::Exited(status) => match (status.code(), std::os::unix::process::ExitStatusExt::signal(&status)) {
                (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
                (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
                (None, Some(9)) => "Runtime exited with error: signal: killed".to_owned(),
                (None, signal) => format!("Runtime exited with error: signal: {}", signal.unwrap_or_default()),
            },
        };
        Failure::new(
            "Runtime.ExitError",
            &format!("RequestId: {} Error: {reason}", invocation.request.request_id),
            "exited",
        )
    }
}

/// Kills a process and its children.
pub(super) fn kill(process_id: u32) {
    signal_group(process_id, Signal::KILL);
}

fn signal_group(id: u32, signal: Signal) {
    if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // It may have gone already, which is what was wanted.
        let _ = kill_process_group(group, signal);
    }
}

/// A process group. However the task that owns it ends, nothing of the group is left.
struct Group(u32);

impl Group {
    fn signal(&self, signal: Signal) {
        signal_group(self.0, signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

fn exited(status: std::io::Result<ExitStatus>) -> End {
    // The status of a child of ours can always be had; should it not, the process is of no more use either.
    status.map_or(End::Halted, End::Exited)
}

fn refuse(accepted: oneshot::Sender<bool>) {
    let _ = accepted.send(false);
}

fn timed_out(invocation: &Invocation, limit: Duration, note: &'static str) -> Failure {
    let message = format!(
        "RequestId: {} Error: Task timed out after {:.2} seconds",
        invocation.request.request_id,
        limit.as_secs_f64()
    );
    Failure::new("Sandbox.Timedout", &message, note)
}

/// Tells the feed and the caller what came of an event.
fn conclude(pool: &Pool, invocation: Invocation, is_cold: bool, outcome: Outcome, log: Option<Vec<u8>>) {
    let setting = &pool.setting;
    let note = match &outcome {
        Outcome::Returned(_) => None,
        Outcome::Failed(failure) => {
            setting.feeds.reason(&setting.name, failure.note, &failure.payload);
            Some(failure.note)
        }
    };
    setting.feeds.record(Activity {
        function: Some(Arc::clone(&setting.name)),
        cold_start: Some(is_cold),
        ..Activity::new(Kind::Invocation)
            .since(invocation.created)
            .bytes(invocation.request.payload.len())
            .note(note)
    });
    // A caller who gave up waiting is none of the function's business.
    let _ = invocation.caller.send(Reply { outcome, log });
}

fn activity(setting: &Setting, kind: Kind, process_id: u32) -> Activity {
    Activity {
        function: Some(Arc::clone(&setting.name)),
        process_id: Some(process_id),
        ..Activity::new(kind)
    }
}
