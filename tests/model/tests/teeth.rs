//! Every rule is needed: with a rule switched off, a property breaks. Each test prints the shortest run to that (with
//! `--nocapture`). The table of mistakes, and the tests' names, are in `src/mistakes.rs`.

#![expect(
    clippy::print_stdout,
    reason = "the shortest run that breaks a property is the test's result"
)]

use model::*;

/// All rules except these.
macro_rules! without {
    ($($rule:ident),+) => {
        Rules { $($rule: false,)+ ..Rules::ALL }
    };
}

/// One test for each mistake.
macro_rules! tests {
    ($($rule:literal $name:ident: $scenario:ident without [$($off:ident),+] breaks $property:literal within $most:literal;)+) => {$(
        #[test]
        fn $name() {
            breaks($scenario, without!($($off),+), $property, $most);
        }
    )+};
}

for_each_mistake!(tests);

/// Asserts that with these rules the property breaks, and that the shortest run to that has at most this many actions.
fn breaks(scenario: Scenario, rules: Rules, property: &'static str, at_most: usize) {
    let found = refute(scenario, rules, property).expect("without the rule, the property does not hold");
    println!("{}: {found}", scenario.name);
    assert!(found.actions.len() <= at_most, "more than {at_most} steps");
}

// Mistakes that a second rule makes up for.

#[test]
fn a_row_deleted_by_mistake_loses_no_update_if_the_page_syncs() {
    assert!(refute(RACES, without!(grace), "seen").is_none());
}

#[test]
fn without_a_revocation_no_row_is_missing_so_rule_6_is_not_needed() {
    assert!(refute(RACES, without!(unknown_reconnects), "seen").is_none());
}

// Known limits of the protocol as it is.

#[test]
fn a_retry_after_another_update_with_the_same_time_is_recorded_twice() {
    breaks(ONE_INSTANT, Rules::ALL, "once", 3);
}

#[test]
fn a_retry_without_a_time_replaces_a_newer_update() {
    breaks(NO_TIME, Rules::ALL, "kept", 2);
}
