//! Mistakes that somebody could make: for each, the rules that it breaks, and the property that no longer holds then.

use crate::{Rules, Scenario};

/// A protocol with some rules switched off.
#[derive(Clone, Copy, Debug)]
pub struct Mistake {
    /// Number of the rule in `docs/protocol.md`.
    pub rule: &'static str,
    /// What goes wrong, as a sentence with underscores.
    pub name: &'static str,
    /// The scenario in which it goes wrong.
    pub scenario: Scenario,
    /// The rules that are left.
    pub rules: Rules,
    /// The property that breaks.
    pub property: &'static str,
    /// The shortest run to that has at most this many actions.
    pub at_most: usize,
}

/// Calls a macro with the table of all mistakes, which both the tests and [`mistakes`] are made of.
#[macro_export]
macro_rules! for_each_mistake {
    ($callback:ident) => {
        $callback! {
            "R1" reading_the_connections_before_recording_loses_an_update: RACES without [record_before_read] breaks "seen" within 7;
            "R1" an_eventually_consistent_query_loses_an_update: RACES without [strong_rows] breaks "seen" within 7;
            "R2" opening_before_the_row_is_stored_leaves_a_socket_unlisted: RACES without [store_before_open] breaks "listed" within 2;
            "R2" opening_before_the_row_is_stored_loses_an_update_if_sync_does_not_check_the_row: RACES without [store_before_open, sync_proves_login] breaks "seen" within 7;
            "R2" opening_before_the_row_is_stored_makes_pages_reconnect_without_end: RACES without [store_before_open] breaks "settles" within 7;
            "R2" not_syncing_on_open_loses_an_update: RACES without [sync_on_open] breaks "seen" within 5;
            "R2" an_eventually_consistent_sync_loses_an_update: RACES without [strong_updates] breaks "seen" within 7;
            "R3" pruning_at_every_410_unlists_a_socket: RACES without [grace] breaks "listed" within 7;
            "R3" a_grace_shorter_than_connect_unlists_a_socket: RACES without [grace_covers_connect] breaks "listed" within 7;
            "R3" judging_the_age_after_the_post_unlists_a_socket: RACES without [age_before_post] breaks "listed" within 7;
            "R4" moving_the_cursor_over_a_gap_loses_an_update: PAGING without [cursor_waits] breaks "seen" within 16;
            "R4" moving_the_cursor_over_a_push_that_was_never_shown_loses_an_update: RACES without [reached_is_shown] breaks "seen" within 12;
            "R4" waiting_at_a_gap_loses_an_update: RACES without [gap_syncs] breaks "seen" within 8;
            "R4" showing_an_older_version_again_replaces_the_newest_update: RACES without [duplicates_dropped] breaks "seen" within 10;
            "R4" a_prev_that_leaves_out_other_topics_loses_an_update: PAGING without [prev_of_socket] breaks "seen" within 16;
            "R4" a_repeat_with_too_low_a_prev_loses_an_update: RETRIES without [repeat_prev] breaks "seen" within 17;
            "R5" counting_the_reply_to_an_older_sync_loses_an_update: RACES without [newest_n] breaks "seen" within 9;
            "R5" not_sending_a_lost_sync_again_loses_an_update: RACES without [sync_times_out] breaks "seen" within 6;
            "R5" forgetting_what_was_heard_during_a_sync_loses_an_update: RACES without [heard_is_covered] breaks "seen" within 8;
            "R6" a_row_deleted_by_mistake_loses_an_update_unless_the_page_reconnects: RACES without [grace, unknown_reconnects] breaks "seen" within 9;
            "R6" ignoring_unknown_connection_keeps_a_revoked_socket: REVOCATION without [unknown_reconnects] breaks "revoked" within 15;
            "R7" pruning_at_a_failed_post_unlists_a_socket: RACES without [failed_keeps_row] breaks "listed" within 6;
            "R7" without_a_periodic_sync_a_failed_post_loses_an_update: RACES without [periodic_sync] breaks "seen" within 8;
            "R8" applying_a_push_of_another_epoch_loses_an_update: EPOCHS without [epoch_checked] breaks "seen" within 11;
            "R8" keeping_the_epoch_of_a_restored_table_loses_an_update: EPOCHS without [new_epoch] breaks "seen" within 11;
            "R9" a_cursor_that_survives_a_reload_loses_an_update: RACES without [reload_forgets] breaks "seen" within 13;
            "R9" a_cursor_shared_by_tabs_loses_an_update: TABS without [own_cursor] breaks "seen" within 14;
            "R9" a_tab_on_a_socket_without_its_topics_loses_an_update: TABS without [tab_waits_for_topics] breaks "seen" within 14;
            "R10" comparing_the_pages_clock_with_the_servers_loses_an_update: LOADS without [ages_by_one_clock] breaks "seen" within 7;
            "T1" letting_the_last_to_come_win_loses_the_newer_update: RETRIES without [at_orders] breaks "kept" within 2;
            "T2" dropping_an_update_for_one_stale_topic_loses_its_other_topic: RETRIES without [stale_by_topic] breaks "kept" within 2;
            "T3" ignoring_ids_records_an_update_twice: RETRIES without [id_marks_repeats] breaks "once" within 2;
            "T4" a_row_that_expires_before_its_socket_unlists_it: RACES without [row_outlives_socket] breaks "listed" within 4;
            "M1" naming_one_topic_only_hides_an_update_from_the_other: TOPICS without [names_every_topic] breaks "seen" within 15;
            "M1" naming_one_topic_only_hides_an_update_from_the_other_tab: TABS without [names_every_topic] breaks "seen" within 13;
            "M2" answering_a_sync_without_checking_the_row_shows_another_logins_update: ISOLATION without [sync_proves_login] breaks "isolated" within 7;
            "V1" checking_the_chatter_id_in_a_separate_call_lets_a_row_outlive_the_revocation: REVOCATION without [one_transaction] breaks "revoked" within 6;
            "V2" querying_the_rows_once_lets_a_row_outlive_the_revocation: REVOCATION without [revoke_twice] breaks "revoked" within 5;
            "V3" deleting_the_chatter_id_alone_leaves_its_sockets_open: REVOCATION without [revoke_closes] breaks "revoked" within 4;
        }
    };
}

macro_rules! list {
    ($($rule:literal $name:ident: $scenario:ident without [$($off:ident),+] breaks $property:literal within $most:literal;)+) => {
        vec![$(Mistake {
            rule: $rule,
            name: stringify!($name),
            scenario: crate::scenario::$scenario,
            rules: Rules { $($off: false,)+ ..Rules::ALL },
            property: $property,
            at_most: $most,
        }),+]
    };
}

/// Every mistake of the table.
pub fn mistakes() -> Vec<Mistake> {
    for_each_mistake!(list)
}
