//! State of the whole simulation, and the loop over its events.

use crate::{
    agenda::{Agenda, Millis},
    aws::Gateway,
    bucket::Bucket,
    counts::Counts,
    crowd::Client,
    design::Design,
    invocation::Invocation,
    queue::{Message, Queue},
};
use fastrand::Rng;

/// Events. A client is known by its number, which is also its login's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A client's timer; ignored if the client has another socket, or another wait, by then.
    Client { id: u32, life: u16, what: Timer },
    /// A message becomes visible in the queue: sent by the pipeline, deferred by notify, or failed and due again.
    Message(u32),
    /// Lambda allows itself more batches at once.
    Poll,
    /// Lambda tries to run an asynchronous invocation, which it had no room for `refusals` times.
    Invoke { message: u32, refusals: u8 },
    /// The next request for the login that is served in this slot of an invocation.
    Step { invocation: u32, place: u16 },
    /// An invocation has to stop, its margin before the time-out.
    TimeIsUp(u32),
    /// An invocation of `$connect` or `$default` ends.
    CallEnds,
}

/// Reasons for a client's timer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Timer {
    Dial,
    Opened,
    Heart,
    Silence,
    Sync,
    Reply,
    ChangeOver,
    Succeeded,
    TwoHours,
}

/// State of the whole simulation: clients, API Gateway, Lambda, queue, tables and clock.
pub struct World {
    pub(crate) design: Design,
    pub(crate) agenda: Agenda<Event>,
    pub(crate) rng: Rng,
    pub(crate) gateway: Gateway,
    pub(crate) updates: Bucket,
    pub(crate) connections: Bucket,
    /// The browsers, each with a login of its own.
    pub crowd: Vec<Client>,
    pub(crate) queue: Queue,
    pub(crate) messages: Vec<Message>,
    pub(crate) invocations: Vec<Invocation>,
    /// Number of invocations of notify under way.
    pub(crate) notifying: u32,
    /// Number of invocations of the other functions under way.
    pub(crate) calls: u32,
    /// Time at which the account's limit on functions at once was reached first.
    pub(crate) lambda_full_at: Option<Millis>,
    /// Number of clients that do not have the update yet.
    pub(crate) without: u32,
    /// Counters.
    pub counts: Counts,
    /// Number of sockets opened in each second.
    pub opened_in: Vec<u32>,
    /// Number of browsers' requests in each second.
    pub asked_in: Vec<u32>,
}

impl World {
    /// A simulation of this many clients, up to the time `until`, with nothing scheduled yet. The same seed gives the
    /// same run.
    pub fn new(design: Design, clients: u32, until: Millis, seed: u64) -> World {
        let quotas = design.quotas;
        let seconds = (until / 1_000 + 1) as usize;
        World {
            design,
            agenda: Agenda::until(until),
            rng: Rng::with_seed(seed),
            gateway: Gateway::new(&quotas, &design.stage),
            updates: Bucket::new(quotas.table_writes, quotas.table_writes),
            connections: Bucket::new(quotas.table_reads, quotas.table_reads),
            crowd: vec![Client::default(); clients as usize],
            queue: Queue::default(),
            messages: Vec::new(),
            invocations: Vec::new(),
            notifying: 0,
            calls: 0,
            lambda_full_at: None,
            without: clients,
            counts: Counts::default(),
            opened_in: vec![0; seconds],
            asked_in: vec![0; seconds],
        }
    }

    /// Runs to the end.
    pub fn run(&mut self) {
        while let Some(event) = self.agenda.next() {
            self.happens(event);
        }
    }

    /// Runs until every client has the update, or to the end.
    pub fn run_until_all_have_it(&mut self) {
        while self.without > 0
            && let Some(event) = self.agenda.next()
        {
            self.happens(event);
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Client { id, life, what } => self.client(id, life, what),
            Event::Message(message) => self.arrives(message),
            Event::Poll => self.ramp(),
            Event::Invoke { message, refusals } => self.invoke(message, refusals),
            Event::Step { invocation, place } => self.step(invocation, place),
            Event::TimeIsUp(invocation) => self.time_is_up(invocation),
            Event::CallEnds => self.calls -= 1,
        }
    }

    /// A random time between half and one and a half times the mean.
    pub(crate) fn about(&mut self, time: f64) -> f64 {
        time * (0.5 + self.rng.f64())
    }

    /// A random wait with full jitter: anything up to the ceiling, which is `base`, doubled with each attempt, at most
    /// `cap`.
    pub(crate) fn jitter(&mut self, attempt: u32, (base, cap): (f64, f64)) -> f64 {
        (base * 2f64.powi(attempt.min(60) as i32)).min(cap) * self.rng.f64()
    }

    /// Starts an invocation of `$connect` or `$default` that lasts `time` milliseconds. `false` if the account's limit
    /// on functions at once is reached.
    pub(crate) fn call(&mut self, time: f64) -> bool {
        let room = self.notifying + self.calls < self.design.quotas.lambda;
        if room {
            self.calls += 1;
            self.agenda.after(time as Millis, Event::CallEnds);
        } else {
            self.lambda_full_at.get_or_insert(self.agenda.now());
        }
        room
    }
}
