//! The names of the tables.

/// The names of the tables: `CHATTERS_TABLE`, `CONNECTIONS_TABLE`, `UPDATES_TABLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Chatter IDs that were issued.
    pub chatters: String,
    /// Sockets that are open.
    pub connections: String,
    /// The newest update of each topic.
    pub updates: String,
}
