//! A million browsers on line: in calm, and in the half hour after an update to all.

use super::{MILLION, SEED};
use crate::{
    agenda::Millis,
    design::Design,
    sources::price,
    table::{Table, about, count, dollars},
    world::World,
};

const HOUR: Millis = 60 * 60_000;

/// Requests of the browsers in calm and after an update to all, and the cost of a calm day.
pub fn table() -> Table {
    let head = [
        "",
        "requests a second",
        "at most",
        "at most, after an update to all",
        "sockets lost by that",
        "a day costs",
        "of that, heartbeats",
    ];
    let mut table = Table::new("idle", &head);
    let design = Design::for_a_million();
    let mut calm = World::new(design.part(0.1), MILLION / 10, HOUR, SEED);
    calm.everybody_is_on_line();
    calm.run();
    let mean = calm.asked_in.iter().sum::<u32>() / (HOUR / 1_000);

    let warmed = design.warm(40_000.0);
    let mut after = World::new(warmed, MILLION, HOUR / 2, SEED);
    after.everybody_is_on_line();
    after.publish(0.0);
    after.run();

    let a_day = 10.0 * 24.0;
    let heartbeats = 2.0 * calm.counts.pings as f64 * price("messages") * a_day;
    let minutes = f64::from(MILLION) * 24.0 * 60.0 * price("connection minutes");
    table.row([
        "as it is".to_owned(),
        count(u64::from(mean) * 10),
        count(peak(&calm) * 10),
        count(peak(&after)),
        about(after.counts.lost),
        dollars(minutes + calm.counts.socket_dollars() * a_day),
        dollars(heartbeats),
    ]);
    table
}

/// Highest rate of browsers' requests, a second: the highest mean over ten seconds.
fn peak(world: &World) -> u64 {
    let sums = world.asked_in.chunks(10).map(|asked| asked.iter().sum::<u32>());
    u64::from(sums.max().unwrap_or(0)) / 10
}
