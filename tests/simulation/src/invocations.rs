//! Invocations of the functions, which run only when the test says so, each by a clock of its own.

use crate::wire::Wire;
use chatterbox_core::{Timestamp, simulated_clock};
use std::{
    collections::BTreeMap,
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// The invocations under way, each with the result that it will have.
pub struct Invocations<T> {
    wire: Wire,
    clock: Clock,
    running: BTreeMap<usize, Invocation<T>>,
    next: usize,
    waiting: Arc<Mutex<Option<Waker>>>,
}

struct Invocation<T> {
    future: Pin<Box<dyn Future<Output = T>>>,
    /// How far its machine's clock is ahead, in milliseconds.
    skew: i64,
    signal: Arc<Signal>,
}

/// Notes that an invocation can go on, and wakes the test if it waits for that.
struct Signal {
    is_set: AtomicBool,
    waiting: Arc<Mutex<Option<Waker>>>,
}

/// The true time, which passes with tokio's clock. Only a test with a paused clock is deterministic.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    start_millis: i64,
}

impl Clock {
    /// A clock that says 2026-01-31T09:00:00Z.
    pub fn new() -> Clock {
        Clock {
            start: Instant::now(),
            start_millis: 1_769_850_000_000,
        }
    }

    /// The true time, in milliseconds since 1970.
    pub fn millis(&self) -> i64 {
        self.start_millis + i64::try_from(self.start.elapsed().as_millis()).expect("no simulation takes that long")
    }

    /// The time of a clock that is this far ahead.
    fn skewed(&self, skew: i64) -> Option<Timestamp> {
        Timestamp::from_millis(self.millis() + skew)
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new()
    }
}

impl<T> Invocations<T> {
    /// None under way.
    pub fn new(wire: Wire, clock: Clock) -> Invocations<T> {
        Invocations {
            wire,
            clock,
            running: BTreeMap::new(),
            next: 0,
            waiting: Arc::default(),
        }
    }

    /// The same, with numbers from this one on, so that invocations of several such sets can be told apart on one wire.
    #[must_use]
    pub fn numbered_from(mut self, first: usize) -> Invocations<T> {
        self.next = first;
        self
    }

    /// Begins an invocation, on a machine whose clock is `skew` milliseconds ahead. It does nothing yet.
    pub fn start(&mut self, skew: i64, future: impl Future<Output = T> + 'static) -> usize {
        let id = self.next;
        self.next += 1;
        let signal = Arc::new(Signal {
            is_set: AtomicBool::new(true),
            waiting: Arc::clone(&self.waiting),
        });
        // Without tokio's budget: once that is used up, nothing goes on until the test itself yields.
        let future = Box::pin(tokio::task::unconstrained(future));
        self.running.insert(id, Invocation { future, skew, signal });
        id
    }

    /// Lets an invocation go on until it waits for an answer or for time to pass; returns its result if it has ended.
    pub fn run(&mut self, id: usize) -> Option<T> {
        let invocation = self.running.get_mut(&id)?;
        self.wire.calls_are_of(id);
        let waker = Waker::from(Arc::clone(&invocation.signal));
        while invocation.signal.is_set.swap(false, SeqCst) {
            simulated_clock::set(self.clock.skewed(invocation.skew));
            let polled = invocation.future.as_mut().poll(&mut Context::from_waker(&waker));
            simulated_clock::set(self.clock.skewed(0));
            if let Poll::Ready(result) = polled {
                self.running.remove(&id);
                return Some(result);
            }
        }
        None
    }

    /// Lets an invocation go on even if nothing has woken it.
    pub fn resume(&mut self, id: usize) -> Option<T> {
        self.running.get(&id)?.signal.is_set.store(true, SeqCst);
        self.run(id)
    }

    /// Kills an invocation where it is, and says whether it was running.
    pub fn kill(&mut self, id: usize) -> bool {
        self.running.remove(&id).is_some()
    }

    /// Whether an invocation is under way.
    pub fn is_running(&self, id: usize) -> bool {
        self.running.contains_key(&id)
    }

    /// Those that can go on now.
    pub fn ready(&self) -> Vec<usize> {
        let is_ready = |invocation: &Invocation<T>| invocation.signal.is_set.load(SeqCst);
        let ready = self.running.iter().filter(|(_, invocation)| is_ready(invocation));
        ready.map(|(id, _)| *id).collect()
    }

    /// Lets time pass, for this long at most, until an invocation can go on. Says whether one can.
    pub async fn wait(&self, at_most: Duration) -> bool {
        self.wait_until(at_most, || !self.ready().is_empty()).await
    }

    /// Lets time pass, for this long at most, until this invocation can go on, and says whether it can.
    pub async fn wait_for(&self, id: usize, at_most: Duration) -> bool {
        self.wait_until(at_most, || self.ready().contains(&id)).await
    }

    async fn wait_until(&self, at_most: Duration, is_reached: impl Fn() -> bool) -> bool {
        let mut end = Box::pin(sleep_until(Instant::now() + at_most));
        let waited = poll_fn(|context| {
            *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
            if is_reached() {
                return Poll::Ready(true);
            }
            end.as_mut().poll(context).map(|()| false)
        })
        .await;
        simulated_clock::set(self.clock.skewed(0));
        waited
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.is_set.store(true, SeqCst);
        if let Some(waker) = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take() {
            waker.wake();
        }
    }
}

/// From the next test on, the thread has its machine's clock again.
impl<T> Drop for Invocations<T> {
    fn drop(&mut self) {
        simulated_clock::set(None);
    }
}

impl<T> fmt::Debug for Invocations<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.running.keys()).finish()
    }
}
