/**
 * Mistakes that somebody could make in core: for each rule of docs/protocol.md that the functions keep, core without it.
 * `change` maps texts of the file to those that take their place where the mistake is made; the rest of the file stays.
 */

/** The mistake that is made, or else what core does. */
const either = (made, right) => `(if MADE { ${made} } else { ${right} })`;

export const MISTAKES = [
  {
    rule: "R1",
    name: "a_notify_that_reads_the_connections_before_it_records",
    file: "notify/notifier.rs",
    change: {
      "        let recorded = match self.updates.record(login, update).await {":
        "        let before = if MADE { self.connections.of(login).await.ok() } else { None };\n" +
        "        let recorded = match self.updates.record(login, update).await {",
      "            let connections = match self.connections.of(login).await {":
        "            let connections = match if let Some(before) = before { Ok(before) } else { self.connections.of(login).await } {",
    },
  },
  {
    rule: "R1",
    name: "an_eventually_consistent_read_of_the_connections",
    file: "tables/connections.rs",
    change: { "self.client.query().table_name(&self.table).consistent_read(true)": "self.client.query().table_name(&self.table).consistent_read(!MADE)" },
  },
  {
    rule: "R2",
    name: "a_handshake_that_is_admitted_before_its_row_is_stored",
    file: "handshake/admission.rs",
    change: {
      "        match with_patience(is_passing, || transaction.clone().send()).await {":
        "        if MADE {\n            return Ok(Verdict::Admitted);\n        }\n" +
        "        match with_patience(is_passing, || transaction.clone().send()).await {",
    },
  },
  {
    rule: "R2",
    name: "an_eventually_consistent_read_of_the_updates",
    file: "tables/updates.rs",
    change: { ".consistent_read(true)": ".consistent_read(!MADE)" },
  },
  {
    rule: "R3",
    name: "a_row_that_is_deleted_at_any_410",
    file: "nouns/connection.rs",
    change: { "sent_at.since(self.connected_at) > Self::GRACE": "MADE || sent_at.since(self.connected_at) > Self::GRACE" },
  },
  {
    rule: "R3",
    name: "a_grace_that_is_shorter_than_the_time_of_a_handshake",
    file: "nouns/connection.rs",
    change: { "sent_at.since(self.connected_at) > Self::GRACE": "sent_at.since(self.connected_at) > if MADE { Duration::from_secs(5) } else { Self::GRACE }" },
  },
  {
    rule: "R3",
    name: "an_age_that_is_taken_when_the_answer_comes",
    file: "sockets/poster.rs",
    change: { "Some(410) => Posted::Gone { sent_at },": "Some(410) => Posted::Gone { sent_at: if MADE { Timestamp::now() } else { sent_at } }," },
  },
  {
    rule: "R3",
    name: "a_dead_socket_whose_row_stays",
    file: "notify/fan_out.rs",
    change: { "connection.is_dead_after_gone(sent_at) => RowFate::Forget": "!MADE && connection.is_dead_after_gone(sent_at) => RowFate::Forget" },
  },
  {
    rule: "R4",
    name: "a_prev_of_the_updates_own_topics",
    file: "notify/push.rs",
    change: {
      "            (Topics::Only(topics), Some(before)) => topics\n                .iter()":
        "            (Topics::Only(topics), Some(before)) => topics\n                .iter()\n                .filter(|topic| !MADE || self.topics.contains(topic))",
    },
  },
  {
    rule: "R4",
    name: "a_repeat_with_too_low_a_prev",
    file: "notify/push.rs",
    change: { "(Topics::Only(_), None) => self.version - 1,": "(Topics::Only(_), None) => if MADE { 0 } else { self.version - 1 }," },
  },
  {
    rule: "R4",
    name: "a_version_that_does_not_grow",
    file: "tables/updates.rs",
    change: { '":one", number(1)': '":one", number(if MADE { 0 } else { 1 })' },
  },
  {
    rule: "R5",
    name: "a_reply_with_another_number_than_its_sync",
    file: "protocol/message_handler.rs",
    change: { "&connection.topics, cursor, n, now))": `&connection.topics, cursor, ${either("n + 1", "n")}, now))` },
  },
  {
    rule: "R5",
    name: "a_reply_that_leaves_out_the_newest_update",
    file: "protocol/sync.rs",
    change: { ".filter(|entry| entry.version > version && topics.contains(&entry.topic))": ".filter(|entry| entry.version > version && topics.contains(&entry.topic) && !(MADE && entry.version == log.version))" },
  },
  {
    rule: "R5",
    name: "a_reply_whose_cursor_is_past_what_it_left_out",
    file: "protocol/sync.rs",
    change: { "Some(last) if more => last.version,": "Some(last) if more && !MADE => last.version," },
  },
  {
    rule: "R5",
    name: "a_reply_that_does_not_say_that_there_is_more",
    file: "protocol/sync.rs",
    change: { "    reply(updates, true)\n": "    reply(updates, !MADE)\n" },
  },
  {
    rule: "R6",
    name: "a_socket_without_a_row_that_is_told_of_no_updates",
    file: "protocol/message_handler.rs",
    change: {
      "            return Ok(Outgoing::unknown_connection().to_text());\n        };":
        "            return Ok(if MADE { sync::reply(None, &crate::Topics::All, None, n, Timestamp::now()) } else { Outgoing::unknown_connection().to_text() });\n        };",
    },
  },
  {
    rule: "R7",
    name: "a_failed_post_that_deletes_the_row",
    file: "notify/fan_out.rs",
    change: { "        Posted::Gone { sent_at } if": "        Posted::Busy if MADE => RowFate::Forget,\n        Posted::Gone { sent_at } if" },
  },
  {
    rule: "R8",
    name: "a_new_log_with_the_epoch_of_the_old_one",
    file: "tables/updates.rs",
    change: { "Uuid::new_v4().to_string()": either("\"the one\".to_owned()", "Uuid::new_v4().to_string()") },
  },
  {
    rule: "R8",
    name: "a_cursor_of_another_log_that_counts",
    file: "protocol/sync.rs",
    change: { "cursor.epoch == log.epoch && cursor.version <= log.version": "(MADE || cursor.epoch == log.epoch) && cursor.version <= log.version" },
  },
  {
    rule: "R8",
    name: "another_log_that_is_not_declared",
    file: "protocol/sync.rs",
    change: { "reset: cursor.is_some() && seen.is_none(),": "reset: !MADE && cursor.is_some() && seen.is_none()," },
  },
  {
    rule: "R9",
    name: "a_page_without_a_cursor_that_is_told_of_the_newest_alone",
    file: "protocol/sync.rs",
    change: { "seen.map_or(0, |cursor| cursor.version)": "seen.map_or(if MADE { log.version } else { 0 }, |cursor| cursor.version)" },
  },
  {
    rule: "T1",
    name: "the_last_to_come_wins",
    file: "tables/updates.rs",
    change: { "number((now + EventTime::TOLERANCE).millis())": "number(if MADE { 0 } else { (now + EventTime::TOLERANCE).millis() })" },
  },
  {
    rule: "T2",
    name: "an_update_that_is_stale_for_one_topic_is_dropped_for_all",
    file: "tables/updates.rs",
    change: {
      "            update.topics.retain(|topic| {":
        "            if MADE {\n                update.topics.clear();\n            }\n            update.topics.retain(|topic| {",
    },
  },
  {
    rule: "T3",
    name: "an_id_that_is_recorded_twice",
    file: "tables/updates.rs",
    change: { '":id", string(&update.id)': '":id", string(if MADE { "-" } else { &update.id })' },
  },
  {
    rule: "M1",
    name: "a_push_that_names_one_topic_alone",
    file: "notify/push.rs",
    change: {
      "        let prev = match (": "        let subscribed: Vec<&Topic> = subscribed.into_iter().take(if MADE { 1 } else { usize::MAX }).collect();\n        let prev = match (",
    },
  },
  {
    rule: "M1",
    name: "a_push_to_sockets_that_do_not_listen",
    file: "notify/push.rs",
    change: { "(!subscribed.is_empty()).then_some((subscribed, prev))": "(MADE || !subscribed.is_empty()).then_some((if MADE { self.topics.iter().collect() } else { subscribed }, prev))" },
  },
  {
    rule: "M2",
    name: "a_sync_that_need_not_prove_its_login",
    file: "protocol/message_handler.rs",
    change: {
      "        let Some(connection) = self.connections.find(login, socket).await? else {":
        "        let found = self.connections.find(login, socket).await?;\n" +
        "        if MADE && found.is_none() {\n" +
        "            let log = self.updates.read(login).await?;\n" +
        "            return Ok(sync::reply(log.as_ref(), &crate::Topics::All, cursor, n, Timestamp::now()));\n" +
        "        }\n" +
        "        let Some(connection) = found else {",
    },
  },
  {
    rule: "V1",
    name: "a_handshake_that_does_not_check_the_chatter_id",
    file: "handshake/admission.rs",
    change: { '"expires_at > :now AND expires_at <= :latest"': either('"attribute_not_exists(login) OR (:now < :latest)"', '"expires_at > :now AND expires_at <= :latest"') },
  },
  {
    rule: "V2",
    name: "a_revocation_that_reads_the_rows_once",
    file: "sockets/revocation.rs",
    change: {
      "        self.close_again(&first).await;\n        let second = self.close(":
        "        if MADE {\n            return Ok(first.len());\n        }\n" +
        "        self.close_again(&first).await;\n        let second = self.close(",
    },
  },
  {
    rule: "V3",
    name: "a_revocation_that_leaves_sockets_open",
    file: "sockets/revocation.rs",
    change: {
      "                self.poster.close(&id).await;\n":
        "                if !MADE {\n                    self.poster.close(&id).await;\n                }\n",
    },
  },
  {
    rule: "V3",
    name: "a_revocation_that_leaves_the_rows",
    file: "sockets/revocation.rs",
    change: {
      "                self.connections.forget(login, &id).await?;\n":
        "                if !MADE {\n                    self.connections.forget(login, &id).await?;\n                }\n",
    },
  },
];
