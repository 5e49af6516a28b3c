//! The updates table: of every login the newest update of each topic, in one item, with a version that counts them all.
//!
//! Recording is one write with no read before it. Its condition keeps a retry from counting twice (same id) and from
//! putting something old over something newer (`at`).

use crate::{
    Body, EventTime, Login, StoreError, Timestamp, Topic, Update, Version,
    tables::item::{Item, NOBODY, Row, number, string},
};
use aws_sdk_dynamodb::{
    Client,
    operation::update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    types::{
        AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure,
        error::ConditionalCheckFailedException as ConditionFailed,
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use uuid::Uuid;

/// The table of updates.
#[derive(Clone, Debug)]
pub struct Updates {
    client: Client,
    table: String,
}

/// The result of recording an update.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// It is the login's newest, of all its topics but those that have something newer.
    New {
        /// The login's log.
        epoch: String,
        /// The update's number.
        version: Version,
        /// The topics that it is the newest of, in the event's order.
        topics: Vec<Topic>,
        /// The version of each topic before it.
        before: BTreeMap<Topic, Version>,
        /// The topics for which the login has no room: nothing is recorded under them.
        no_room: Vec<Topic>,
    },
    /// It was recorded before under this id, and is still the newest of at least one topic.
    Repeat {
        /// The login's log.
        epoch: String,
        /// The number it was given then.
        version: Version,
        /// The update as it was recorded then, with the topics that still hold it, in the event's order.
        stored: Update,
    },
    /// Every one of its topics has something newer: a retry that came late.
    Stale,
    /// The login has updates on [`Topic::MAX_PER_LOGIN`] topics, and there is nothing new here but topics beyond these.
    NoRoom,
}

impl Recorded {
    /// Whether the login had no room for some of the update's topics.
    pub fn lacks_room(&self) -> bool {
        match self {
            Recorded::New { no_room, .. } => !no_room.is_empty(),
            Recorded::NoRoom => true,
            Recorded::Repeat { .. } | Recorded::Stale => false,
        }
    }
}

/// A login's log, as far as it is kept.
#[derive(Clone, Debug)]
pub struct UpdateLog {
    /// Which log: another one begins when this one is lost.
    pub epoch: String,
    /// The number of the newest update.
    pub version: Version,
    /// The newest update of each topic, in no order.
    pub entries: Vec<Entry>,
}

/// The newest update of a topic.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The topic.
    pub topic: Topic,
    /// The update's number.
    pub version: Version,
    /// The update's ID, by which repeats are found.
    pub id: String,
    /// When it happened, by the pipeline's clock.
    pub at: Timestamp,
    /// When it was recorded, by the clock of the function that did. An item that was written before this was kept says
    /// `at` in its place.
    pub recorded: Timestamp,
    /// The body that the pipeline sent.
    pub body: Body,
}

impl Updates {
    /// The time for which a login's updates are kept after the last one.
    pub const LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

    /// The table of that name.
    pub fn new(client: Client, table: impl Into<String>) -> Updates {
        Updates {
            client,
            table: table.into(),
        }
    }

    /// Records an update under each of its topics, all with the same version, or says why not. A topic that has something
    /// newer is left out, and so is one for which the login has no room: an update that is stale for one topic may be new for
    /// another.
    ///
    /// # Errors
    /// If the table cannot be written. Recording again is safe: it is then a repeat.
    pub async fn record(&self, login: &Login, update: &Update) -> Result<Recorded, StoreError> {
        let mut update = update.clone();
        let mut no_room = Vec::new();
        // Reserve room as if every topic were new to the login. Only when its item is nearly full (16 topics) does the write
        // fail for that, and the item that comes back shows which topics exist.
        let mut new_topics = update.topics.len();
        let new_epoch = Uuid::new_v4().to_string();
        let now = Timestamp::now();
        loop {
            let write = self.write(login, &update, &new_epoch, Topic::MAX_PER_LOGIN - new_topics, now);
            let log = match write.send().await {
                Ok(output) => {
                    let old = output.attributes().filter(|old| old.contains_key("epoch"));
                    return Ok(recorded(old.map(read).transpose()?, new_epoch, update.topics, no_room));
                }
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(ConditionFailed {
                        item: Some(item),
                        ..
                    })) => read(item)?,
                    _ => return Err(StoreError::of("UpdateItem", &error)),
                },
            };
            if let Some(repeat) = repeat(&log, &update) {
                return Ok(repeat);
            }
            let asked = (update.topics.len(), new_topics);
            update.topics.retain(|topic| {
                log.entry(topic)
                    .is_none_or(|newest| newest.gives_way_to(update.at, now))
            });
            no_room.extend(log.topics_beyond_room(&mut update.topics));
            new_topics = update.topics.iter().filter(|topic| log.entry(topic).is_none()).count();
            // Every retry names fewer topics or reserves less room, so the loop ends.
            match (update.topics.is_empty(), no_room.is_empty()) {
                (true, true) => return Ok(Recorded::Stale),
                (true, false) => return Ok(Recorded::NoRoom),
                (false, _) if (update.topics.len(), new_topics) == asked => return Ok(Recorded::NoRoom),
                (false, _) => {}
            }
        }
    }

    /// A login's log, read strongly consistently; `None` if it has none.
    ///
    /// # Errors
    /// If the table cannot be read or the row is corrupt.
    pub async fn read(&self, login: &Login) -> Result<Option<UpdateLog>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let found = get.key("login", string(login.as_str())).send().await;
        let Some(item) = found.map_err(|error| StoreError::of("GetItem", &error))?.item else {
            return Ok(None);
        };
        if (Row {
            table: "updates",
            item: &item,
        })
        .has_expired(Timestamp::now())?
        {
            return Ok(None);
        }
        read(&item).map(Some)
    }

    /// Makes the connection to DynamoDB, by a read that finds nothing.
    pub async fn warm_up(&self) {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("login", string(NOBODY));
        let _ = get.send().await;
    }

    fn write(
        &self,
        login: &Login,
        update: &Update,
        new_epoch: &str,
        room: usize,
        now: Timestamp,
    ) -> UpdateItemFluentBuilder {
        let names = update.topics.iter().map(|topic| topic.as_str().to_owned()).collect();
        let mut set = "SET epoch = if_not_exists(epoch, :epoch), version = if_not_exists(version, :zero) + :one, \
                       expires_at = :expires"
            .to_owned();
        let mut condition = "(attribute_not_exists(topics) OR size(topics) <= :room)".to_owned();
        let mut write = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("login", string(login.as_str()));
        for (n, topic) in update.topics.iter().enumerate() {
            set += &format!(", #v{n} = if_not_exists(version, :zero) + :one, #u{n} = :update");
            condition += &format!(
                " AND (attribute_not_exists(#u{n}) \
                 OR (#u{n}.id <> :id AND (#u{n}.#at <= :at OR #u{n}.#at > :latest)))"
            );
            write = write
                .expression_attribute_names(format!("#v{n}"), format!("{VERSION_OF}{}", topic.as_str()))
                .expression_attribute_names(format!("#u{n}"), format!("{UPDATE_OF}{}", topic.as_str()));
        }
        write
            .update_expression(set + " ADD topics :topics")
            .condition_expression(condition)
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":epoch", string(new_epoch))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":expires", number((now + Self::LIFE).seconds()))
            .expression_attribute_values(":room", number(room))
            .expression_attribute_values(":id", string(&update.id))
            .expression_attribute_values(":at", number(update.at.millis()))
            .expression_attribute_values(":latest", number((now + EventTime::TOLERANCE).millis()))
            .expression_attribute_values(":update", newest(update, now))
            .expression_attribute_values(":topics", AttributeValue::Ss(names))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

impl Entry {
    /// Whether an update of this time replaces it. An entry whose time is in the future is replaced by any update: it was
    /// recorded by a version that did not yet take such times for now, and would silence its topic until then.
    fn gives_way_to(&self, at: Timestamp, now: Timestamp) -> bool {
        self.at <= at || self.at > now + EventTime::TOLERANCE
    }
}

const VERSION_OF: &str = "v:";
const UPDATE_OF: &str = "u:";

/// An update as the attribute that holds it for each of its topics.
fn newest(update: &Update, now: Timestamp) -> AttributeValue {
    AttributeValue::M(HashMap::from([
        ("id".to_owned(), string(&update.id)),
        ("at".to_owned(), number(update.at.millis())),
        ("recorded".to_owned(), number(now.millis())),
        ("body".to_owned(), string(update.body.as_str())),
    ]))
}

/// The result of a successful write, by the item as it was before.
fn recorded(old: Option<UpdateLog>, new_epoch: String, topics: Vec<Topic>, no_room: Vec<Topic>) -> Recorded {
    match old {
        Some(log) => {
            let before = log
                .entries
                .into_iter()
                .map(|entry| (entry.topic, entry.version))
                .collect();
            Recorded::New {
                epoch: log.epoch,
                version: log.version + 1,
                topics,
                before,
                no_room,
            }
        }
        None => Recorded::New {
            epoch: new_epoch,
            version: 1,
            topics,
            before: BTreeMap::new(),
            no_room,
        },
    }
}

/// The update that was recorded under the same ID, if the item that refused a write still holds it.
fn repeat(log: &UpdateLog, update: &Update) -> Option<Recorded> {
    let entries = || update.topics.iter().filter_map(|topic| log.entry(topic));
    let same = entries().find(|entry| entry.id == update.id)?;
    let topics = entries()
        .filter(|entry| entry.version == same.version)
        .map(|entry| entry.topic.clone())
        .collect();
    let stored = Update {
        id: same.id.clone(),
        at: same.at,
        topics,
        body: same.body.clone(),
    };
    Some(Recorded::Repeat {
        epoch: log.epoch.clone(),
        version: same.version,
        stored,
    })
}

impl UpdateLog {
    /// The newest update of a topic.
    fn entry(&self, topic: &Topic) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.topic == *topic)
    }

    /// Takes the topics out for which there is no room, and returns them: the first new ones get the room that is left.
    fn topics_beyond_room(&self, topics: &mut Vec<Topic>) -> Vec<Topic> {
        let mut room = Topic::MAX_PER_LOGIN.saturating_sub(self.entries.len());
        let beyond = topics.extract_if(.., |topic| {
            let is_new = self.entry(topic).is_none();
            let fits = !is_new || room > 0;
            room = room.saturating_sub(usize::from(is_new));
            !fits
        });
        beyond.collect()
    }
}

fn read(item: &Item) -> Result<UpdateLog, StoreError> {
    let row = Row { table: "updates", item };
    let names = item.keys().filter_map(|key| key.strip_prefix(UPDATE_OF));
    Ok(UpdateLog {
        epoch: row.string("epoch")?.to_owned(),
        version: version(&row, "version")?,
        entries: names.map(|name| read_entry(&row, name)).collect::<Result<_, _>>()?,
    })
}

fn read_entry(row: &Row<'_>, name: &str) -> Result<Entry, StoreError> {
    let newest = row
        .item
        .get(&format!("{UPDATE_OF}{name}"))
        .and_then(|value| value.as_m().ok());
    let newest = Row {
        table: "updates",
        item: newest.ok_or_else(|| row.corrupt("u:<topic>"))?,
    };
    let time = |attribute: &'static str| {
        Timestamp::from_millis(newest.integer(attribute)?).ok_or_else(|| newest.corrupt(attribute))
    };
    let at = time("at")?;
    let recorded = if newest.item.contains_key("recorded") {
        time("recorded")?
    } else {
        at
    };
    Ok(Entry {
        topic: Topic::parse(name).ok_or_else(|| row.corrupt("u:<topic>"))?,
        version: version(row, &format!("{VERSION_OF}{name}"))?,
        id: newest.string("id")?.to_owned(),
        at,
        recorded,
        body: Body::stored(newest.string("body")?).ok_or_else(|| newest.corrupt("body"))?,
    })
}

fn version(row: &Row<'_>, attribute: &str) -> Result<Version, StoreError> {
    let digits = row.item.get(attribute).and_then(|value| value.as_n().ok());
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| row.corrupt("version"))
}

#[cfg(test)]
mod tests;
