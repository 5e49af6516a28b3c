//! Reconnect storm: all sockets of a million browsers are lost at once.

use super::{MILLION, SEED};
use crate::{
    agenda::Millis,
    counts::Counts,
    crowd::NEVER,
    design::Design,
    table::{Table, about, count, dollars, time},
    world::World,
};

/// End of the simulation, in milliseconds: long enough for the first sockets' successors, and for the successors' own.
const END: Millis = 4 * 60 * 60_000;

/// Divisor of crowd and limits: a tenth of the crowd before a tenth of every limit fares as the whole does, and is
/// simulated in a tenth of the time.
const PART: u32 = 10;

/// Spread of the change-overs' ages in the row where all sockets are replaced at about one age, in milliseconds.
const ONE_AGE: f64 = 600_000.0;

/// The client as it is, and with one of its constants changed.
pub fn table() -> Table {
    let now = Design::for_a_million();
    let waits_up_to = |minutes: f64| {
        let mut other = now;
        other.client.refused_wait = minutes * 60_000.0;
        other
    };
    let mut returns = now;
    returns.client.change_over_spread = ONE_AGE;
    let designs = [
        ("as it is", now),
        ("… with a longest wait of 5 min", waits_up_to(5.0)),
        ("… with a longest wait of 1 h", waits_up_to(60.0)),
        ("… with all change-overs at one age", returns),
    ];
    let head = [
        "",
        "half are back",
        "99 %",
        "all",
        "handshakes turned away",
        "questions to the site",
        "new sockets a second, later on",
        "cost",
    ];
    let mut table = Table::new("storm", &head);
    for (name, design) in designs {
        let mut world = World::new(design.part(1.0 / f64::from(PART)), MILLION / PART, END, SEED);
        world.everybody_is_lost();
        world.run();
        table.row(row(name, &world));
    }
    table
}

fn row(name: &str, world: &World) -> [String; 8] {
    let part = u64::from(PART);
    let mut back_at: Vec<Millis> = world.crowd.iter().map(|client| client.back_at).collect();
    back_at.sort_unstable();
    let when = |part: usize| Some(back_at[(back_at.len() * part).div_ceil(100) - 1]).filter(|at| *at != NEVER);
    let counts = &world.counts;
    [
        name.to_owned(),
        time(when(50)),
        time(when(99)),
        time(when(100)),
        about(counts.connects_refused * part),
        about(counts.credentials * part),
        count(later_peak(&world.opened_in) * part),
        dollars(first_sockets(back_at.len()).socket_dollars() * part as f64),
    ]
}

/// Highest rate of new sockets, a second, once an hour has passed: the highest mean over ten minutes.
fn later_peak(opened_in: &[u32]) -> u64 {
    let sums = opened_in.chunks(600).map(|opened| opened.iter().sum::<u32>());
    u64::from(sums.skip(6).max().unwrap_or(0)) / 600
}

/// The counters that the cost of the storm follows from: each page's first socket and sync.
fn first_sockets(sockets: usize) -> Counts {
    Counts {
        opened: sockets as u64,
        syncs: sockets as u64,
        ..Counts::default()
    }
}
