//! The limits of one login.

use super::SEED;
use crate::{
    aws::Quotas,
    design::Design,
    gaps::{AtAGap, syncs_a_second},
    login::{fan_out, handshakes_of_one_chatter},
    sources,
    table::{Table, count, time},
};

/// Size of an item without its updates' bodies, in kilobytes.
const OTHER_KILOBYTES: f64 = 0.5;

/// Syncs that a page sends because pushes overtook one another.
pub fn syncs() -> Table {
    const RATES: [f64; 4] = [1.0, 5.0, 20.0, 100.0];
    let head = ["syncs a second and page", "1 update a second", "5", "20", "100"];
    let mut table = Table::new("syncs", &head);
    for (name, at_a_gap) in [
        ("if it asked at once", AtAGap::Asks),
        ("as it is: it waits a second", AtAGap::Waits),
    ] {
        let [a, b, c, d] = RATES.map(|rate| format!("{:.2}", syncs_a_second(at_a_gap, rate, SEED)));
        table.row([name.to_owned(), a, b, c, d]);
    }
    table
}

/// Most updates a second of one login. Each writes the login's whole item: one write unit for each kilobyte.
pub fn item() -> Table {
    let (topics, kilobytes) = sources::largest_item();
    let units = Quotas::DEFAULT.partition.0;
    let head = ["", "one topic of 1 KB", "one of 8 KB", "16 of 8 KB"];
    let mut table = Table::new("item", &head);
    let sizes = [1.0, kilobytes, topics * kilobytes];
    let [a, b, c] = sizes.map(|kilobytes| count((units / (kilobytes + OTHER_KILOBYTES).ceil()) as u64));
    table.row(["updates a second of one login, at most".to_owned(), a, b, c]);
    table
}

/// Time until an update has reached all of a login's sockets, if they are many.
pub fn sockets() -> Table {
    let head = ["until the last has it", "20 sockets", "1,000", "10,000"];
    let mut table = Table::new("sockets", &head);
    let [a, b, c] = [20, 1_000, 10_000].map(|sockets| time(Some(fan_out(&Design::now(), sockets, SEED).0)));
    table.row(["as it is".to_owned(), a, b, c]);
    table
}

/// Sockets a second that open with one and the same chatter ID.
pub fn handshakes() -> Table {
    let head = ["of so many handshakes a second", "20", "100", "500"];
    let mut table = Table::new("handshakes", &head);
    let [a, b, c] = [20, 100, 500].map(|a_second| count(handshakes_of_one_chatter(a_second, SEED) as u64));
    table.row(["with one chatter ID, so many open".to_owned(), a, b, c]);
    table
}
