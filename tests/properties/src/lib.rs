//! What holds for every input of the parsers that meet strangers. Each target is a function of bytes that panics if
//! something does not hold.
//!
//! [`tests/all`](../../tests/all/main.rs) tries them with proptest, some hundred inputs in every run of the tests, and as
//! many as one likes with `make properties CASES=10000`; and with every input in `corpus`, which has seeds and all inputs
//! that ever failed. The folder `fuzz` at the repository's root has the same targets for cargo-fuzz, where a nightly
//! toolchain is.

mod events;
mod gateway;
mod handshakes;
mod messages;

/// A target: a property of every input.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its folder in `corpus` and of its file in `fuzz`.
    pub name: &'static str,
    /// Panics if the property does not hold.
    pub check: fn(&[u8]),
    /// Whether an input takes a network connection, a millisecond in place of microseconds.
    pub is_slow: bool,
}

/// All targets.
pub const TARGETS: [Target; 10] = [
    fast("handshake", handshakes::handshake),
    fast("credentials", handshakes::credentials),
    fast("cookies", handshakes::cookies),
    fast("socket_event", handshakes::socket_event),
    fast("client_message", messages::client_message),
    fast("page_message", messages::page_message),
    fast("event", events::event),
    slow("gateway_http", gateway::http),
    slow("gateway_frames", gateway::frames),
    slow("runtime_api", gateway::runtime_api),
];

const fn fast(name: &'static str, check: fn(&[u8])) -> Target {
    Target {
        name,
        check,
        is_slow: false,
    }
}

const fn slow(name: &'static str, check: fn(&[u8])) -> Target {
    Target {
        name,
        check,
        is_slow: true,
    }
}

/// Checks the target of this name.
///
/// # Panics
/// If the property does not hold, or there is no such target.
pub fn check(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of this name").check)(input);
}
