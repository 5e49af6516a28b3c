//! With all rules on, every property holds in every state of every scenario, and every run ends.

#![expect(clippy::print_stdout, reason = "the number of states is printed as a result")]

use model::*;

/// Checks every state that a scenario can reach, and prints how many there are.
fn holds(scenario: Scenario) {
    match cover(scenario, Rules::ALL) {
        Ok(Coverage { states, depth }) => println!("{}: {states} states, up to {depth} steps", scenario.name),
        Err(failure) => panic!("{}: {failure}", scenario.name),
    }
    if let Some(state) = cycle(scenario, Rules::ALL) {
        panic!(
            "{}: a run can return to this state, so it need not end: {state:#?}",
            scenario.name
        );
    }
}

#[test]
fn updates_may_race_with_every_fault_of_the_network() {
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
fn the_largest_updates_leave_room_for_two_in_a_reply() {
    holds(LARGE);
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
fn a_page_may_ask_for_another_logins_updates() {
    holds(ISOLATION);
}

#[test]
fn tabs_may_share_a_socket() {
    holds(TABS);
}
