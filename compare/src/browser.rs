//! A browser: a page with its socket, which it opens again whenever it is lost.

use crate::{
    Side,
    page::{Page, Then},
    plan::Client,
    site::{Site, lock},
};
use chatterbox_page::timing::{HANDSHAKE_TIMEOUT, STABLE_AFTER};
use futures_util::{SinkExt, StreamExt};
use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What all browsers of a run have in common.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) side: Side,
    /// The URL of the sockets.
    pub(crate) api: String,
    pub(crate) site: Arc<Site>,
    pub(crate) seed: u64,
    /// When the pages' clocks began.
    pub(crate) loaded: Instant,
    /// When the plan begins, once that is known.
    pub(crate) begun: watch::Receiver<Option<Instant>>,
    /// By how much the pages' clocks are ahead of ours.
    pub(crate) ahead: watch::Receiver<Duration>,
}

/// A browser, as somebody sees it who looks over its user's shoulder.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) is_open: bool,
    /// The page waits for nothing, as far as it knows.
    pub(crate) is_calm: bool,
    /// How far ahead the page's clock was when it last did something.
    pub(crate) ahead: Duration,
    /// How many of the login's updates were in the data with which the page was loaded.
    pub(crate) loaded_with: usize,
    /// The updates that were shown since, as places among the login's updates.
    pub(crate) heard: Vec<usize>,
    /// Of each topic, the `id` of the update that is shown.
    pub(crate) shown: BTreeMap<String, String>,
    /// See [`Page::counted`].
    pub(crate) counted: Option<u64>,
    /// How often an update was shown that had been shown before, or after a newer one of its topic; over all pages.
    pub(crate) disorder: usize,
    /// Of each topic, the newest place that was shown since the page was loaded.
    pub(crate) newest: BTreeMap<String, usize>,
}

/// Why a socket is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It ended, or the page hung up.
    Lost,
    /// The page is loaded again.
    Load,
}

/// A browser that runs.
pub(crate) struct Browser {
    client: Client,
    credentials: String,
    around: Arc<Surroundings>,
    view: Arc<Mutex<View>>,
}

impl Browser {
    /// A browser of this client, and what can be seen of it.
    pub(crate) fn new(client: Client, credentials: String, around: Arc<Surroundings>) -> (Browser, Arc<Mutex<View>>) {
        let view = Arc::default();
        let browser = Browser {
            client,
            credentials,
            around,
            view: Arc::clone(&view),
        };
        (browser, view)
    }

    /// Runs for ever.
    pub(crate) async fn run(mut self) {
        let mut page = self.load();
        let mut losses = 0;
        loop {
            let (end, was_stable) = self.live(&mut page).await;
            losses = if was_stable { 0 } else { losses };
            let end = match end {
                End::Load => End::Load,
                End::Lost => self
                    .until_load(tokio::time::sleep(page.wait(losses)))
                    .await
                    .err()
                    .unwrap_or(End::Lost),
            };
            losses += 1;
            if end == End::Load {
                self.client.loads_again = None;
                page = self.load();
                losses = 0;
            }
        }
    }

    fn load(&self) -> Page {
        let Surroundings { side, site, seed, .. } = &*self.around;
        let (data, loaded_with) = site.data(&self.client.login);
        let page = Page::load(*side, &self.client.login, data, *seed, self.now());
        let mut view = lock(&self.view);
        *view = View {
            loaded_with,
            disorder: view.disorder,
            ..View::default()
        };
        page
    }

    /// Opens a socket and lives with it. Returns how it ended, and whether it was a good one.
    async fn live(&mut self, page: &mut Page) -> (End, bool) {
        let url = page.url(&self.around.api, &self.client.login, &self.credentials);
        let socket = match self.until_load(timeout(HANDSHAKE_TIMEOUT, connect_async(url))).await {
            Err(end) => return (end, false),
            Ok(Ok(Ok((socket, _)))) => socket,
            Ok(_) => return (End::Lost, false),
        };
        let opened = Instant::now();
        let end = self.serve(page, socket).await;
        page.lost();
        lock(&self.view).is_open = false;
        (end, opened.elapsed() >= STABLE_AFTER)
    }

    async fn serve(&mut self, page: &mut Page, mut socket: Socket) -> End {
        let mut ahead = self.around.ahead.clone();
        let mut then = page.opened(self.now());
        loop {
            self.note(page, &then);
            for text in std::mem::take(&mut then.sends) {
                if socket.send(Message::text(text)).await.is_err() {
                    return End::Lost;
                }
            }
            if then.hangs_up {
                let _ = socket.close(None).await;
                return End::Lost;
            }
            let deadline = self.real_time(page.deadline());
            then = tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => page.received(&text, self.now()),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Lost,
                    Some(Ok(_)) => Then::default(),
                },
                () = until(deadline) => page.time(self.now()),
                Ok(()) = ahead.changed() => page.time(self.now()),
                () = self.load_time() => {
                    let _ = socket.close(None).await;
                    return End::Load;
                }
            };
        }
    }

    /// Writes down what can be seen.
    fn note(&self, page: &Page, then: &Then) {
        let mut view = lock(&self.view);
        view.is_open = !then.hangs_up;
        view.is_calm = page.is_calm();
        view.ahead = *self.around.ahead.borrow();
        view.shown.clone_from(page.shown());
        view.counted = page.counted();
        for shown in &then.shows {
            let place = shown.id.parse().unwrap_or_default();
            let newest = view.newest.get(&shown.topic).copied();
            if newest.is_some_and(|newest| place <= newest) && !shown.initial {
                view.disorder += 1;
            }
            view.newest
                .insert(shown.topic.clone(), newest.map_or(place, |newest| newest.max(place)));
            view.heard.push(place);
        }
    }

    /// Waits for something, unless the page is loaded again before.
    async fn until_load<T>(&self, something: impl Future<Output = T>) -> Result<T, End> {
        tokio::select! {
            happened = something => Ok(happened),
            () = self.load_time() => Err(End::Load),
        }
    }

    /// Waits until the page is to be loaded again.
    async fn load_time(&self) {
        match self.client.loads_again {
            Some(at) => {
                let begun = self
                    .around
                    .begun
                    .clone()
                    .wait_for(Option::is_some)
                    .await
                    .ok()
                    .and_then(|begun| *begun);
                until(begun.map(|begun| begun + at)).await;
            }
            None => pending().await,
        }
    }

    /// The time by the page's clock.
    fn now(&self) -> Duration {
        self.around.loaded.elapsed() + *self.around.ahead.borrow()
    }

    fn real_time(&self, now: Option<Duration>) -> Option<Instant> {
        let ahead = *self.around.ahead.borrow();
        now.map(|now| self.around.loaded + now.saturating_sub(ahead))
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
