//! The measurements, one file for each section of docs/benchmarks.md.

pub(crate) mod client;
pub(crate) mod cold_start;
pub(crate) mod connect;
pub(crate) mod delivery;
pub(crate) mod gateway;
pub(crate) mod notify;
pub(crate) mod size;
pub(crate) mod sync;
pub(crate) mod tls;

/// A row of a table.
fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}
