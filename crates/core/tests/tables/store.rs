//! Fresh tables for a test, and short ways to make what goes into them.

use aws_sdk_dynamodb::Client;
use chatterbox_core::{
    Admission, Batch, ChatterHash, Chatters, Connection, ConnectionId, Connections, Invocation, Login, Recorded,
    Tables, Timestamp, Topics, Update, UpdateLog, Updates,
    aws::{Aws, Endpoints},
    schema,
};
use serde_json::{json, value::RawValue};
use std::time::Duration;

pub(crate) struct Store {
    pub(crate) client: Client,
    pub(crate) chatters: Chatters,
    pub(crate) connections: Connections,
    pub(crate) updates: Updates,
    pub(crate) admission: Admission,
}

/// The sockets that notify would leave a login.
pub(crate) const CAP: usize = 2;
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Fresh tables on a fresh engine, on a port of their own.
pub(crate) async fn store() -> Store {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(
        listener,
        dynoxide::Database::memory().unwrap(),
    ));
    let endpoints = Endpoints {
        dynamodb: Some(endpoint),
        ..Endpoints::default()
    };
    let client = Aws::local(endpoints).dynamodb();
    let [chatters, connections, updates] = ["chatters", "connections", "updates"].map(str::to_owned);
    let tables = Tables {
        chatters,
        connections,
        updates,
    };
    schema::create_tables(&client, &tables).await.unwrap();
    Store {
        chatters: Chatters::new(client.clone(), "chatters"),
        connections: Connections::new(client.clone(), "connections"),
        updates: Updates::new(client.clone(), "updates"),
        admission: Admission::new(client.clone(), "chatters", "connections", CAP),
        client,
    }
}

pub(crate) fn login(name: &str) -> Login {
    Login::parse(name).unwrap()
}

pub(crate) fn connection(name: &str, id: &str, chatter_hash: ChatterHash) -> Connection {
    let (id, connected_at) = (ConnectionId::new(id), Timestamp::now());
    Connection {
        login: login(name),
        id,
        connected_at,
        topics: Topics::parse("a,b").unwrap(),
        chatter_hash,
    }
}

/// An update as notify would read it from its event.
pub(crate) fn update(event: &serde_json::Value) -> Update {
    let received_at = Timestamp::now();
    let invocation = Invocation {
        request_id: "request".to_owned(),
        received_at,
        deadline: received_at,
    };
    let mut event = event.clone();
    event["login"] = json!("whoever");
    let batch = Batch::parse(&RawValue::from_string(event.to_string()).unwrap(), &invocation).unwrap();
    batch.records[0].events[0].clone().unwrap().update
}

impl Store {
    pub(crate) async fn record(&self, name: &str, event: &serde_json::Value) -> Recorded {
        self.updates.record(&login(name), &update(event)).await.unwrap()
    }

    pub(crate) async fn log(&self, name: &str) -> UpdateLog {
        self.updates.read(&login(name)).await.unwrap().unwrap()
    }
}

/// Version and epoch of what must have been recorded.
#[track_caller]
pub(crate) fn new(recorded: Recorded) -> (u64, String, Vec<(String, u64)>) {
    let Recorded::New {
        epoch, version, before, ..
    } = recorded
    else {
        panic!("{recorded:?}")
    };
    (
        version,
        epoch,
        before
            .into_iter()
            .map(|(topic, version)| (topic.as_str().to_owned(), version))
            .collect(),
    )
}
