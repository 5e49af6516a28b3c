//! All that is simulated, and what happens next.

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

/// What happens. A client is known by its number, which is also its login's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A timer of a client's: void if the client lives another life by then.
    Client { id: u32, life: u16, what: Timer },
    /// The pipeline, or notify itself, puts a message into the queue; or one that failed shows again.
    Message(u32),
    /// Lambda looks for room for another batch.
    Poll,
    /// An event is to be served without the queue.
    Invoke { message: u32, refusals: u8 },
    /// The next request for the login that is served in this place of an invocation.
    Step { invocation: u32, place: u16 },
    /// An invocation has to stop.
    TimeIsUp(u32),
    /// A short invocation for a browser is over.
    CallEnds,
}

/// What a client was waiting for.
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

/// All that is simulated.
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
    /// Invocations of notify, and of the others, under way.
    pub(crate) notifying: u32,
    pub(crate) calls: u32,
    /// When Lambda had no room for the first time.
    pub(crate) lambda_full_at: Option<Millis>,
    /// How many clients do not have the update yet.
    pub(crate) without: u32,
    /// What was counted.
    pub counts: Counts,
    /// Sockets opened in each second.
    pub opened_in: Vec<u32>,
    /// Requests of browsers in each second.
    pub asked_in: Vec<u32>,
}

impl World {
    /// So many clients with nothing to do yet, until that time. The seed decides all that is left to chance.
    pub fn new(design: Design, clients: u32, until: Millis, seed: u64) -> World {
        let quotas = design.quotas;
        let seconds = (until / 1_000 + 1) as usize;
        World {
            design,
            agenda: Agenda::until(until),
            rng: Rng::with_seed(seed),
            gateway: Gateway::new(&quotas, design.stage),
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

    /// Lets it run until its end.
    pub fn run(&mut self) {
        while let Some(event) = self.agenda.next() {
            self.happens(event);
        }
    }

    /// Lets it run until everybody has the update, or until its end.
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

    /// Anything from half of it to one and a half times as much.
    pub(crate) fn about(&mut self, time: f64) -> f64 {
        time * (0.5 + self.rng.f64())
    }

    /// Full jitter.
    pub(crate) fn jitter(&mut self, attempt: u32, (base, cap): (f64, f64)) -> f64 {
        (base * 2f64.powi(attempt.min(60) as i32)).min(cap) * self.rng.f64()
    }

    /// Whether Lambda has room for a short call, which then takes its place for that long.
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
