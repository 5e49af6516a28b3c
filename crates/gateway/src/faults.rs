//! Faults on purpose: what goes wrong, how often, and the API that sets it.

pub(crate) mod api;
pub(crate) mod injector;
