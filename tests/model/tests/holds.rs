//! With all rules everything holds, in every state of every scenario, and every run ends.

#![expect(
    clippy::print_stdout,
    reason = "what was walked through, and the runs that were found, are the result"
)]

use model::*;

/// Walks through all that can happen in a scenario, and prints how much that was.
fn holds(scenario: Scenario) {
    match cover(scenario, Rules::ALL) {
        Ok(Coverage { states, depth }) => println!("{}: {states} states, up to {depth} steps", scenario.name),
        Err(failure) => panic!("{}: {failure}", scenario.name),
    }
    if let Some(state) = cycle(scenario, Rules::ALL) {
        panic!("{}: a run need never end: {state:#?}", scenario.name);
    }
}

#[test]
fn updates_may_race_with_everything() {
    holds(RACES);
}

#[test]
fn a_page_may_lose_its_socket_again_and_again() {
    holds(DROPS);
}

#[test]
fn a_page_may_be_loaded_with_its_own_data_at_any_moment() {
    holds(LOADS);
}

#[test]
fn two_pages_of_a_login_do_not_disturb_each_other() {
    holds(PAGES);
}

#[test]
fn a_socket_may_listen_to_some_topics() {
    holds(TOPICS);
}

#[test]
fn the_pipeline_may_deliver_late_twice_and_in_any_order() {
    holds(RETRIES);
}

#[test]
fn a_reply_may_come_in_pages() {
    holds(PAGING);
}

#[test]
fn the_log_may_begin_anew() {
    holds(EPOCHS);
}

#[test]
fn a_revocation_may_come_at_any_time() {
    holds(REVOCATION);
}

#[test]
fn a_page_may_ask_for_what_is_not_its_own() {
    holds(ISOLATION);
}

#[test]
fn tabs_may_share_a_socket() {
    holds(TABS);
}
