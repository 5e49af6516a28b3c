//! The times and counts by which a page behaves.
//!
//! Their one source is the browser client's `web/src/timing.js`, which also has the reason of each. They are read from it
//! when this crate is compiled: a name that is not there any more, or a line of another form, does not compile.

use std::time::Duration;

const SOURCE: &[u8] = include_bytes!("../../../web/src/timing.js");

/// The first ceiling of every random wait; it doubles with each attempt.
pub const SECOND: Duration = time("SECOND");
/// A page that somebody looks at pings a socket that has been silent for this long.
pub const HEARTBEAT: Duration = time("HEARTBEAT");
/// The same where nobody looks at the page.
pub const QUIET_HEARTBEAT: Duration = time("QUIET_HEARTBEAT");
/// Where nobody looks, the ping comes sooner by a random part of this.
pub const QUIET_HEARTBEAT_SPREAD: Duration = time("QUIET_HEARTBEAT_SPREAD");
/// How often a browser's page looks for how long its socket has been silent.
pub const SILENCE_CHECK: Duration = time("SILENCE_CHECK");
/// A reply to a sync or a ping that takes longer counts as lost.
pub const ANSWER_TIMEOUT: Duration = time("ANSWER_TIMEOUT");
/// After so many syncs in a row without a reply, the socket is pinged too.
pub const PING_AFTER_SYNCS: u32 = count("PING_AFTER_SYNCS");
/// A handshake that takes longer has failed.
pub const HANDSHAKE_TIMEOUT: Duration = time("HANDSHAKE_TIMEOUT");
/// A socket is replaced when it is this old.
pub const CHANGE_OVER: Duration = time("CHANGE_OVER");
/// A socket is replaced sooner by a random part of this.
pub const CHANGE_OVER_SPREAD: Duration = time("CHANGE_OVER_SPREAD");
/// How often an open page syncs.
pub const SYNC_EVERY: Duration = time("SYNC_EVERY");
/// How long a page waits at a gap for what was overtaken, before it syncs.
pub const GAP_WAIT: Duration = time("GAP_WAIT");
/// The ceiling of the random waits between attempts to open a socket, and of the wait for a sync's reply.
pub const LONGEST_WAIT: Duration = time("LONGEST_WAIT");
/// After a socket that was open for this long, the waits start short again.
pub const STABLE_AFTER: Duration = time("STABLE_AFTER");
/// After so many attempts in a row that did not open, the waits grow up to [`REFUSED_WAIT`].
pub const REFUSED_AFTER: u32 = count("REFUSED_AFTER");
/// The ceiling of the waits from [`REFUSED_AFTER`] on.
pub const REFUSED_WAIT: Duration = time("REFUSED_WAIT");
/// A page that was replaced tries again after this time, or up to twice as long.
pub const REPLACED_WAIT: Duration = time("REPLACED_WAIT");
/// A page's own data may be older than the page by this much.
pub const PAGE_DATA_AGE: Duration = time("PAGE_DATA_AGE");

const fn time(name: &str) -> Duration {
    Duration::from_millis(number(SOURCE, name.as_bytes()))
}

const fn count(name: &str) -> u32 {
    let number = number(SOURCE, name.as_bytes());
    assert!(number <= u32::MAX as u64, "a count that is no count");
    number as u32
}

/// The value of `export const NAME = number;` or `export const NAME = number * UNIT;`, in milliseconds if it is a time.
const fn number(source: &[u8], name: &[u8]) -> u64 {
    let mut at = definition(source, name);
    let (mut digits, mut divisor, mut is_fraction) = (0, 1, false);
    while source[at] != b';' && source[at] != b' ' {
        match source[at] {
            b'.' => is_fraction = true,
            digit => {
                assert!(digit.is_ascii_digit(), "timing.js: what follows the name is no number");
                digits = digits * 10 + (digit - b'0') as u64;
                divisor *= if is_fraction { 10 } else { 1 };
            }
        }
        at += 1;
    }
    if source[at] == b' ' {
        assert!(
            continues_with(source, at, b" * "),
            "timing.js: a constant of another form"
        );
        digits *= number(source, word(source, at + 3));
    }
    digits / divisor
}

/// Where the value of a constant begins.
const fn definition(source: &[u8], name: &[u8]) -> usize {
    const EXPORT: &[u8] = b"\nexport const ";
    let mut at = 0;
    while at < source.len() {
        let value = at + EXPORT.len() + name.len();
        if continues_with(source, at, EXPORT)
            && continues_with(source, at + EXPORT.len(), name)
            && continues_with(source, value, b" = ")
        {
            return value + 3;
        }
        at += 1;
    }
    panic!("timing.js: there is no constant of this name")
}

const fn continues_with(source: &[u8], at: usize, text: &[u8]) -> bool {
    let mut n = 0;
    while n < text.len() {
        if at + n >= source.len() || source[at + n] != text[n] {
            return false;
        }
        n += 1;
    }
    true
}

/// The text from here to the next semicolon.
const fn word(source: &[u8], at: usize) -> &[u8] {
    let mut end = at;
    while source[end] != b';' {
        end += 1;
    }
    source.split_at(end).0.split_at(at).1
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &[u8] =
        b"\n/** A day. */\nexport const SECOND = 1000;\nexport const MINUTE = 60 * SECOND;\nexport const HALF_A_MINUTE = 0.5 * MINUTE;\nexport const TRIES = 3;\nexport const ODD = 3 + SECOND;\nexport const FUNCTION = random();\n";

    #[test]
    fn a_constant_has_its_value_in_milliseconds() {
        for (name, value) in [
            ("SECOND", 1_000),
            ("MINUTE", 60_000),
            ("HALF_A_MINUTE", 30_000),
            ("TRIES", 3),
        ] {
            assert_eq!(number(EXAMPLE, name.as_bytes()), value, "{name}");
        }
        assert_eq!(
            (HEARTBEAT, QUIET_HEARTBEAT),
            (Duration::from_secs(240), Duration::from_secs(510))
        );
    }

    #[test]
    fn a_name_that_is_missing_and_a_line_of_another_form_are_refused() {
        for name in ["MINUT", "INUTE", "ODD", "FUNCTION"] {
            let read = std::panic::catch_unwind(|| number(EXAMPLE, name.as_bytes()));
            assert!(read.is_err(), "{name}");
        }
    }
}
