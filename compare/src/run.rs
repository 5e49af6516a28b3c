//! One system's way through the plan, and what was counted at its end.

use crate::{
    Outcome, Plan, Result, Side,
    browser::{Browser, Surroundings, View},
    pipeline::Pipeline,
    plan::Client,
    rows,
    site::{Site, lock},
    sockets::Sockets,
    system::System,
};
use chatterbox_gateway::Faults;
use chatterbox_page::timing::SYNC_EVERY;
use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

/// How long everybody may take to come to rest. On an idle machine it is a few seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A system under way, with its browsers.
struct Run {
    system: System,
    site: Arc<Site>,
    sockets: Arc<Mutex<Sockets>>,
    browsers: Vec<(Client, Arc<Mutex<View>>)>,
    ahead: watch::Sender<Duration>,
    begun: watch::Sender<Option<Instant>>,
    /// They end with the run.
    tasks: JoinSet<()>,
}

/// Puts a system through the plan, with the functions' programs in this folder.
///
/// # Errors
/// The system did not start, or could not be asked at the end.
pub async fn run(side: Side, plan: &Plan, programs: &Path) -> Result<Outcome> {
    let mut run = Run::start(side, plan, programs).await?;
    run.until(|view| view.is_open && view.is_calm).await;
    let (delivered_again, given_up) = run.send(plan).await?;
    run.come_to_rest(plan).await?;
    let mut outcome = run.count().await?;
    outcome.sent = plan.update_count();
    (outcome.delivered_again, outcome.given_up) = (delivered_again, given_up);
    run.tasks.shutdown().await;
    run.system.stop().await;
    Ok(outcome)
}

impl Run {
    /// Starts the system and opens the browsers, in peace.
    async fn start(side: Side, plan: &Plan, programs: &Path) -> Result<Run> {
        let system = System::start(side, programs).await?;
        let mut tasks = JoinSet::new();
        let sockets: Arc<Mutex<Sockets>> = Arc::default();
        tasks.spawn(Sockets::listen(Arc::clone(&sockets), system.gateway().activity()));
        tasks.spawn(Sockets::look_for_dropped(Arc::clone(&sockets), system.tables()));
        let (site, ahead, begun) = (
            Arc::<Site>::default(),
            watch::Sender::default(),
            watch::Sender::default(),
        );
        let around = Arc::new(Surroundings {
            side,
            api: system.socket_url(),
            site: Arc::clone(&site),
            seed: plan.seed,
            loaded: Instant::now(),
            begun: begun.subscribe(),
            ahead: ahead.subscribe(),
        });
        let mut browsers = Vec::new();
        for client in &plan.clients {
            let credentials = system.log_in(&client.login).await?;
            let (browser, view) = Browser::new(client.clone(), credentials, Arc::clone(&around));
            tasks.spawn(browser.run());
            browsers.push((client.clone(), view));
        }
        Ok(Run {
            system,
            site,
            sockets,
            browsers,
            ahead,
            begun,
            tasks,
        })
    }

    /// The chaos, until the last update was delivered. Returns how often that had to be repeated, and how often it failed.
    async fn send(&self, plan: &Plan) -> Result<(usize, usize)> {
        self.system.gateway().set_faults(plan.faults())?;
        let start = Instant::now();
        self.begun.send_replace(Some(start));
        let pipeline = Pipeline::new(self.system.invocations_url(), Arc::clone(&self.site));
        let mut senders = JoinSet::new();
        for updates in &plan.updates {
            senders.spawn(pipeline.clone().send(updates.clone(), start));
        }
        senders.join_all().await;
        self.system.gateway().set_faults(Faults::default())?;
        Ok(pipeline.failures())
    }

    /// Calm: what was delayed arrives, and who has no socket opens one. Then a quarter of an hour passes on the pages' clocks.
    async fn come_to_rest(&self, plan: &Plan) -> Result<()> {
        sleep(2 * Duration::from_millis(plan.faults().post_delay_ms)).await;
        self.until(|view| view.is_open && view.is_calm).await;
        self.ahead.send_replace(SYNC_EVERY);
        self.until(|view| view.is_open && view.is_calm && view.ahead == SYNC_EVERY)
            .await;
        Ok(())
    }

    /// Waits until all browsers are so, or patience is over. What is then still missing is counted.
    async fn until(&self, is_so: impl Fn(&View) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && !self.browsers.iter().all(|(_, view)| is_so(&lock(view))) {
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn count(&self) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        for (client, view) in &self.browsers {
            outcome.add_page(client, &lock(view), &self.site);
        }
        let tables = self.system.tables();
        outcome.deaf = Sockets::deaf(&self.sockets, &tables).await?.len();
        let rows = rows::read(&tables).await?;
        let sockets = lock(&self.sockets);
        if sockets.has_missed_some {
            return Err("the gateway told more than could be taken in: nothing was counted".into());
        }
        outcome.rows_left = rows.iter().filter(|id| !sockets.is_open(id)).count();
        (outcome.posts, outcome.posts_to_the_dead) = (sockets.posts, sockets.posts_to_the_dead);
        outcome.dropped = sockets.dropped();
        Ok(outcome)
    }
}
