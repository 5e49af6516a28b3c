//! How one browser sees a run of the model.

use super::names;
use super::page_trace::{PageInput, PageStep, PushMessage, ReplyMessage, Shows, Sync, Tab, Told};
use super::walk::{Projection, Transition};
use crate::state::{Browser, Entry, Reply, Shown, State, Sync as Asking};
use crate::{Action, Protocol};
use std::collections::BTreeMap;

/// The view of one browser.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageView {
    pub(super) browser: usize,
}

impl Projection for PageView {
    type Step = PageStep;
    /// The browser's memory, the topics of its socket, and the step.
    type Key = (Browser, Vec<String>, PageStep);

    /// The model leaves open when things happen; a page does some of them at once. A push of a log that a tab does not know
    /// makes it ask. A browser without a socket begins to open one, and so does one whose socket lacks topics, before the
    /// user can open or close a tab.
    fn allows(&self, protocol: &Protocol, state: &State, action: &Action) -> bool {
        let browser = &state.browsers[self.browser];
        if let Action::OpenTab { page, .. } | Action::CloseTab { page, .. } = action
            && *page == self.browser
        {
            let all_hear =
                (0..browser.tabs.len()).all(|tab| !browser.tabs[tab].open || state.hears(protocol, *page, tab));
            if !browser.open || !all_hear {
                return false;
            }
        }
        let mut at_once = (0..browser.tabs.len()).filter(|tab| self.asks_at_once(state, *tab));
        at_once.next().is_none_or(|tab| {
            *action
                == Action::GapSync {
                    page: self.browser,
                    tab,
                }
        })
    }

    fn steps(&self, transition: &Transition<'_>) -> Vec<PageStep> {
        let Some(input) = self.input(transition) else {
            return Vec::new();
        };
        let mut steps = vec![self.step(input, transition)];
        steps.extend(self.late_reply(transition));
        steps
    }

    fn key(&self, before: &State, step: &PageStep) -> Self::Key {
        let mut browser = before.browsers[self.browser].clone();
        let socket = browser.socket.take().filter(|_| browser.open);
        for tab in &mut browser.tabs {
            // What became of a sync elsewhere, and what the model remembers for itself, a page cannot see.
            tab.sync = tab.sync.as_ref().map(|_| Asking::Lost);
            tab.owed = false;
        }
        let topics = socket.map_or_else(Vec::new, |socket| names::topics(before.connections[socket].topics));
        (browser, topics, step.clone())
    }

    /// The sync that follows a push at once is part of the push's step; and each reply names the sync that it answers.
    fn join(&self, steps: Vec<PageStep>) -> Vec<PageStep> {
        let mut joined: Vec<PageStep> = Vec::new();
        let mut asked: BTreeMap<usize, usize> = BTreeMap::new();
        for mut step in steps {
            if let PageInput::Reply { tab, to, .. } | PageInput::Unknown { tab, to } = &mut step.input {
                // Until here, the number counts back from the newest sync.
                *to = asked.get(tab).copied().unwrap_or_default() - *to;
            }
            for tab in &step.then {
                *asked.entry(tab.tab).or_default() += tab.asks.len();
            }
            match (&step.input, joined.last_mut()) {
                (PageInput::Wait { tab: usize::MAX }, Some(push)) => {
                    for (earlier, later) in push.then.iter_mut().zip(step.then) {
                        earlier.asks.extend(later.asks);
                    }
                }
                _ => joined.push(step),
            }
        }
        joined
    }
}

impl PageView {
    /// Whether the tab has received a push of a log that it does not know, and no sync is under way.
    fn asks_at_once(&self, state: &State, tab: usize) -> bool {
        let tab = &state.browsers[self.browser].tabs[tab];
        let known = |epoch| tab.cursor.is_some_and(|cursor| cursor.epoch == epoch);
        tab.open && tab.sync.is_none() && tab.heard.iter().any(|heard| !known(heard.cursor.epoch))
    }

    /// What the action means to this browser; `None` if it does not notice it.
    fn input(
        &self,
        Transition {
            protocol,
            before,
            action,
            after,
        }: &Transition<'_>,
    ) -> Option<PageInput> {
        let (browser, later) = (&before.browsers[self.browser], &after.browsers[self.browser]);
        let mine = |page: &usize| *page == self.browser;
        match action {
            Action::Open { .. } if !browser.open && later.open => Some(PageInput::Open {
                topics: names::topics(after.connections[later.socket?].topics),
            }),
            Action::Notice { page } | Action::Vanish { page } if mine(page) && browser.open => Some(PageInput::Lose),
            Action::Post { notify, socket } | Action::PostTwice { notify, socket }
                if before.listens(self.browser, *socket) =>
            {
                let (cursor, prev, entry) = before.push(protocol, *notify, *socket)?;
                let Entry { update, topics } = entry;
                Some(PageInput::Push {
                    push: PushMessage {
                        epoch: names::epoch(cursor.epoch),
                        version: cursor.version,
                        prev,
                        topics: names::topics(topics),
                        id: names::update(update),
                    },
                })
            }
            Action::Hear { page, tab } if mine(page) => match &browser.tabs[*tab].sync {
                Some(Asking::Answered(reply)) => Some(self.reply(before, *tab, 0, reply)),
                _ => None,
            },
            Action::GapSync { page, tab } if mine(page) && self.asks_at_once(before, *tab) => {
                Some(PageInput::Wait { tab: usize::MAX })
            }
            Action::SyncAgain { page, tab }
            | Action::GapSync { page, tab }
            | Action::PeriodicSync { page, tab }
            | Action::NeedlessSync { page, tab }
                if mine(page) =>
            {
                Some(PageInput::Wait { tab: *tab })
            }
            Action::Reload { page } if mine(page) => Some(PageInput::Reload),
            Action::OpenTab { page, tab } if mine(page) => Some(PageInput::OpenTab { tab: *tab }),
            Action::CloseTab { page, tab } if mine(page) => Some(PageInput::CloseTab { tab: *tab }),
            _ => None,
        }
    }

    fn step(&self, input: PageInput, transition: &Transition<'_>) -> PageStep {
        let (before, after) = (
            &transition.before.browsers[self.browser],
            &transition.after.browsers[self.browser],
        );
        let is_reset = |tab: usize| match &before.tabs[tab].sync {
            Some(Asking::Answered(Reply::Updates { reset, .. })) => *reset && matches!(input, PageInput::Reply { .. }),
            _ => false,
        };
        let then = (0..after.tabs.len()).filter(|tab| after.tabs[*tab].open).map(|tab| {
            let (earlier, later) = (&before.tabs[tab], &after.tabs[tab]);
            let shown = if is_reset(tab) {
                Default::default()
            } else {
                earlier.shown
            };
            let asked_before = matches!(&earlier.sync, Some(Asking::Asked(..)));
            let again = matches!(input, PageInput::Wait { tab: at } if at == tab);
            let asks = matches!(&later.sync, Some(Asking::Asked(..))) && (!asked_before || again);
            Tab {
                tab,
                shows: newly_shown(&shown, &later.shown),
                asks: asks
                    .then(|| Sync {
                        cursor: later.cursor.map(names::at),
                    })
                    .into_iter()
                    .collect(),
                cursor: later.cursor.map(names::at),
            }
        });
        PageStep {
            then: then.collect(),
            hangs_up: before.open && !after.open && !matches!(input, PageInput::Lose),
            input,
        }
    }

    /// By R5, the reply to a sync that was sent again does not count. The model forgets it; here it arrives.
    fn late_reply(&self, transition: &Transition<'_>) -> Option<PageStep> {
        let Action::NeedlessSync { page, tab } = transition.action else {
            return None;
        };
        let Some(Asking::Answered(reply @ (Reply::Nothing | Reply::Updates { .. }))) =
            transition.before.browsers[*page].tabs[*tab]
                .sync
                .as_ref()
                .filter(|_| *page == self.browser)
        else {
            return None;
        };
        let nothing_happens = Transition {
            before: transition.after,
            ..*transition
        };
        Some(self.step(self.reply(transition.before, *tab, 1, reply), &nothing_happens))
    }

    /// The answer to the tab's newest sync, or to one that is this many syncs older.
    fn reply(&self, state: &State, tab: usize, older: usize, reply: &Reply) -> PageInput {
        let loaded = state.browsers[self.browser].tabs[tab].loaded;
        let reply = match reply {
            Reply::UnknownConnection => return PageInput::Unknown { tab, to: older },
            Reply::Nothing => ReplyMessage {
                cursor: None,
                reset: false,
                more: false,
                updates: Vec::new(),
            },
            Reply::Updates {
                cursor,
                reset,
                more,
                updates,
            } => ReplyMessage {
                cursor: Some(names::at(*cursor)),
                reset: *reset,
                more: *more,
                updates: updates
                    .iter()
                    .map(|(version, entry)| Told {
                        version: *version,
                        topics: names::topics(entry.topics),
                        id: names::update(entry.update),
                        before_load: crate::state::Cursor {
                            epoch: cursor.epoch,
                            version: *version,
                        }
                        .precedes(loaded),
                    })
                    .collect(),
            },
        };
        PageInput::Reply { tab, to: older, reply }
    }
}

/// The updates that are shown now and were not before, oldest first. Those that the page only counts as shown are not.
fn newly_shown(before: &[Option<Shown>], after: &[Option<Shown>]) -> Vec<Shows> {
    let mut updates: BTreeMap<(u8, usize), Vec<String>> = BTreeMap::new();
    for (topic, (before, after)) in before.iter().zip(after).enumerate() {
        if let Some(shown) = after.filter(|shown| *before != Some(*shown) && !shown.left_out) {
            updates
                .entry((shown.version, shown.update))
                .or_default()
                .push(names::topic(topic));
        }
    }
    updates
        .into_iter()
        .map(|((version, update), topics)| Shows {
            topics,
            version,
            id: names::update(update),
        })
        .collect()
}
