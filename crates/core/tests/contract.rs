//! `contract.json`: the names that core shares with what is deployed. The CDK app's tests hold the stack to it.

use chatterbox_core::{
    BackendSettings, CALLBACK_URL, FromEnvironment, Function, Refusal, SUMMARIES, Summary, Tables, Weight,
    metrics::DIMENSION, schema, settings,
};
use serde_json::{Map, Value, json};
use std::{env, fs};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contract.json");

/// With `WRITE_CONTRACT=1` it writes the file.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "it is a setting of the test, not of a function"
)]
fn the_file_has_the_names_that_core_has() {
    let contract = format!("{:#}\n", contract());
    if env::var("WRITE_CONTRACT").is_ok() {
        fs::write(PATH, &contract).unwrap();
    }
    assert!(
        fs::read_to_string(PATH).is_ok_and(|written| written == contract),
        "crates/core/contract.json is not what core says: WRITE_CONTRACT=1 cargo test -p chatterbox-core --test contract"
    );
}

fn contract() -> Value {
    let functions: Map<String, Value> = Function::ALL.into_iter().map(function).collect();
    let names = Tables {
        chatters: "chatters".to_owned(),
        connections: "connections".to_owned(),
        updates: "updates".to_owned(),
    };
    let tables = schema::tables(&names).into_iter().chain([schema::OUTBOX]);
    let tables: Map<String, Value> = tables.map(table).collect();
    let backend = BackendSettings::variables();
    json!({
        "backend": {"required": backend.required, "optional": backend.optional},
        "callbackVariable": CALLBACK_URL,
        "expiryAttribute": schema::EXPIRY,
        "functions": functions,
        "metricsDimension": DIMENSION,
        "refusalReasons": Refusal::ALL.map(Refusal::reason),
        "summaries": SUMMARIES.iter().map(summary).collect::<Map<String, Value>>(),
        "tables": tables,
    })
}

/// A function's name, the variables that it reads, the metrics that it prints, and its time limit.
fn function(function: Function) -> (String, Value) {
    let variables = settings::variables(function);
    let value = json!({
        "required": variables.required, "optional": variables.optional, "metrics": function.metrics(),
        "timeLimitSeconds": function.time_limit().as_secs(),
    });
    (function.name().to_owned(), value)
}

/// A sum's name, and what one of each metric adds to it; `"flood"` for a share of a flood of handshakes.
fn summary(summary: &Summary) -> (String, Value) {
    let weights = summary.weights.iter().map(|(metric, weight)| {
        let weight = match weight {
            Weight::Of(weight) => json!(weight),
            Weight::OfAFlood => json!("flood"),
        };
        (format!("{metric:?}"), weight)
    });
    (summary.name.to_owned(), Value::Object(weights.collect()))
}

/// A table's name, its keys, and what its stream holds.
fn table(table: schema::Table<'_>) -> (String, Value) {
    let value = json!({
        "partitionKey": table.partition_key, "sortKey": table.sort_key, "index": table.index,
        "stream": table.stream.map(schema::Stream::view_type),
    });
    (table.name.to_owned(), value)
}
