//! An update to each of a million logins that are on line.

use super::{MILLION, SEED};
use crate::{
    agenda::Millis,
    crowd::NEVER,
    design::Design,
    table::{Table, about, dollars, percent, time},
    world::World,
};

/// End of the simulation, in milliseconds: long enough for every page's next periodic sync, and for messages that fail
/// to reach the dead-letter queue.
const END: Millis = 33 * 60_000;

const HEAD: [&str; 11] = [
    "",
    "saturates first",
    "half have it",
    "99 %",
    "all",
    "live",
    "429s to posts",
    "posts failed",
    "logins deferred",
    "dead letters",
    "cost",
];

/// The design in an account with raised quotas, in a deployment that uses them.
fn raised(mut design: Design) -> Design {
    design.quotas.requests = 25_000.0;
    design.quotas.request_burst = 12_500.0;
    design.notify.queue_at_once = 20;
    design.stage.ping = (12_000.0, 6_000.0);
    design.warm(20_000.0)
}

/// Events for all logins through the queue, within a minute.
pub fn queue() -> Table {
    let now = Design::for_a_million();
    let by_queue = |world: &mut World| world.publish(60_000.0);
    answer(
        "queue",
        &[("as it is", now), ("with quotas raised", raised(now))],
        by_queue,
    )
}

/// Events for all logins at once, each thousand of them by an asynchronous invocation.
pub fn direct() -> Table {
    let now = Design::for_a_million();
    answer(
        "direct",
        &[("as it is", now), ("with quotas raised", raised(now))],
        World::invoke_all,
    )
}

/// Events for all logins at once, through the queue.
pub fn broadcast() -> Table {
    let now = Design::for_a_million();
    answer(
        "broadcast",
        &[("as it is", now), ("with quotas raised", raised(now))],
        |world| world.publish(0.0),
    )
}

fn answer(name: &'static str, designs: &[(&str, Design)], publish: impl Fn(&mut World)) -> Table {
    let mut table = Table::new(name, &HEAD);
    for (name, design) in designs {
        let mut world = World::new(*design, MILLION, END, SEED);
        world.everybody_is_on_line();
        publish(&mut world);
        world.run_until_all_have_it();
        table.row(row(name, &world));
    }
    table
}

fn row(name: &str, world: &World) -> [String; 11] {
    let mut got_at: Vec<Millis> = world.crowd.iter().map(|client| client.got_at).collect();
    got_at.sort_unstable();
    let when = |part: usize| Some(got_at[(got_at.len() * part).div_ceil(100) - 1]).filter(|at| *at != NEVER);
    let live = world.crowd.iter().filter(|client| client.is_live).count() as u64;
    let counts = &world.counts;
    [
        name.to_owned(),
        world.saturated_first(),
        time(when(50)),
        time(when(99)),
        time(when(100)),
        percent(live, got_at.len() as u64),
        about(counts.posts_refused),
        about(counts.failed),
        about(counts.deferred),
        about(counts.dead_letters),
        dollars(counts.notify_dollars(world.design.notify.memory)),
    ]
}

impl World {
    /// The limit that was reached first, and when.
    fn saturated_first(&self) -> String {
        let limits = [
            ("table's writes", self.updates.first_refused_at),
            ("table's reads", self.connections.first_refused_at),
            ("account's requests", self.gateway.requests.first_refused_at),
            ("throttle of $connect", self.gateway.handshakes.first_refused_at),
            ("throttle of $default", self.gateway.syncs.first_refused_at),
            ("throttle of ping", self.gateway.pings.first_refused_at),
            ("handshakes", self.gateway.connects.first_refused_at),
            ("functions at once", self.lambda_full_at),
        ];
        let first = limits.into_iter().filter_map(|(name, at)| Some((at?, name))).min();
        first.map_or("nothing".to_owned(), |(at, name)| {
            format!("{name} after {}", time(Some(at)))
        })
    }
}
