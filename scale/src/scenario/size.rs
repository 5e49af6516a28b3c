//! Sites of three sizes within AWS's default quotas.

use super::{MILLION, SEED};
use crate::{
    agenda::Millis,
    crowd::NEVER,
    design::Design,
    table::{Table, count, time},
    world::World,
};

const HOUR: Millis = 60 * 60_000;

/// As it is deployed; for a million, with the throttles that they need.
fn design(clients: u32) -> Design {
    if clients < MILLION {
        Design::now()
    } else {
        Design::for_a_million()
    }
}

/// Calm, an update to all, and a storm, for sites of three sizes.
pub fn table() -> Table {
    let head = [
        "on line",
        "requests a second in calm",
        "new sockets a second in calm",
        "99 % have an update to all",
        "99 % are back after a storm",
    ];
    let mut table = Table::new("size", &head);
    for clients in [MILLION / 100, MILLION / 10, MILLION] {
        let (asked, opened) = calm(clients);
        table.row([
            count(u64::from(clients)),
            count(asked),
            count(opened),
            time(update_to_all(clients)),
            time(back_after_storm(clients)),
        ]);
    }
    table
}

/// Requests and new sockets a second in calm, extrapolated from an hour of a hundred thousand clients.
fn calm(clients: u32) -> (u64, u64) {
    let sample = MILLION / 10;
    let mut world = World::new(Design::now(), sample, HOUR, SEED);
    world.everybody_is_on_line();
    world.run();
    let a_second = |sum: u64| (sum as f64 / f64::from(HOUR / 1_000) * f64::from(clients) / f64::from(sample)).round();
    let asked = world.asked_in.iter().map(|asked| u64::from(*asked)).sum();
    (a_second(asked) as u64, a_second(world.counts.opened) as u64)
}

/// Time until 99 % of the pages have an update to all.
fn update_to_all(clients: u32) -> Option<Millis> {
    let mut world = World::new(design(clients), clients, HOUR, SEED);
    world.everybody_is_on_line();
    world.publish(0.0);
    world.run_until_all_have_it();
    percentile_99(world.crowd.iter().map(|client| client.got_at).collect())
}

/// Time until 99 % of the pages are on line again after all sockets were lost. A million are simulated as a tenth of
/// them before a tenth of the limits.
fn back_after_storm(clients: u32) -> Option<Millis> {
    let part = if clients < MILLION { 1.0 } else { 0.1 };
    let mut world = World::new(
        design(clients).part(part),
        (f64::from(clients) * part) as u32,
        2 * HOUR,
        SEED,
    );
    world.everybody_is_lost();
    world.run();
    percentile_99(world.crowd.iter().map(|client| client.back_at).collect())
}

fn percentile_99(mut times: Vec<Millis>) -> Option<Millis> {
    times.sort_unstable();
    Some(times[times.len() * 99 / 100]).filter(|time| *time != NEVER)
}
