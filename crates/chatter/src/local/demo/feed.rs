//! The activity feed of the demo page, as server-sent events. Entries are numbered, and the newest are kept, so that a
//! page which was disconnected for a moment, or another page in its place, can ask for those that it has missed.

use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use chatterbox_gateway::ActivityEntry;
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{
    broadcast::{self, error::RecvError},
    watch,
};

/// The feed of one run of this program.
#[derive(Clone, Debug)]
pub(in crate::local) struct Feed {
    /// A random name of this run of the program: entries of another run have the same numbers.
    run: Arc<str>,
    recent: watch::Receiver<Recent>,
    system: watch::Receiver<System>,
}

/// The state of the whole system, as the page shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(in crate::local) struct System {
    /// Whether chaos is on.
    pub(in crate::local) chaos: bool,
    /// The id of the table of chatter IDs. A chatter ID that was issued with other tables is not in it.
    pub(in crate::local) tables: Arc<str>,
}

/// The newest entries, each as JSON.
#[derive(Debug, Default)]
struct Recent {
    entries: VecDeque<(Instant, Arc<str>)>,
    /// The number that the next entry will have.
    next: u64,
}

impl Recent {
    /// How many entries are kept: as many as a page shows.
    const MOST: usize = 200;

    fn push(&mut self, entry: Arc<str>) {
        self.entries.push_back((Instant::now(), entry));
        self.next += 1;
        if self.entries.len() > Self::MOST {
            self.entries.pop_front();
        }
    }

    /// The first entry that is kept and has at least this number, and its number.
    fn from(&self, number: u64) -> Option<(u64, Arc<str>)> {
        let number = number.max(self.first());
        let index = usize::try_from(number - self.first()).ok()?;
        let (_, entry) = self.entries.get(index)?;
        Some((number, Arc::clone(entry)))
    }

    /// The number of the oldest entry that is kept.
    fn first(&self) -> u64 {
        self.next - self.entries.len() as u64
    }

    /// The number of the first entry that is no older than this.
    fn within(&self, age: Duration) -> u64 {
        let older = self.entries.partition_point(|(time, _)| time.elapsed() > age);
        self.first() + older as u64
    }
}

impl Feed {
    /// Keeps the entries of `activity` until it ends.
    pub(in crate::local) fn start(
        mut activity: broadcast::Receiver<ActivityEntry>,
        system: watch::Receiver<System>,
    ) -> Feed {
        let (sender, recent) = watch::channel(Recent::default());
        tokio::spawn(async move {
            loop {
                match activity.recv().await {
                    // All fields of an entry can be written as JSON.
                    Ok(entry) => {
                        let json = serde_json::to_string(&entry).unwrap_or_default();
                        sender.send_modify(|recent| recent.push(json.into()));
                    }
                    // Entries came too fast, and the oldest are missing.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
        Feed {
            run: format!("{:016x}", fastrand::u64(..)).into(),
            recent,
            system,
        }
    }

    /// The number of the first entry for a reader. One that had the entry of this ID last gets the next; or all that
    /// are kept, if that ID is of another run. One that has had none gets those of its own lifetime.
    fn position(&self, last: Option<&str>, age: Duration) -> u64 {
        let Some(last) = last else {
            return self.recent.borrow().within(age);
        };
        let number = last.strip_prefix(&*self.run).and_then(|rest| rest.strip_prefix('.'));
        number
            .and_then(|number| number.parse::<u64>().ok())
            .map_or(0, |number| number.saturating_add(1))
    }

    fn entries(&self, position: u64) -> impl Stream<Item = Event> + use<> {
        let reader = (self.recent.clone(), Arc::clone(&self.run), position);
        stream::unfold(reader, |(mut recent, run, position)| async move {
            loop {
                let entry = recent.borrow_and_update().from(position);
                if let Some((number, json)) = entry {
                    let event = Event::default().id(format!("{run}.{number}")).data(json);
                    return Some((event, (recent, run, number + 1)));
                }
                recent.changed().await.ok()?;
            }
        })
    }

    /// The state of the system, at once and whenever it has changed.
    fn system(&self) -> impl Stream<Item = Event> + use<> {
        let unknown: Option<System> = None;
        stream::unfold((self.system.clone(), unknown), |(mut system, told)| async move {
            loop {
                let now = system.borrow_and_update().clone();
                if told.as_ref() != Some(&now) {
                    // `retry`: the time after which a browser whose stream has ended asks again.
                    let event = Event::default().event("system").retry(Duration::from_secs(1));
                    return Some((event.json_data(&now).unwrap_or_default(), (system, Some(now))));
                }
                if system.changed().await.is_err() {
                    // It does not change any more. The stream goes on, since entries still come.
                    std::future::pending::<()>().await;
                }
            }
        })
    }
}

/// The query of a request for the stream.
#[derive(Deserialize)]
pub(super) struct ActivityQuery {
    /// The ID of the last entry that the page has had.
    after: Option<String>,
    /// If it has had none: how long it has been open, in milliseconds.
    #[serde(default)]
    age: u64,
}

/// `GET /demo/activity`: the stream. A browser that reconnects by itself sends the last ID in a header.
pub(super) async fn activity(
    State(feed): State<Feed>,
    Query(ActivityQuery { after, age }): Query<ActivityQuery>,
    headers: HeaderMap,
) -> impl IntoResponse {
    let header = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let position = feed.position(header.or(after.as_deref()), Duration::from_millis(age));
    let events = stream::select(feed.system(), feed.entries(position));
    Sse::new(events.map(Ok::<Event, Infallible>)).keep_alive(KeepAlive::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent(entries: u64) -> Recent {
        let mut recent = Recent::default();
        for number in 0..entries {
            recent.push(number.to_string().into());
        }
        recent
    }

    fn all_from(recent: &Recent, mut number: u64) -> Vec<u64> {
        let mut found = Vec::new();
        while let Some((at, entry)) = recent.from(number) {
            assert_eq!(*entry, *at.to_string());
            found.push(at);
            number = at + 1;
        }
        found
    }

    #[test]
    fn a_reader_gets_the_entries_that_it_has_not_had_and_that_are_kept() {
        let most = Recent::MOST as u64;
        for (entries, from, expected) in [
            (0, 0, 0..0),
            (3, 0, 0..3),
            (3, 2, 2..3),
            (3, 3, 3..3),
            (most + 5, 0, 5..most + 5),
            (most + 5, 7, 7..most + 5),
            (3, u64::MAX, 0..0),
        ] {
            assert_eq!(
                all_from(&recent(entries), from),
                expected.collect::<Vec<_>>(),
                "{entries}, {from}"
            );
        }
    }

    #[test]
    fn a_reader_goes_on_after_its_last_id_only_if_that_is_of_this_run() {
        let (_sender, recent) = watch::channel(recent(9));
        let (_sender, system) = watch::channel(System::default());
        let run = "a".into();
        let feed = Feed { run, recent, system };
        for (last, position) in [
            (Some("a.4"), 5),
            (Some("a.18446744073709551615"), u64::MAX),
            (Some("b.4"), 0),
            (Some("a"), 0),
            (Some("a.-1"), 0),
            (Some(""), 0),
            (Some("aa.4"), 0),
        ] {
            assert_eq!(feed.position(last, Duration::ZERO), position, "{last:?}");
        }
        assert_eq!(feed.position(None, Duration::ZERO), 9);
        assert_eq!(feed.position(None, Duration::from_secs(3_600)), 0);
    }
}
