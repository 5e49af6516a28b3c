//! A page on a real socket: `chatterbox_page`, which has the rules of the browser client, driven by what comes on the wire
//! and by this machine's clock.

use crate::{Session, Socket, World, client::PATIENCE};
use chatterbox_page::{Options, Output, Page, Request, Update};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::{Instant, timeout};

/// A page of a user, and its socket. Nothing happens to it but while one of its methods is awaited.
#[derive(Debug)]
pub struct LivePage<'a> {
    world: &'a World,
    session: Session,
    page: Page,
    socket: Socket,
    loaded: Instant,
    /// By how much the page's clock is ahead of this machine's.
    ahead: Duration,
    /// The newest update shown, by topic.
    shown: BTreeMap<String, Update>,
    /// How many syncs it has sent.
    pub syncs: usize,
    /// How often it has hung up, and opened another socket.
    pub reconnects: usize,
}

impl<'a> LivePage<'a> {
    /// Loads a page, and waits until it has a socket and has seen everything.
    pub async fn open(world: &'a World, session: &Session) -> LivePage<'a> {
        let options = Options {
            login: session.login.clone(),
            ..Options::default()
        };
        let mut page = LivePage {
            world,
            session: session.clone(),
            page: Page::new(options, Duration::ZERO),
            socket: world.connect(session).await,
            loaded: Instant::now(),
            ahead: Duration::ZERO,
            shown: BTreeMap::new(),
            syncs: 0,
            reconnects: 0,
        };
        let output = page.page.opened(page.now());
        page.follow(output).await;
        page.until("has seen everything", |_| true).await;
        page
    }

    /// Lives until the page has seen everything as far as it knows, the update with this id included.
    pub async fn until_it_shows(&mut self, id: &str) {
        let shows = |page: &Self| page.shown.values().any(|update| update.id == id);
        self.until(id, shows).await;
    }

    /// Lives until this is so and the page has seen everything as far as it knows.
    async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let live = async {
            while !(self.page.is_calm() && is_so(self)) {
                self.step().await;
            }
        };
        let in_time = timeout(PATIENCE, live).await;
        assert!(in_time.is_ok(), "not so in time: {what}: {:?}", self.page);
    }

    /// Moves the page's clock ahead, as if so much time had passed without a message.
    pub async fn time_passes(&mut self, time: Duration) {
        self.ahead += time;
        let output = self.page.time(self.now());
        self.follow(output).await;
    }

    /// The body of the newest update of a topic; null if none was shown.
    pub fn body(&self, topic: &str) -> Value {
        self.shown.get(topic).map_or(Value::Null, |update| update.body.clone())
    }

    fn now(&self) -> Duration {
        self.loaded.elapsed() + self.ahead
    }

    /// Waits for the next message, or until the page has something to do by itself.
    async fn step(&mut self) {
        let deadline = self.page.deadline().expect("the page has a socket");
        let wait = deadline.saturating_sub(self.now());
        let output = match timeout(wait, self.socket.next_text()).await {
            Ok(Some(text)) => self.page.received(&text, self.now()),
            Ok(None) => {
                self.page.lost();
                self.reconnect().await
            }
            Err(_) => self.page.time(self.now()),
        };
        self.follow(output).await;
    }

    /// Does what the page wants.
    async fn follow(&mut self, mut output: Output) {
        loop {
            for update in output.shows {
                for topic in &update.topics {
                    self.shown.insert(topic.clone(), update.clone());
                }
            }
            for request in output.sends {
                self.syncs += usize::from(matches!(request, Request::Sync { .. }));
                self.socket.say(request.to_text()).await;
            }
            if output.hangs_up.is_none() {
                return;
            }
            output = self.reconnect().await;
        }
    }

    /// Opens another socket, without the wait of a real client.
    async fn reconnect(&mut self) -> Output {
        self.reconnects += 1;
        self.socket = self.world.connect(&self.session).await;
        self.page.opened(self.now())
    }
}
