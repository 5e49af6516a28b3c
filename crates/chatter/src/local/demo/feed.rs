//! What the system does, as server-sent events. Its entries are numbered, and the newest are kept, so that a page which
//! was away for a moment, or another one that goes on in its place, asks for what it has not had.

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
    /// Tells the entries of this run from those of another one, which had the same numbers.
    run: Arc<str>,
    recent: watch::Receiver<Recent>,
    system: watch::Receiver<System>,
}

/// What a page has to know of the system as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(in crate::local) struct System {
    /// Whether something is broken every few seconds, on purpose.
    pub(in crate::local) chaos: bool,
    /// Which tables these are: a chatter ID that others issued is not in them.
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
    /// As many as a page shows.
    const MOST: usize = 200;

    fn push(&mut self, entry: Arc<str>) {
        self.entries.push_back((Instant::now(), entry));
        self.next += 1;
        if self.entries.len() > Self::MOST {
            self.entries.pop_front();
        }
    }

    /// The first entry from this number on that is still kept, and its number.
    fn from(&self, number: u64) -> Option<(u64, Arc<str>)> {
        let number = number.max(self.first());
        let index = usize::try_from(number - self.first()).ok()?;
        let (_, entry) = self.entries.get(index)?;
        Some((number, Arc::clone(entry)))
    }

    /// The number of the oldest entry that is still kept.
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
    /// Notes what `activity` brings until it ends.
    pub(in crate::local) fn start(
        mut activity: broadcast::Receiver<ActivityEntry>,
        system: watch::Receiver<System>,
    ) -> Feed {
        let (sender, recent) = watch::channel(Recent::default());
        tokio::spawn(async move {
            loop {
                match activity.recv().await {
                    // All of an activity's fields can be written as JSON.
                    Ok(entry) => {
                        let json = serde_json::to_string(&entry).unwrap_or_default();
                        sender.send_modify(|recent| recent.push(json.into()));
                    }
                    // The oldest came too fast, and are missing.
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

    /// Where a reader goes on that had the entry of this ID last: with the next one; or, if that was in another run, with
    /// all that there are. A reader that has had none begins with what has happened in its own lifetime.
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

    /// How the system is, at once and whenever that has changed.
    fn system(&self) -> impl Stream<Item = Event> + use<> {
        let unknown: Option<System> = None;
        stream::unfold((self.system.clone(), unknown), |(mut system, told)| async move {
            loop {
                let now = system.borrow_and_update().clone();
                if told.as_ref() != Some(&now) {
                    // A browser whose stream has ended asks again after this time.
                    let event = Event::default().event("system").retry(Duration::from_secs(1));
                    return Some((event.json_data(&now).unwrap_or_default(), (system, Some(now))));
                }
                if system.changed().await.is_err() {
                    // It will not change any more; what happens is still told.
                    std::future::pending::<()>().await;
                }
            }
        })
    }
}

/// What a page asks for.
#[derive(Deserialize)]
pub(super) struct Wanted {
    /// The ID of the last entry that it has had, from whichever stream.
    after: Option<String>,
    /// If it has had none: for how long it has been there, in milliseconds.
    #[serde(default)]
    age: u64,
}

/// `GET /demo/activity`: the stream. A browser that asks again by itself names the last ID in a header.
pub(super) async fn activity(
    State(feed): State<Feed>,
    Query(Wanted { after, age }): Query<Wanted>,
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
    fn a_reader_gets_what_it_has_not_had_as_far_as_it_is_kept() {
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
    fn where_a_reader_goes_on_depends_on_the_run_that_it_knows() {
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
