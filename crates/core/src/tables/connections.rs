//! The connections table: which sockets a login has open. Only [`crate::Admission`] adds to it.

use crate::{
    ChatterHash, Connection, ConnectionId, Login, StoreError, Timestamp, Topic, Topics,
    tables::item::{Item, NOBODY, Row, number, string},
};
use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    types::{AttributeValue, Put, ReturnValue, Select},
};

/// The index that finds a login by its connection, for `$disconnect` alone: an index lags behind its table.
pub(crate) const BY_CONNECTION_ID: &str = "by_connection_id";

/// The table of open sockets.
#[derive(Clone, Debug)]
pub struct Connections {
    client: Client,
    table: String,
}

impl Connections {
    /// The table of that name.
    pub fn new(client: Client, table: impl Into<String>) -> Connections {
        Connections {
            client,
            table: table.into(),
        }
    }

    /// All connections of a login, read strongly consistently from the base table, every page of it: an update that was
    /// recorded before this read reaches every socket whose row was stored before it.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn of(&self, login: &Login) -> Result<Vec<Connection>, StoreError> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query
            .key_condition_expression("login = :login")
            .expression_attribute_values(":login", string(login.as_str()));
        let now = Timestamp::now();
        let mut connections = Vec::new();
        let mut items = query.into_paginator().items().send();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| StoreError::of("Query", &error))?;
            add(&mut connections, &item, now);
        }
        Ok(connections)
    }

    /// So many connections of all logins, in no order, for an operator: it reads the table from its beginning.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub async fn first(&self, most: usize) -> Result<Vec<Connection>, StoreError> {
        let now = Timestamp::now();
        let mut connections = Vec::new();
        let mut items = self
            .client
            .scan()
            .table_name(&self.table)
            .into_paginator()
            .items()
            .send();
        while connections.len() < most
            && let Some(item) = items.next().await
        {
            let item = item.map_err(|error| StoreError::of("Scan", &error))?;
            add(&mut connections, &item, now);
        }
        Ok(connections)
    }

    /// Whether a login has at least so many connections, as far as an eventually consistent read knows. It reads no more rows
    /// than it needs, and those that have expired do not count.
    ///
    /// # Errors
    /// If the table cannot be read.
    pub(crate) async fn are_at_least(&self, login: &Login, rows: usize) -> Result<bool, StoreError> {
        let limit = i32::try_from(rows).unwrap_or(i32::MAX);
        let query = self.client.query().table_name(&self.table).select(Select::Count);
        let query = query
            .key_condition_expression("login = :login")
            .filter_expression("expires_at > :now")
            .expression_attribute_values(":login", string(login.as_str()))
            .expression_attribute_values(":now", number(Timestamp::now().seconds()));
        let mut counted = 0;
        let mut pages = query.into_paginator().page_size(limit).send();
        while let Some(page) = pages.next().await {
            counted += page.map_err(|error| StoreError::of("Query", &error))?.count();
            if counted >= limit {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The part of a transaction that adds a connection.
    ///
    /// # Errors
    /// Never: all that the SDK asks for is there.
    pub(crate) fn put(&self, connection: &Connection) -> Result<Put, BuildError> {
        let put = Put::builder().table_name(&self.table);
        put.set_item(Some(write(connection))).build()
    }

    /// One connection of a login, read strongly consistently; `None` if that login has no such connection.
    ///
    /// # Errors
    /// If the table cannot be read or the row is corrupt.
    pub async fn find(&self, login: &Login, id: &ConnectionId) -> Result<Option<Connection>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get
            .key("login", string(login.as_str()))
            .key("connection_id", string(id.as_str()));
        let found = get.send().await.map_err(|error| StoreError::of("GetItem", &error))?;
        found.item.map_or(Ok(None), |item| read(&item, Timestamp::now()))
    }

    /// The login of a connection, by the index. The index may not hold a young row yet: that one goes at the next 410, or
    /// expires.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn login_of(&self, id: &ConnectionId) -> Result<Option<Login>, StoreError> {
        let query = self.client.query().table_name(&self.table).index_name(BY_CONNECTION_ID);
        let query = query
            .key_condition_expression("connection_id = :id")
            .expression_attribute_values(":id", string(id.as_str()));
        let found = query.send().await.map_err(|error| StoreError::of("Query", &error))?;
        let Some(item) = found.items().first() else {
            return Ok(None);
        };
        read_login(&Row {
            table: "connections",
            item,
        })
        .map(Some)
    }

    /// Forgets a connection of whichever login has it, and says whether it was known. The index may not hold a young row
    /// yet: that one goes at the next 410, or expires.
    ///
    /// # Errors
    /// If the index cannot be read, or the table not be written.
    pub async fn forget_by_id(&self, id: &ConnectionId) -> Result<bool, StoreError> {
        match self.login_of(id).await? {
            Some(login) => self.forget(&login, id).await,
            None => Ok(false),
        }
    }

    /// A read that finds nothing: it makes the connection to DynamoDB.
    pub async fn warm_up(&self) {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("login = :login");
        let _ = query.expression_attribute_values(":login", string(NOBODY)).send().await;
    }

    /// Forgets a connection, and says whether it was known.
    ///
    /// # Errors
    /// If the table cannot be written.
    pub async fn forget(&self, login: &Login, id: &ConnectionId) -> Result<bool, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .return_values(ReturnValue::AllOld);
        let delete = delete
            .key("login", string(login.as_str()))
            .key("connection_id", string(id.as_str()));
        let deleted = delete
            .send()
            .await
            .map_err(|error| StoreError::of("DeleteItem", &error))?;
        Ok(deleted.attributes.is_some())
    }
}

/// Reads a row into a list. One that is not as Chatterbox writes it is logged and left out: it must not silence the others.
fn add(connections: &mut Vec<Connection>, item: &Item, now: Timestamp) {
    match read(item, now) {
        Ok(connection) => connections.extend(connection),
        Err(error) => tracing::error!(%error, "a connection is left out"),
    }
}

/// A connection as a table item.
fn write(connection: &Connection) -> Item {
    let mut item = Item::from([
        ("login".to_owned(), string(connection.login.as_str())),
        ("connection_id".to_owned(), string(connection.id.as_str())),
        ("connected_at".to_owned(), number(connection.connected_at.millis())),
        ("expires_at".to_owned(), number(connection.expires_at().seconds())),
        ("chatter_hash".to_owned(), string(connection.chatter_hash.as_str())),
    ]);
    if let Topics::Only(topics) = &connection.topics {
        let names = topics.iter().map(|topic| topic.as_str().to_owned()).collect();
        item.insert("topics".to_owned(), AttributeValue::Ss(names));
    }
    item
}

/// The connection that an item holds, unless it has expired.
fn read(item: &Item, now: Timestamp) -> Result<Option<Connection>, StoreError> {
    let row = Row {
        table: "connections",
        item,
    };
    if row.has_expired(now)? {
        return Ok(None);
    }
    let connected_at = Timestamp::from_millis(row.integer("connected_at")?);
    Ok(Some(Connection {
        login: read_login(&row)?,
        id: ConnectionId::new(row.string("connection_id")?),
        connected_at: connected_at.ok_or_else(|| row.corrupt("connected_at"))?,
        topics: read_topics(&row)?,
        chatter_hash: ChatterHash::stored(row.string("chatter_hash")?),
    }))
}

fn read_login(row: &Row<'_>) -> Result<Login, StoreError> {
    Login::parse(row.string("login")?).ok_or_else(|| row.corrupt("login"))
}

fn read_topics(row: &Row<'_>) -> Result<Topics, StoreError> {
    let Some(value) = row.item.get("topics") else {
        return Ok(Topics::All);
    };
    let names = value.as_ss().map_err(|_| row.corrupt("topics"))?;
    let topics = names.iter().map(|name| Topic::parse(name)).collect::<Option<_>>();
    topics.map(Topics::Only).ok_or_else(|| row.corrupt("topics"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(topics: &str) -> Connection {
        Connection {
            login: Login::parse("friendless").unwrap(),
            id: ConnectionId::new("L0SM9cOFvHcCIhw="),
            connected_at: Timestamp::from_millis(1_763_900_000_123).unwrap(),
            topics: Topics::parse(topics).unwrap(),
            chatter_hash: ChatterHash::stored("00ff"),
        }
    }

    #[test]
    fn a_connection_is_read_as_it_was_written_until_it_expires() {
        for topics in ["", "updates", "a,b"] {
            let connection = connection(topics);
            let item = write(&connection);
            assert_eq!(item.contains_key("topics"), !topics.is_empty());
            assert_eq!(read(&item, connection.connected_at), Ok(Some(connection.clone())));
            assert_eq!(read(&item, connection.expires_at()), Ok(None));
        }
    }

    #[test]
    fn the_error_for_a_corrupt_row_names_its_table_and_attribute() {
        for attribute in ["login", "connection_id", "connected_at", "expires_at", "chatter_hash"] {
            let mut item = write(&connection("a"));
            item.insert(attribute.to_owned(), AttributeValue::Bool(true));
            let error = read(&item, Timestamp::from_millis(0).unwrap());
            assert_eq!(
                error,
                Err(StoreError::Corrupt {
                    table: "connections",
                    attribute
                })
            );
        }
    }
}
