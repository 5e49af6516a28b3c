//! notify for many logins with one socket each.

use super::{Contender, OURS, PLAIN, SEQUENTIAL, named};
use crate::{
    Bench, Fallible,
    callback::CallbackEndpoint,
    contenders::{Services, node, ours, rust},
    events,
};
use bench::Manner;
use serde_json::Value;

/// Most logins in one event, by notify's limit.
const IN_ONE_EVENT: usize = 1_000;
const LOGINS: u64 = 10_000;

/// Rows for the table. Chatterbox serves all logins, with an event for each thousand; the baselines, whose time for
/// each login is the same, serve the first thousand only.
pub(super) async fn measure(
    bench: &Bench,
    callback: &CallbackEndpoint,
    services: &Services,
) -> Fallible<Vec<Vec<String>>> {
    let logins: Vec<String> = (0..LOGINS).map(|n| format!("alone-{n}")).collect();
    bench.database.put_rows(logins.iter().cloned().zip(0..)).await?;
    let events: Vec<Value> = logins.chunks(IN_ONE_EVENT).map(events::notify_all).collect();
    let first = events[0].clone();
    let mut own = Contender::new(&named(OURS, ours("notify", services)), first.clone()).await?;
    let mut others = [
        Contender::new(&rust(PLAIN, "bench-plain", services), first.clone()).await?,
        Contender::new(&node(bench, SEQUENTIAL, "notify-sequential.cjs", services), first).await?,
    ];
    let thousand = IN_ONE_EVENT as u64;
    for (n, event) in events.into_iter().enumerate() {
        own.event = event;
        own.measure(callback, &Manner::default(), thousand).await?;
        if n < bench.repeats(3) {
            for other in &mut others {
                other.measure(callback, &Manner::default(), thousand).await?;
            }
        }
    }
    let rows = std::iter::once(&own).chain(&others);
    Ok(rows.map(|contender| contender.row("1,000 of 10,000 logins")).collect())
}
