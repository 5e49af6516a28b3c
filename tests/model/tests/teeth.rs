//! Every rule is needed: with a rule switched off, a property breaks. Each test prints the shortest run to that (with
//! `--nocapture`).

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

/// Asserts that without these rules the property breaks, and that the shortest run to that has at most this many
/// actions.
fn breaks(scenario: Scenario, rules: Rules, property: &'static str, at_most: usize) {
    let found = refute(scenario, rules, property).expect("without the rule, the property does not hold");
    println!("{}: {found}", scenario.name);
    assert!(found.actions.len() <= at_most, "more than {at_most} steps");
}

// R1.
#[test]
fn reading_the_connections_before_recording_loses_an_update() {
    breaks(RACES, without!(record_before_read), "seen", 7);
}

#[test]
fn an_eventually_consistent_query_loses_an_update() {
    breaks(RACES, without!(strong_rows), "seen", 7);
}

// R2.
#[test]
fn opening_before_the_row_is_stored_leaves_a_socket_unlisted() {
    breaks(RACES, without!(store_before_open), "listed", 2);
}

#[test]
fn opening_before_the_row_is_stored_loses_an_update_if_sync_does_not_check_the_row() {
    breaks(RACES, without!(store_before_open, sync_proves_login), "seen", 7);
}

#[test]
fn opening_before_the_row_is_stored_makes_pages_reconnect_without_end() {
    breaks(RACES, without!(store_before_open), "settles", 7);
}

#[test]
fn not_syncing_on_open_loses_an_update() {
    breaks(RACES, without!(sync_on_open), "seen", 5);
}

#[test]
fn an_eventually_consistent_sync_loses_an_update() {
    breaks(RACES, without!(strong_updates), "seen", 7);
}

// R3.
#[test]
fn pruning_at_every_410_unlists_a_socket() {
    breaks(RACES, without!(grace), "listed", 7);
}

#[test]
fn a_grace_shorter_than_connect_unlists_a_socket() {
    breaks(RACES, without!(grace_covers_connect), "listed", 7);
}

#[test]
fn judging_the_age_after_the_post_unlists_a_socket() {
    breaks(RACES, without!(age_before_post), "listed", 7);
}

// R4.
#[test]
fn moving_the_cursor_over_a_gap_loses_an_update() {
    breaks(PAGING, without!(cursor_waits), "seen", 16);
}

#[test]
fn moving_the_cursor_over_a_push_that_was_never_shown_loses_an_update() {
    breaks(RACES, without!(reached_is_shown), "seen", 12);
}

#[test]
fn waiting_at_a_gap_loses_an_update() {
    breaks(RACES, without!(gap_syncs), "seen", 8);
}

#[test]
fn showing_an_older_version_again_replaces_the_newest_update() {
    breaks(RACES, without!(duplicates_dropped), "seen", 10);
}

#[test]
fn a_prev_that_leaves_out_other_topics_loses_an_update() {
    breaks(PAGING, without!(prev_of_socket), "seen", 16);
}

#[test]
fn a_repeat_with_too_low_a_prev_loses_an_update() {
    breaks(RETRIES, without!(repeat_prev), "seen", 17);
}

// R5.
#[test]
fn counting_the_reply_to_an_older_sync_loses_an_update() {
    breaks(RACES, without!(newest_n), "seen", 9);
}

#[test]
fn not_sending_a_lost_sync_again_loses_an_update() {
    breaks(RACES, without!(sync_times_out), "seen", 6);
}

#[test]
fn forgetting_what_was_heard_during_a_sync_loses_an_update() {
    breaks(RACES, without!(heard_is_covered), "seen", 8);
}

// R6.
#[test]
fn a_row_deleted_by_mistake_loses_an_update_unless_the_page_reconnects() {
    breaks(RACES, without!(grace, unknown_reconnects), "seen", 9);
}

#[test]
fn ignoring_unknown_connection_keeps_a_revoked_socket() {
    breaks(REVOCATION, without!(unknown_reconnects), "revoked", 15);
}

// R7.
#[test]
fn pruning_at_a_failed_post_unlists_a_socket() {
    breaks(RACES, without!(failed_keeps_row), "listed", 6);
}

#[test]
fn without_a_periodic_sync_a_failed_post_loses_an_update() {
    breaks(RACES, without!(periodic_sync), "seen", 8);
}

// R8.
#[test]
fn applying_a_push_of_another_epoch_loses_an_update() {
    breaks(EPOCHS, without!(epoch_checked), "seen", 11);
}

#[test]
fn keeping_the_epoch_of_a_restored_table_loses_an_update() {
    breaks(EPOCHS, without!(new_epoch), "seen", 11);
}

// R9.
#[test]
fn a_cursor_that_survives_a_reload_loses_an_update() {
    breaks(RACES, without!(reload_forgets), "seen", 13);
}

#[test]
fn a_cursor_shared_by_tabs_loses_an_update() {
    breaks(TABS, without!(own_cursor), "seen", 14);
}

#[test]
fn a_tab_on_a_socket_without_its_topics_loses_an_update() {
    breaks(TABS, without!(tab_waits_for_topics), "seen", 14);
}

// R10.
#[test]
fn comparing_the_pages_clock_with_the_servers_loses_an_update() {
    breaks(LOADS, without!(ages_by_one_clock), "seen", 7);
}

// Recording.
#[test]
fn letting_the_last_to_come_win_loses_the_newer_update() {
    breaks(RETRIES, without!(at_orders), "kept", 2);
}

#[test]
fn dropping_an_update_for_one_stale_topic_loses_its_other_topic() {
    breaks(RETRIES, without!(stale_by_topic), "kept", 2);
}

#[test]
fn ignoring_ids_records_an_update_twice() {
    breaks(RETRIES, without!(id_marks_repeats), "once", 2);
}

// Rows, messages, and access to updates.
#[test]
fn a_row_that_expires_before_its_socket_unlists_it() {
    breaks(RACES, without!(row_outlives_socket), "listed", 4);
}

#[test]
fn naming_one_topic_only_hides_an_update_from_the_other() {
    breaks(TOPICS, without!(names_every_topic), "seen", 15);
}

#[test]
fn naming_one_topic_only_hides_an_update_from_the_other_tab() {
    breaks(TABS, without!(names_every_topic), "seen", 13);
}

#[test]
fn answering_a_sync_without_checking_the_row_shows_another_logins_update() {
    breaks(ISOLATION, without!(sync_proves_login), "isolated", 7);
}

// Revoking.
#[test]
fn checking_the_chatter_id_in_a_separate_call_lets_a_row_outlive_the_revocation() {
    breaks(REVOCATION, without!(one_transaction), "revoked", 6);
}

#[test]
fn querying_the_rows_once_lets_a_row_outlive_the_revocation() {
    breaks(REVOCATION, without!(revoke_twice), "revoked", 5);
}

#[test]
fn deleting_the_chatter_id_alone_leaves_its_sockets_open() {
    breaks(REVOCATION, without!(revoke_closes), "revoked", 4);
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
