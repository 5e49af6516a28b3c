//! A call of a function to AWS, as it is read off the wire.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;
use std::fmt;

/// A call to AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// To DynamoDB.
    Table {
        /// The operation of its API, such as `UpdateItem`.
        operation: String,
        /// The table; empty for a transaction, which may name several.
        table: String,
        /// The request's JSON.
        body: String,
    },
    /// A post to a socket.
    Post {
        /// The socket's connection ID.
        socket: String,
        /// The message.
        text: String,
    },
    /// The closing of a socket.
    Close {
        /// The socket's connection ID.
        socket: String,
    },
    /// A message to the queue of deferred events.
    Send {
        /// The message.
        text: String,
        /// The time after which it may be delivered.
        delay_seconds: u64,
    },
}

impl Call {
    /// Reads a request.
    ///
    /// # Panics
    /// If it is none that a function of Chatterbox makes.
    pub(crate) fn read(request: &HttpRequest) -> Call {
        let body = std::str::from_utf8(request.body().bytes().expect("a body in memory")).expect("UTF-8");
        if let Some((_, id)) = request.uri().split_once("/@connections/") {
            let socket = decode(id);
            return match request.method() {
                "POST" => Call::Post {
                    socket,
                    text: body.to_owned(),
                },
                "DELETE" => Call::Close { socket },
                other => panic!("{other} of a socket"),
            };
        }
        let target = request.headers().get("x-amz-target").expect("a target");
        let (service, operation) = target.split_once('.').expect("a service and an operation");
        let fields: Value = serde_json::from_str(body).expect("JSON");
        let text = |name: &str| fields[name].as_str().unwrap_or_default().to_owned();
        if service == "AmazonSQS" {
            return Call::Send {
                text: text("MessageBody"),
                delay_seconds: fields["DelaySeconds"].as_u64().unwrap_or_default(),
            };
        }
        Call::Table {
            operation: operation.to_owned(),
            table: text("TableName"),
            body: body.to_owned(),
        }
    }

    /// Whether it is this operation on this table.
    pub fn is(&self, wanted: &str, on: &str) -> bool {
        matches!(self, Call::Table { operation, table, .. } if operation == wanted && table == on)
    }

    /// The request's JSON; null for a call that is not to DynamoDB.
    pub fn json(&self) -> Value {
        match self {
            Call::Table { body, .. } => serde_json::from_str(body).expect("JSON"),
            _ => Value::Null,
        }
    }
}

/// In few words, without what is in it.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Table { operation, table, .. } if table.is_empty() => f.write_str(operation),
            Call::Table { operation, table, .. } => write!(f, "{operation} {table}"),
            Call::Post { socket, .. } => write!(f, "post to {socket}"),
            Call::Close { socket } => write!(f, "close {socket}"),
            Call::Send { delay_seconds, .. } => write!(f, "defer for {delay_seconds} s"),
        }
    }
}

/// The connection IDs of the tests are of letters and digits, and may end with `=`.
fn decode(id: &str) -> String {
    id.replace("%3D", "=")
}
