//! A page of either system, by one interface: what happens to it, and what follows.

use crate::Side;
use chatterbox_page::{Options, Output, timing};
use std::{collections::BTreeMap, time::Duration};

/// A page that was loaded. Every `now` is the time by the page's clock.
pub(crate) enum Page {
    Tutorial(tutorial::Page),
    Chatterbox {
        page: Box<chatterbox_page::Page>,
        /// Of each topic, the `id` of the update that it shows.
        shown: BTreeMap<String, String>,
    },
}

/// What follows from something that happened to a page.
#[derive(Debug, Default)]
pub(crate) struct Then {
    pub(crate) sends: Vec<String>,
    pub(crate) shows: Vec<Shown>,
    pub(crate) hangs_up: bool,
}

/// An update that a page shows now, under this topic.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) topic: String,
    pub(crate) id: String,
    /// The page was told that its own data may have it already.
    pub(crate) initial: bool,
}

impl Page {
    /// A page of a login that is loaded now, with these data: of each topic, the `id` of the newest update.
    pub(crate) fn load(side: Side, login: &str, data: BTreeMap<String, String>, seed: u64, now: Duration) -> Page {
        let login = login.to_owned();
        match side {
            Side::Tutorial => Page::Tutorial(tutorial::Page::loaded(login, data)),
            Side::Chatterbox => {
                let options = Options {
                    login,
                    own_data: Some(timing::PAGE_DATA_AGE),
                    seed,
                    ..Options::default()
                };
                Page::Chatterbox {
                    page: Box::new(chatterbox_page::Page::new(options, now)),
                    shown: data,
                }
            }
        }
    }

    /// The URL of its next socket; `credentials` are those of the login's query.
    pub(crate) fn url(&self, api: &str, login: &str, credentials: &str) -> String {
        match self {
            Page::Tutorial(page) => page.url(api),
            Page::Chatterbox { .. } => format!("{api}?login={login}{credentials}"),
        }
    }

    /// How long it waits for its next socket, after so many were lost or did not open.
    pub(crate) fn wait(&self, losses: u32) -> Duration {
        match self {
            Page::Tutorial(_) => tutorial::Page::WAIT,
            Page::Chatterbox { .. } => {
                let ceiling = timing::SECOND.saturating_mul(2u32.saturating_pow(losses));
                ceiling.min(timing::LONGEST_WAIT).mul_f64(fastrand::f64())
            }
        }
    }

    pub(crate) fn opened(&mut self, now: Duration) -> Then {
        match self {
            Page::Tutorial(page) => Then {
                sends: page.opened().into_iter().collect(),
                ..Then::default()
            },
            Page::Chatterbox { page, shown } => follow(page.opened(now), shown),
        }
    }

    pub(crate) fn received(&mut self, text: &str, now: Duration) -> Then {
        match self {
            Page::Tutorial(page) => {
                let shown = page.received(text).map(|(topic, id)| Shown {
                    topic,
                    id,
                    initial: false,
                });
                Then {
                    shows: shown.into_iter().collect(),
                    ..Then::default()
                }
            }
            Page::Chatterbox { page, shown } => follow(page.received(text, now), shown),
        }
    }

    /// Time has passed.
    pub(crate) fn time(&mut self, now: Duration) -> Then {
        match self {
            Page::Tutorial(_) => Then::default(),
            Page::Chatterbox { page, shown } => follow(page.time(now), shown),
        }
    }

    pub(crate) fn lost(&mut self) {
        if let Page::Chatterbox { page, .. } = self {
            page.lost();
        }
    }

    /// When it wants to be told the time.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match self {
            Page::Tutorial(_) => None,
            Page::Chatterbox { page, .. } => page.deadline(),
        }
    }

    /// Whether it waits for nothing, as far as it knows.
    pub(crate) fn is_calm(&self) -> bool {
        match self {
            Page::Tutorial(_) => true,
            Page::Chatterbox { page, .. } => page.is_calm(),
        }
    }

    /// Of each topic, the `id` of the update that it shows.
    pub(crate) fn shown(&self) -> &BTreeMap<String, String> {
        match self {
            Page::Tutorial(page) => page.shown(),
            Page::Chatterbox { shown, .. } => shown,
        }
    }

    /// How many of the login's updates it knows of, shown or counted as missed; `None` if it does not count.
    pub(crate) fn counted(&self) -> Option<u64> {
        match self {
            Page::Tutorial(_) => None,
            Page::Chatterbox { page, .. } => Some(page.cursor().map_or(0, |cursor| cursor.version)),
        }
    }
}

fn follow(output: Output, shown: &mut BTreeMap<String, String>) -> Then {
    let mut then = Then {
        sends: output.sends.iter().map(chatterbox_page::Request::to_text).collect(),
        shows: Vec::new(),
        hangs_up: output.hangs_up.is_some(),
    };
    for update in output.shows {
        for topic in update.topics {
            shown.insert(topic.clone(), update.id.clone());
            then.shows.push(Shown {
                topic,
                id: update.id.clone(),
                initial: update.initial,
            });
        }
    }
    then
}
