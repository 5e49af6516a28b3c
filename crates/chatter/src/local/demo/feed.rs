//! The feed of the demo page, as server-sent events: what the gateway does, the events of functions with their answers, and the
//! lines of their logs. Entries are numbered, and the newest are kept, so that a page which was disconnected for a moment, or
//! another page in its place, can ask for those that it has missed. A page that does not keep up is told how many it has
//! lost; nothing waits for it.

use super::{SingleFault, entry::Entry};

use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use chatterbox_gateway::Gateway;
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
#[serde(rename_all = "camelCase")]
pub(in crate::local) struct System {
    /// Whether chaos is on.
    pub(in crate::local) chaos: bool,
    /// Whether there can be chaos: it was started with it.
    pub(in crate::local) has_chaos: bool,
    /// The single fault that is on.
    pub(in crate::local) fault: Option<SingleFault>,
    /// The id of the table of chatter IDs. A chatter ID that was issued with other tables is not in it.
    pub(in crate::local) tables: Arc<str>,
}

/// The newest entries.
#[derive(Debug, Default)]
struct Recent {
    entries: VecDeque<(Instant, Arc<Entry>)>,
    /// The number that the next entry will have.
    next: u64,
    /// How many there have been that came too fast to be kept.
    lost: u64,
}

impl Recent {
    /// How many entries are kept: those of a busy second.
    const MOST: usize = 1_000;

    fn push(&mut self, entry: Entry) {
        self.entries.push_back((Instant::now(), Arc::new(entry)));
        self.next += 1;
        if self.entries.len() > Self::MOST {
            self.entries.pop_front();
        }
    }

    /// The first entry that is kept and has at least this number, and its number.
    fn from(&self, number: u64) -> Option<(u64, Arc<Entry>)> {
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

/// Where a reader is.
#[derive(Clone, Debug)]
struct Reader {
    recent: watch::Receiver<Recent>,
    /// The number of the entry that it gets next.
    position: u64,
    /// How many lost entries it has been told of, or was not there for.
    told: u64,
}

/// What a reader gets.
enum Item {
    Entry(u64, Arc<Entry>),
    /// So many entries are missing here.
    Lost(u64),
}

impl Reader {
    async fn next(&mut self) -> Option<Item> {
        loop {
            let item = {
                let recent = self.recent.borrow_and_update();
                let lost = recent.lost - self.told + recent.first().saturating_sub(self.position);
                self.told = recent.lost;
                self.position = self.position.max(recent.first());
                if lost > 0 {
                    Some(Item::Lost(lost))
                } else {
                    recent
                        .from(self.position)
                        .map(|(number, entry)| Item::Entry(number, entry))
                }
            };
            if let Some(Item::Entry(number, _)) = &item {
                self.position = number + 1;
            }
            if item.is_some() {
                return item;
            }
            self.recent.changed().await.ok()?;
        }
    }
}

/// The next entry of one of a gateway's feeds, or how many were lost; `None` at its end.
async fn next<T>(feed: &mut broadcast::Receiver<T>, entry: impl FnOnce(T) -> Entry) -> Option<Result<Entry, u64>>
where
    T: Clone,
{
    match feed.recv().await {
        Ok(item) => Some(Ok(entry(item))),
        Err(RecvError::Lagged(lost)) => Some(Err(lost)),
        Err(RecvError::Closed) => None,
    }
}

impl Feed {
    /// Keeps the entries of the gateway's feeds until they end.
    pub(in crate::local) fn start(gateway: &Gateway, system: watch::Receiver<System>) -> Feed {
        let (mut activity, mut exchanges, mut lines) = (gateway.activity(), gateway.exchanges(), gateway.lines());
        let (sender, recent) = watch::channel(Recent::default());
        tokio::spawn(async move {
            loop {
                let next = tokio::select! {
                    next = next(&mut activity, Entry::Activity) => next,
                    next = next(&mut exchanges, Entry::exchange) => next,
                    next = next(&mut lines, Entry::line) => next,
                };
                match next {
                    Some(Ok(entry)) => sender.send_modify(|recent| recent.push(entry)),
                    Some(Err(lost)) => sender.send_modify(|recent| recent.lost += lost),
                    None => return,
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
            .map_or_else(|| self.recent.borrow().first(), |number| number.saturating_add(1))
    }

    fn reader(&self, position: u64) -> Reader {
        let told = self.recent.borrow().lost;
        let recent = self.recent.clone();
        Reader { recent, position, told }
    }

    fn entries(&self, position: u64) -> impl Stream<Item = Event> + use<> {
        let reader = (self.reader(position), Arc::clone(&self.run));
        stream::unfold(reader, |(mut reader, run)| async move {
            let event = match reader.next().await? {
                Item::Entry(number, entry) => Event::default().id(format!("{run}.{number}")).data(entry.json()),
                Item::Lost(count) => Event::default().event("lost").data(count.to_string()),
            };
            Some((event, (reader, run)))
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
    use chatterbox_gateway::Line;

    fn line(text: &str) -> Entry {
        let function = "f".into();
        let text = text.to_owned();
        Entry::line(Line { function, text })
    }

    fn recent(entries: u64) -> Recent {
        let mut recent = Recent::default();
        for number in 0..entries {
            recent.push(line(&number.to_string()));
        }
        recent
    }

    fn all_from(recent: &Recent, mut number: u64) -> Vec<u64> {
        let mut found = Vec::new();
        while let Some((at, entry)) = recent.from(number) {
            assert!(entry.json().contains(&format!("\"text\":\"{at}\"")));
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

    #[tokio::test]
    async fn a_reader_that_does_not_keep_up_is_told_how_many_entries_it_has_lost_and_holds_up_nobody() {
        let (sender, recent) = watch::channel(recent(3));
        let (_sender, system) = watch::channel(System::default());
        let run = "a".into();
        let feed = Feed { run, recent, system };
        let mut reader = feed.reader(2);
        assert!(matches!(reader.next().await, Some(Item::Entry(2, _))));
        for number in 0..Recent::MOST + 5 {
            sender.send_modify(|recent| recent.push(line(&number.to_string())));
        }
        assert!(matches!(reader.next().await, Some(Item::Lost(5))));
        assert!(matches!(reader.next().await, Some(Item::Entry(8, _))));
        sender.send_modify(|recent| recent.lost += 7);
        assert!(matches!(reader.next().await, Some(Item::Lost(7))));
        assert!(matches!(reader.next().await, Some(Item::Entry(9, _))));
        assert!(
            matches!(feed.reader(9).next().await, Some(Item::Entry(9, _))),
            "one that was not there for it"
        );
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
