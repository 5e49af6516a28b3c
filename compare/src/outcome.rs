//! What was counted at the end of a run.

use crate::{browser::View, plan::Client, site::Site};

/// What was counted at the end of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Updates that the pipeline sent, each to one login.
    pub sent: usize,
    /// Pages that were open at the end.
    pub pages: usize,
    /// Updates that a page never learned of: since it was loaded they were neither shown nor counted as missed; the sum over
    /// all pages.
    pub never_learned: usize,
    /// Topics of a page that do not show their newest update; the sum over all pages.
    pub out_of_date: usize,
    /// How often a page showed what it had shown before, or something older than it had.
    pub disorder: usize,
    /// Posts to sockets that had ended.
    pub posts_to_the_dead: usize,
    /// Posts in all.
    pub posts: usize,
    /// Sockets that lost their row while they were open.
    pub dropped: usize,
    /// Sockets that are open and have no row: they hear nothing any more.
    pub deaf: usize,
    /// Rows of sockets that have ended.
    pub rows_left: usize,
    /// Deliveries of events that had to be repeated, since they failed.
    pub delivered_again: usize,
    /// Events that failed to the last.
    pub given_up: usize,
}

impl Outcome {
    /// Whether Chatterbox's promise is kept: every page knows of every update and shows the newest of each topic, and no open
    /// socket hears nothing. It holds for events that were delivered at all.
    pub fn keeps_the_promise(&self) -> bool {
        (
            self.never_learned,
            self.out_of_date,
            self.disorder,
            self.deaf,
            self.given_up,
        ) == (0, 0, 0, 0, 0)
    }

    /// Adds what a browser's page has missed.
    pub(crate) fn add_page(&mut self, client: &Client, view: &View, site: &Site) {
        let updates = site.updates(&client.login);
        let missed = match view.counted {
            Some(counted) => updates.len().abs_diff(usize::try_from(counted).unwrap_or(usize::MAX)),
            None => (view.loaded_with..updates.len())
                .filter(|place| !view.heard.contains(place))
                .count(),
        };
        let (newest, _) = site.data(&client.login);
        self.pages += 1;
        self.never_learned += missed;
        self.out_of_date += newest
            .iter()
            .filter(|(topic, id)| view.shown.get(*topic) != Some(*id))
            .count();
        self.disorder += view.disorder;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Update;
    use std::time::Duration;

    #[test]
    fn a_page_has_missed_what_came_after_its_loading_and_was_neither_shown_nor_counted() {
        let site = Site::default();
        for (place, topic) in ["a", "a", "b", "b"].into_iter().enumerate() {
            site.write(Update {
                at: Duration::ZERO,
                login: "l".to_owned(),
                topic,
                id: place.to_string(),
                again: None,
            });
        }
        let client = Client {
            login: "l".to_owned(),
            loads_again: None,
        };
        // What the page heard, how many it counted, what it shows; what it never learned of, and how many topics are old.
        for (heard, counted, shown, expected) in [
            (vec![1, 2, 3], None, ["1", "3"], (0, 0)),
            (vec![1, 3], None, ["1", "3"], (1, 0)),
            (vec![1, 3, 2], None, ["1", "2"], (0, 1)),
            (vec![], None, ["0", "0"], (3, 2)),
            (vec![3], Some(4), ["1", "3"], (0, 0)),
            (vec![3], Some(3), ["1", "3"], (1, 0)),
        ] {
            let view = View {
                loaded_with: 1,
                heard,
                counted,
                shown: ["a", "b"]
                    .map(str::to_owned)
                    .into_iter()
                    .zip(shown.map(str::to_owned))
                    .collect(),
                ..View::default()
            };
            let mut outcome = Outcome::default();
            outcome.add_page(&client, &view, &site);
            assert_eq!((outcome.never_learned, outcome.out_of_date), expected, "{view:?}");
        }
    }
}
