//! The questions that the simulation answers, each with a table.

pub mod idle;
pub mod one_login;
pub mod size;
pub mod storm;
pub mod update;

use crate::table::Table;

/// Number of browsers on line.
pub const MILLION: u32 = 1_000_000;

/// Seed of the random numbers.
pub const SEED: u64 = 1;

/// The tables of all scenarios.
pub fn all() -> Vec<Table> {
    vec![
        size::table(),
        update::queue(),
        update::direct(),
        update::broadcast(),
        storm::table(),
        idle::table(),
        one_login::syncs(),
        one_login::item(),
        one_login::sockets(),
        one_login::handshakes(),
    ]
}
