//! `--chaos`: breaks something every few seconds, so that one can watch the client recover.

use super::{database::Database, demo::System, table_throttle::TableThrottle};
use axum::{Json, Router, routing::get};
use chatterbox_gateway::{Faults, Gateway};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

/// The chaos of a local system.
#[derive(Clone, Debug)]
pub(super) struct Chaos {
    gateway: Arc<Gateway>,
    database: Arc<Database>,
    is_wanted: watch::Sender<bool>,
    /// Where it says whether it is on. It says that it is off only when everything is mended.
    system: watch::Sender<System>,
    seed: u64,
}

/// One thing that breaks for a moment.
#[derive(Clone, Copy, Debug)]
enum Episode {
    SocketsCut,
    SocketsClosed,
    ConnectsRefused,
    SocketsOpenLate,
    PostsGone,
    PostsRefused,
    PostsLost,
    FunctionsKilled,
    DatabaseStopped,
    DatabaseThrottled,
}

impl Chaos {
    /// How long an episode lasts.
    const EPISODE: Duration = Duration::from_millis(1_500);
    /// The pause before the next one, in milliseconds.
    const PAUSE: std::ops::RangeInclusive<u64> = 500..=1_500;

    /// Prepares it, switched on. The same seed breaks the same things in the same order.
    pub(super) fn new(
        gateway: Arc<Gateway>,
        database: Arc<Database>,
        system: watch::Sender<System>,
        seed: u64,
    ) -> Chaos {
        Chaos {
            gateway,
            database,
            is_wanted: watch::Sender::new(true),
            system,
            seed,
        }
    }

    /// `/demo/chaos`: `GET` returns its state, `DELETE` ends it and `PUT` begins it again. Both answer when that has
    /// happened.
    pub(super) fn router(&self) -> Router {
        let (this, on, off) = (self.clone(), self.clone(), self.clone());
        let methods = get(async move || Json(this.state()))
            .put(async move || Json(on.turn(true).await))
            .delete(async move || Json(off.turn(false).await));
        Router::new().route("/demo/chaos", methods)
    }

    /// Switches it on or off, and waits until that has happened.
    async fn turn(&self, is_on: bool) -> Value {
        self.is_wanted.send_replace(is_on);
        // Waiting cannot fail: the sender lives in this value.
        let _ = self.system.subscribe().wait_for(|now| now.chaos == is_on).await;
        self.state()
    }

    fn set_state(&self, is_on: bool) {
        self.system.send_if_modified(|system| {
            if is_on {
                system.fault = None;
            }
            std::mem::replace(&mut system.chaos, is_on) != is_on
        });
    }

    fn state(&self) -> Value {
        let throttled = self.database.throttle().map(TableThrottle::throttled);
        json!({"on": self.system.borrow().chaos, "injected": self.gateway.injected(), "databaseThrottled": throttled})
    }

    /// Runs for ever: one episode after the other, in another order each round, and some faults of every kind all the
    /// time.
    pub(super) async fn run(self) {
        let mut random = fastrand::Rng::with_seed(self.seed);
        let mut wanted = self.is_wanted.subscribe();
        let mut episodes = Episode::ALL;
        loop {
            random.shuffle(&mut episodes);
            for episode in episodes {
                let is_wanted = *wanted.borrow();
                self.set_state(is_wanted);
                let _ = wanted.wait_for(|is_wanted| *is_wanted).await;
                self.set_state(true);
                self.inject(self.background());
                let pause = Duration::from_millis(random.u64(Self::PAUSE));
                if timeout(pause, wanted.wait_for(|is_wanted| !is_wanted)).await.is_err() {
                    self.play(episode).await;
                }
                self.inject(Faults::default());
            }
        }
    }

    async fn play(&self, episode: Episode) {
        let (note, text) = episode.texts();
        tracing::info!("chaos: {text}");
        self.gateway.tell_fault(note);
        let with = |change: fn(&mut Faults)| {
            let mut faults = self.background();
            change(&mut faults);
            self.inject(faults);
        };
        let throttle = |share| self.database.throttle().map(|throttle| throttle.set(share));
        match episode {
            Episode::SocketsCut => drop(self.gateway.cut_sockets()),
            Episode::SocketsClosed => drop(self.gateway.close_sockets()),
            Episode::ConnectsRefused => with(|faults| (faults.connects_throttled, faults.connects_failed) = (0.4, 0.4)),
            Episode::SocketsOpenLate => with(|faults| faults.connects_stretched = 1.0),
            Episode::PostsGone => with(|faults| faults.posts_gone = 0.6),
            Episode::PostsRefused => with(|faults| (faults.posts_throttled, faults.posts_failed) = (0.4, 0.3)),
            Episode::PostsLost => with(|faults| (faults.posts_lost, faults.posts_delayed) = (0.4, 0.3)),
            Episode::FunctionsKilled => {
                for function in ["connect", "disconnect", "default", "notify", "revoke"] {
                    self.gateway.kill_processes(function);
                }
                with(|faults| faults.invocations_killed = 0.3);
            }
            Episode::DatabaseStopped => self.database.stop().await,
            Episode::DatabaseThrottled => drop(throttle(0.5)),
        }
        if let Episode::ConnectsRefused | Episode::SocketsOpenLate = episode {
            // So that there are new handshakes, which this episode breaks.
            self.gateway.cut_sockets();
        }
        sleep(Self::EPISODE).await;
        throttle(0.0);
        if let Episode::DatabaseStopped = episode
            && let Err(error) = self.database.restart().await
        {
            tracing::error!(%error, "chaos: DynamoDB was not started again; requests for a table fail from now on");
        }
    }

    /// The faults of every kind, at low rates, that are there all the time.
    fn background(&self) -> Faults {
        Faults {
            connects_throttled: 0.02,
            connects_failed: 0.02,
            connects_stretched: 0.05,
            posts_gone: 0.02,
            posts_throttled: 0.05,
            posts_failed: 0.03,
            posts_denied: 0.05,
            posts_lost: 0.02,
            posts_delayed: 0.05,
            sockets_closed: 0.005,
            sockets_cut: 0.01,
            processes_killed: 0.01,
            invocations_killed: 0.02,
            ..Faults::default()
        }
    }

    fn inject(&self, faults: Faults) {
        if let Err(error) = self.gateway.set_faults(faults) {
            tracing::error!(%error, "chaos: the gateway refused these faults; the previous ones stay");
        }
    }
}

impl Episode {
    const ALL: [Episode; 10] = [
        Episode::SocketsCut,
        Episode::SocketsClosed,
        Episode::ConnectsRefused,
        Episode::SocketsOpenLate,
        Episode::PostsGone,
        Episode::PostsRefused,
        Episode::PostsLost,
        Episode::FunctionsKilled,
        Episode::DatabaseStopped,
        Episode::DatabaseThrottled,
    ];

    /// Its note in the activity feed, and its sentence in the terminal.
    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Episode::SocketsCut => ("chaos: sockets cut", "every socket is cut without a close frame"),
            Episode::SocketsClosed => ("chaos: sockets closed", "every socket is closed with 1001"),
            Episode::ConnectsRefused => (
                "chaos: connects refused",
                "every socket is cut, and most new ones are refused with 429 or 500",
            ),
            Episode::SocketsOpenLate => (
                "chaos: sockets open late",
                "every socket is cut, and new ones open a second after $connect has returned",
            ),
            Episode::PostsGone => ("chaos: posts gone", "most posts are answered with 410 Gone"),
            Episode::PostsRefused => ("chaos: posts refused", "most posts are answered with 429 or 500"),
            Episode::PostsLost => ("chaos: posts lost", "many posts are accepted and lost, or arrive late"),
            Episode::FunctionsKilled => (
                "chaos: functions killed",
                "every function's process is killed, and many are killed again in the middle of an event",
            ),
            Episode::DatabaseStopped => ("chaos: database stopped", "DynamoDB is stopped, and answers nothing"),
            Episode::DatabaseThrottled => ("chaos: database throttled", "DynamoDB throttles half of all requests"),
        }
    }
}
