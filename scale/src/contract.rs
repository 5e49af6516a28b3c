//! `infra/contract.json`: what the CDK app says about what is deployed and what it costs. A test of infra holds the file to
//! its template and prices.

use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};

/// What infra says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contract {
    pub(crate) notify: Notify,
    /// The throttle of each route, by its key.
    pub(crate) throttle: BTreeMap<String, Throttle>,
    /// Billed time of an invocation, by the function's name.
    pub(crate) gigabyte_seconds: BTreeMap<String, f64>,
    /// DynamoDB's request units of one call, by the function's name.
    pub(crate) units: BTreeMap<String, Units>,
    /// Price of a million units, by the item's name in `infra/cost/prices.ts`.
    pub(crate) dollars_a_million: BTreeMap<String, f64>,
}

/// The function notify and its queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notify {
    pub(crate) memory_megabytes: f64,
    pub(crate) batch: usize,
    pub(crate) concurrency: u32,
    pub(crate) visibility_seconds: f64,
    pub(crate) receives: u32,
}

/// The throttle of a route: requests a second, and at once.
#[derive(Debug, Deserialize)]
pub(crate) struct Throttle {
    pub(crate) rate: f64,
    pub(crate) burst: f64,
}

/// Request units of one call.
#[derive(Debug, Deserialize)]
pub(crate) struct Units {
    pub(crate) read: f64,
    pub(crate) write: f64,
}

/// The file's content.
pub(crate) static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let text = include_str!("../../infra/contract.json");
    serde_json::from_str(text).expect("a test of infra writes the file")
});
