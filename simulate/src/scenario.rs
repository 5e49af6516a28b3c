//! The questions that are asked of the simulation.

pub mod idle;
pub mod one_login;
pub mod size;
pub mod storm;
pub mod update;

use crate::table::Table;

/// How many browsers are on line.
pub const MILLION: u32 = 1_000_000;

/// What decides all that is left to chance.
pub const SEED: u64 = 1;

/// All of them, answered.
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
