//! The events that wait for a worker, and the workers that wait for an event. A worker serves one event at a time; the
//! queue counts workers, and does not know that they are processes.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::sync::oneshot;

use super::invocation::Invocation;
use crate::lock::lock;

/// The queue of one function.
#[derive(Debug)]
pub(super) struct Queue {
    max_workers: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Events without a worker, the oldest at the front.
    waiting: VecDeque<Invocation>,
    /// Workers without an event. The one that asked last is at the end.
    idle: Vec<oneshot::Sender<Invocation>>,
    /// Workers that are alive or being started.
    workers: usize,
}

/// The answer to a worker that asks for its next event.
#[derive(Debug)]
pub(super) enum NextEvent {
    /// An event that was waiting.
    Ready(Box<Invocation>),
    /// The channel through which the next event will come: the worker is idle.
    Promised(oneshot::Receiver<Invocation>),
}

impl Queue {
    pub(super) fn new(max_workers: usize) -> Queue {
        Queue {
            max_workers,
            state: Mutex::default(),
        }
    }

    /// Gives an event to the idle worker that asked last: it is the warmest. If none is idle, the event waits; or it
    /// comes back, and the caller has to start a worker for it, which counts from now on.
    #[must_use = "a worker has to be started for the event that comes back"]
    pub(super) fn put(&self, mut invocation: Invocation) -> Option<Invocation> {
        let mut state = lock(&self.state);
        while let Some(worker) = state.idle.pop() {
            match worker.send(invocation) {
                Ok(()) => return None,
                // That worker has ended since it asked.
                Err(returned) => invocation = returned,
            }
        }
        if state.workers < self.max_workers {
            state.workers += 1;
            return Some(invocation);
        }
        state.waiting.push_back(invocation);
        None
    }

    /// The next event for a worker that asks.
    pub(super) fn next(&self) -> NextEvent {
        let mut state = lock(&self.state);
        if let Some(invocation) = state.next_waiting() {
            return NextEvent::Ready(Box::new(invocation));
        }
        let (worker, event) = oneshot::channel();
        // Workers that ended while idle leave their closed channels behind.
        state.idle.retain(|idle| !idle.is_closed());
        state.idle.push(worker);
        NextEvent::Promised(event)
    }

    /// A worker has ended. If an event waits, it comes back, and the caller has to start a worker for it, which counts
    /// from now on.
    #[must_use = "a worker has to be started for the event that comes back"]
    pub(super) fn worker_ended(&self) -> Option<Invocation> {
        let mut state = lock(&self.state);
        state.workers -= 1;
        let invocation = state.next_waiting()?;
        state.workers += 1;
        Some(invocation)
    }

    /// Drops the events that wait. Their callers are told that the host has been stopped.
    pub(super) fn clear(&self) {
        lock(&self.state).waiting.clear();
    }
}

impl State {
    /// The oldest event whose caller still waits for its outcome.
    fn next_waiting(&mut self) -> Option<Invocation> {
        while let Some(invocation) = self.waiting.pop_front() {
            if !invocation.caller.is_closed() {
                return Some(invocation);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::invocation::{Reply, Request};
    use super::*;

    type Caller = oneshot::Receiver<Reply>;

    fn event(name: &'static str) -> (Invocation, Caller) {
        Invocation::new(Request::new(Bytes::from_static(name.as_bytes())))
    }

    fn name(invocation: Option<Invocation>) -> Option<String> {
        invocation.map(|invocation| String::from_utf8(invocation.request.payload.to_vec()).unwrap())
    }

    fn promised(queue: &Queue) -> oneshot::Receiver<Invocation> {
        match queue.next() {
            NextEvent::Promised(event) => event,
            NextEvent::Ready(invocation) => panic!("{invocation:?} was waiting"),
        }
    }

    #[test]
    fn an_event_starts_a_worker_up_to_the_limit_and_then_waits_its_turn() {
        let queue = Queue::new(2);
        let ((a, _a), (b, _b), (c, _c), (d, _d)) = (event("a"), event("b"), event("c"), event("d"));
        assert_eq!(name(queue.put(a)).as_deref(), Some("a"));
        assert_eq!(name(queue.put(b)).as_deref(), Some("b"));
        assert_eq!(name(queue.put(c)), None);
        assert_eq!(name(queue.put(d)), None);
        let NextEvent::Ready(next) = queue.next() else {
            panic!("nothing was waiting")
        };
        assert_eq!(name(Some(*next)).as_deref(), Some("c"));
        assert_eq!(name(queue.worker_ended()).as_deref(), Some("d"));
        assert_eq!(name(queue.worker_ended()), None);
    }

    #[test]
    fn the_worker_that_asked_last_is_the_first_to_get_an_event_unless_it_has_ended() {
        let queue = Queue::new(2);
        let (mut first, mut second, third) = (promised(&queue), promised(&queue), promised(&queue));
        drop(third);
        let ((a, _a), (b, _b)) = (event("a"), event("b"));
        assert!(queue.put(a).is_none() && queue.put(b).is_none());
        assert_eq!(name(second.try_recv().ok()).as_deref(), Some("a"));
        assert_eq!(name(first.try_recv().ok()).as_deref(), Some("b"));
    }

    #[test]
    fn an_event_whose_caller_has_given_up_is_skipped() {
        let queue = Queue::new(0);
        let ((a, caller), (b, _b)) = (event("a"), event("b"));
        assert!(queue.put(a).is_none() && queue.put(b).is_none());
        drop(caller);
        let NextEvent::Ready(next) = queue.next() else {
            panic!("nothing was waiting")
        };
        assert_eq!(name(Some(*next)).as_deref(), Some("b"));
    }
}
