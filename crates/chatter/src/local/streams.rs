//! Event source mappings: what changes in a table with a stream reaches its function, as it does in AWS. The streams are the
//! engine's own, so it does not matter who changed the table, and by which client.

mod delivery;

use super::database::Database;
use chatterbox_core::{Function, StoreError, Tables, schema};
use chatterbox_gateway::Gateway;
use delivery::{Delivery, Outcome};
use dynoxide::{
    actions::{
        get_records::{GetRecordsRequest, Record},
        get_shard_iterator::GetShardIteratorRequest,
        list_tags_of_resource::ListTagsOfResourceRequest,
        tag_resource::TagResourceRequest,
    },
    streams::{shard_id, stream_arn, table_arn},
    types::Tag,
};
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::sleep};

/// One mapping. Those that are deployed are in infra/lib/sources.ts.
#[derive(Clone, Debug)]
struct Mapping {
    table: String,
    function: Function,
    /// The records that the function is invoked with.
    filter: fn(&Record) -> bool,
    /// The most records of one invocation.
    batch_size: usize,
}

/// The mappings of a deployed Chatterbox.
fn mappings(tables: &Tables) -> [Mapping; 2] {
    [
        Mapping {
            table: tables.chatters.clone(),
            function: Function::Revoke,
            filter: |record| record.event_name == "REMOVE",
            batch_size: 100,
        },
        Mapping {
            table: schema::OUTBOX.name.to_owned(),
            function: Function::Notify,
            filter: |record| record.event_name == "INSERT" || record.event_name == "MODIFY",
            batch_size: 10,
        },
    ]
}

/// The pause after each read. Lambda asks a stream four times a second.
const PAUSE: Duration = Duration::from_millis(250);

/// How often items that have expired are deleted. In AWS that takes up to two days.
const EXPIRY: Duration = Duration::from_secs(3600);

/// Reads the streams until it is dropped.
pub(super) fn start(database: &Arc<Database>, gateway: &Arc<Gateway>, tables: &Tables) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for mapping in mappings(tables) {
        let reader = Reader {
            mapping,
            database: Arc::clone(database),
            gateway: Arc::clone(gateway),
        };
        tasks.spawn(reader.run());
    }
    let database = Arc::clone(database);
    tasks.spawn(async move {
        loop {
            sleep(EXPIRY).await;
            if let Err(error) = database.delete_expired().await {
                tracing::error!(%error, "expired items were not deleted");
            }
        }
    });
    tasks
}

/// The reader of one table's stream.
struct Reader {
    mapping: Mapping,
    database: Arc<Database>,
    gateway: Arc<Gateway>,
}

impl Reader {
    async fn run(self) {
        let mut changes = self.database.changes();
        loop {
            match self.read().await {
                Ok(true) => {}
                // Nothing is left: until something is written, there is nothing to read.
                Ok(false) => {
                    if changes.changed().await.is_err() {
                        return;
                    }
                }
                Err(error) => tracing::error!(%error, table = self.mapping.table, "the table's stream cannot be read"),
            }
            sleep(PAUSE).await;
        }
    }

    /// Delivers what has been written since the last time, and says whether there was anything.
    async fn read(&self) -> Result<bool, StoreError> {
        let table = self.mapping.table.clone();
        let records = self.database.with_engine(move |engine| unread(engine, &table)).await?;
        let Some(last) = records.last() else {
            return Ok(false);
        };
        let last = last.dynamodb.sequence_number.clone();
        let wanted: Vec<Record> = records.into_iter().filter(self.mapping.filter).collect();
        let delivery = Delivery {
            gateway: &self.gateway,
            table: &self.mapping.table,
            function: self.mapping.function.name(),
            batch_size: self.mapping.batch_size,
        };
        // What was delivered before a restart is not delivered again, unless it ended in between.
        if delivery.deliver(&wanted).await == Outcome::Stopped {
            std::future::pending::<()>().await;
        }
        let table = self.mapping.table.clone();
        self.database
            .with_engine(move |engine| remember(engine, &table, last))
            .await?;
        Ok(true)
    }
}

/// The tag of a table in which a reader keeps its place, so that it goes on from there when the tables are in a file.
const PLACE: &str = "chatter-local:stream-place";

/// The records after the reader's place; from the beginning if it has none yet.
fn unread(engine: &dynoxide::Database, table: &str) -> dynoxide::Result<Vec<Record>> {
    let tags = engine.list_tags_of_resource(ListTagsOfResourceRequest {
        resource_arn: Some(table_arn(table)),
    })?;
    let place = tags.tags.into_iter().find(|tag| tag.key == PLACE).map(|tag| tag.value);
    let kind = if place.is_some() {
        "AFTER_SEQUENCE_NUMBER"
    } else {
        "TRIM_HORIZON"
    };
    let iterator = engine.get_shard_iterator(GetShardIteratorRequest {
        stream_arn: stream_arn(table, ""),
        shard_id: shard_id(table),
        shard_iterator_type: kind.to_owned(),
        sequence_number: place,
    })?;
    let records = engine.get_records(GetRecordsRequest {
        shard_iterator: iterator.shard_iterator.unwrap_or_default(),
        limit: None,
    })?;
    Ok(records.records)
}

fn remember(engine: &dynoxide::Database, table: &str, place: String) -> dynoxide::Result<()> {
    let tag = Tag {
        key: PLACE.to_owned(),
        value: place,
    };
    let tags = TagResourceRequest {
        resource_arn: Some(table_arn(table)),
        tags: vec![tag],
    };
    engine.tag_resource(tags).map(drop)
}
