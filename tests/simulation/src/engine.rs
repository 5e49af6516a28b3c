//! The DynamoDB engine behind the wire.

use crate::wire::Answer;
use chatterbox_core::{Tables, schema};
use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

/// An engine with the three tables, under the names `chatters`, `connections` and `updates`.
pub struct Engine {
    db: Database,
    /// The items of tables as they are since the last write: the checks ask for them after every step.
    items: RefCell<BTreeMap<String, Rc<[Value]>>>,
}

impl Engine {
    /// An engine in memory, whose tables are empty.
    ///
    /// # Panics
    /// If the engine does not make them.
    pub fn new() -> Engine {
        let engine = Engine {
            db: Database::memory().expect("memory"),
            items: RefCell::default(),
        };
        for table in schema::tables(&names()) {
            engine.must("CreateTable", &create(&table));
        }
        engine
    }

    /// Carries out a request, and says how DynamoDB answers it.
    pub fn execute(&self, operation: &str, body: &str) -> Answer {
        let (status, body) = match self.dispatch(operation, body) {
            Ok(body) => (200, body),
            Err(error) => (error.status_code(), error.to_json()),
        };
        Answer::Status(status, body)
    }

    /// All items of a table, in the order of their keys.
    ///
    /// # Panics
    /// If the engine does not answer.
    pub fn items(&self, table: &str) -> Rc<[Value]> {
        if let Some(items) = self.items.borrow().get(table) {
            return Rc::clone(items);
        }
        let found = self.must("Scan", &json!({"TableName": table}));
        let mut items = found["Items"].as_array().expect("items").clone();
        items.sort_by_cached_key(|item| (text(item, "login"), text(item, "connection_id")));
        let items: Rc<[Value]> = items.into();
        self.items.borrow_mut().insert(table.to_owned(), Rc::clone(&items));
        items
    }

    /// Writes an item as it is.
    ///
    /// # Panics
    /// If the engine refuses it.
    pub fn put(&self, table: &str, item: &Value) {
        self.must("PutItem", &json!({"TableName": table, "Item": item}));
    }

    /// Deletes every item of the table of updates.
    ///
    /// # Panics
    /// If the engine refuses it.
    pub fn lose_updates(&self) {
        for item in self.items("updates").iter() {
            self.must(
                "DeleteItem",
                &json!({"TableName": "updates", "Key": {"login": item["login"]}}),
            );
        }
    }

    fn must(&self, operation: &str, request: &Value) -> Value {
        match self.dispatch(operation, &request.to_string()) {
            Ok(answer) => serde_json::from_str(&answer).expect("JSON"),
            Err(error) => panic!("{operation}: {error}"),
        }
    }

    fn dispatch(&self, operation: &str, body: &str) -> Result<String, DynoxideError> {
        let db = &self.db;
        if !["GetItem", "Query", "Scan"].contains(&operation) {
            self.items.borrow_mut().clear();
        }
        match operation {
            "CreateTable" => write(&db.create_table(read(body))?),
            "GetItem" => write(&db.get_item(read(body))?),
            "PutItem" => write(&db.put_item(read(body))?),
            "UpdateItem" => write(&db.update_item(read(body))?),
            "DeleteItem" => write(&db.delete_item(read(body))?),
            "Query" => write(&db.query(read(body))?),
            "Scan" => write(&db.scan(read(body))?),
            "TransactWriteItems" => write(&db.transact_write_items(read(body))?),
            other => panic!("no function asks for {other}"),
        }
    }
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::new()
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

/// The names of the tables.
pub(crate) fn names() -> Tables {
    Tables {
        chatters: "chatters".to_owned(),
        connections: "connections".to_owned(),
        updates: "updates".to_owned(),
    }
}

/// A string attribute of an item; empty if it has none.
pub(crate) fn text(item: &Value, attribute: &str) -> String {
    item[attribute]["S"].as_str().unwrap_or_default().to_owned()
}

fn create(table: &schema::Table<'_>) -> Value {
    let mut attributes = vec![table.partition_key];
    let mut keys = vec![json!({"AttributeName": table.partition_key, "KeyType": "HASH"})];
    if let Some(sort_key) = table.sort_key {
        attributes.push(sort_key);
        keys.push(json!({"AttributeName": sort_key, "KeyType": "RANGE"}));
    }
    let mut request = json!({"TableName": table.name, "KeySchema": keys, "BillingMode": "PAY_PER_REQUEST"});
    if let Some((name, partition_key)) = table.index {
        request["GlobalSecondaryIndexes"] = json!([{
            "IndexName": name,
            "KeySchema": [{"AttributeName": partition_key, "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }]);
        attributes.push(partition_key);
    }
    attributes.sort_unstable();
    attributes.dedup();
    let attributes = attributes
        .iter()
        .map(|name| json!({"AttributeName": name, "AttributeType": "S"}));
    request["AttributeDefinitions"] = attributes.collect();
    request
}

fn read<T: DeserializeOwned>(body: &str) -> T {
    serde_json::from_str(body).expect("a request as DynamoDB reads it")
}

fn write(answer: &impl Serialize) -> Result<String, DynoxideError> {
    Ok(serde_json::to_string(answer).expect("an answer as DynamoDB writes it"))
}
