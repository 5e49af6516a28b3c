/** Each update is shown once, and none is lost, in whatever order pushes and replies arrive. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND, stopClock } from "./clock.mjs";
import { LOGIN, entry, page, pageAt, until } from "./server.mjs";

const news = ({ updates }) => updates.map(({ version, topics }) => [version, ...topics].join(" "));

test("a_page_syncs_as_soon_as_its_socket_is_open", async (t) => {
  const { server, chatter } = await page(t);
  assert.equal(chatter.state, "connecting");
  const line = await server.line(1);
  const { n, ...sync } = await line.sync(1);
  assert.deepEqual(sync, { action: "sync", login: LOGIN, cursor: null });
  assert.ok(Number.isSafeInteger(n) && n > 0);
  assert.equal(chatter.state, "open");
});

test("a_push_is_shown_at_once_and_moves_the_cursor", async (t) => {
  const tick = stopClock(t);
  const { heard, line } = await pageAt(41, t);
  line.push(42);
  line.push(50, { prev: 42 });
  line.push(52);
  await line.gap(tick);
  const { cursor } = await line.sync(2);
  assert.deepEqual(heard.updates[0], { ...entry(42), initial: false });
  assert.deepEqual(cursor, { epoch: "E", version: 50 });
});

test("a_gap_is_filled_by_a_sync_and_nothing_is_shown_twice", async (t) => {
  const tick = stopClock(t);
  const { line, versions, heard } = await pageAt(41, t);
  line.push(44);
  await line.gap(tick);
  assert.deepEqual((await line.sync(2)).cursor, { epoch: "E", version: 41 });
  line.reply({ cursor: { epoch: "E", version: 44 }, missed: 3, updates: [entry(43, "plays"), entry(44)] });
  await until(() => heard.synced.length === 2);
  assert.deepEqual(versions(), [44, 43]);
  assert.deepEqual(heard.synced[1], { missed: 3, reset: false });
  line.push(46);
  await line.gap(tick);
  assert.deepEqual((await line.sync(3)).cursor, { epoch: "E", version: 44 });
});

test("duplicates_are_dropped_whatever_topics_they_name", async (t) => {
  const { server, versions } = await page(t);
  const line = await server.line(1);
  await line.sync(1);
  line.reply({ cursor: { epoch: "E", version: 41 }, updates: [entry(41)] });
  line.push(41);
  line.push(42, { topics: ["plays", "updates"] });
  line.push(42, { topics: ["plays", "updates"] });
  line.push(42, { topics: ["updates"] });
  line.push(43);
  await until(() => versions().includes(43));
  assert.deepEqual(versions(), [41, 42, 43]);
});

test("an_update_that_was_overtaken_by_a_newer_one_of_its_topic_is_dropped_without_a_sync", async (t) => {
  const tick = stopClock(t);
  const { line, versions } = await pageAt(41, t);
  line.push(43);
  line.push(42);
  await line.gap(tick);
  line.push(44);
  await until(() => versions().includes(44));
  assert.deepEqual(versions(), [43, 44]);
  assert.equal(line.syncs.length, 1);
});

test("updates_that_overtake_one_another_are_all_shown_without_a_sync", async (t) => {
  const tick = stopClock(t);
  const { line, heard } = await pageAt(41, t);
  line.push(45, { topics: ["d"] });
  line.push(43, { topics: ["b"] });
  await line.heardAll();
  tick(SECOND - 1);
  line.push(44, { topics: ["c"] });
  line.push(42, { topics: ["a"] });
  await line.gap(tick);
  await line.heardAll();
  assert.deepEqual(news(heard), ["45 d", "43 b", "44 c", "42 a"]);
  assert.equal(line.syncs.length, 1);
  // The cursor is above all of them.
  line.push(47);
  await line.gap(tick);
  assert.deepEqual((await line.sync(2)).cursor, { epoch: "E", version: 45 });
});

test("a_gap_causes_one_sync_however_many_pushes_are_above_it", async (t) => {
  const tick = stopClock(t);
  const { line, heard } = await pageAt(41, t);
  line.push(43);
  await line.heardAll();
  tick(SECOND / 2);
  line.push(45);
  await line.heardAll();
  tick(SECOND / 2 - 1);
  await line.heardAll();
  assert.equal(line.syncs.length, 1);
  tick(1);
  await line.sync(2);
  line.push(47);
  await line.gap(tick);
  await line.heardAll();
  // What came meanwhile waits for the answer, which may bring it.
  assert.equal(line.syncs.length, 2);
  line.reply({ cursor: { epoch: "E", version: 47 }, missed: 6, updates: [entry(47)] });
  await until(() => heard.synced.length === 2);
  tick(SECOND);
  await line.heardAll();
  assert.equal(line.syncs.length, 2);
});

test("a_gap_that_is_open_when_the_socket_is_lost_is_filled_on_the_next_one_by_one_sync", async (t) => {
  const tick = stopClock(t);
  const { server, chatter, line } = await pageAt(41, t);
  line.push(43);
  await line.heardAll();
  tick(SECOND / 2);
  line.socket.terminate();
  await until(() => chatter.state === "waiting");
  tick(SECOND);
  const next = await server.line(2);
  const { n } = await next.sync(1);
  next.reply({ cursor: { epoch: "E", version: 43 }, missed: 2, updates: [entry(43)] });
  await next.gap(tick);
  await next.heardAll();
  assert.equal(next.syncs.length, 1);
  assert.equal(n, line.syncs[0].n + 1);
});

test("pushes_of_an_old_log_do_not_move_the_cursor_of_the_new_one", async (t) => {
  const tick = stopClock(t);
  const { line, heard } = await pageAt(41, t);
  line.push(43);
  await line.gap(tick);
  await line.sync(2);
  line.push(44, { prev: 43 });
  line.push(45, { prev: 44 });
  line.reply({ cursor: { epoch: "F", version: 44 }, reset: true, updates: [entry(44)] });
  assert.deepEqual((await line.sync(3)).cursor, { epoch: "F", version: 44 });
  line.reply({ cursor: { epoch: "F", version: 44 }, missed: 0 });
  await until(() => heard.synced.length === 2);
});

test("an_overtaken_update_on_two_topics_is_still_shown_under_the_other_one", async (t) => {
  const tick = stopClock(t);
  const { line, heard } = await pageAt(41, t);
  line.push(43, { topics: ["a"] });
  await line.gap(tick);
  await line.sync(2);
  line.push(42, { topics: ["a", "b"] });
  line.reply({ cursor: { epoch: "E", version: 43 }, missed: 2, updates: [entry(42, "b"), entry(43, "a")] });
  await until(() => heard.synced.length === 2);
  assert.deepEqual(news(heard), ["43 a", "42 b"]);
});

test("of_a_reply_that_a_push_has_overtaken_the_updates_on_other_topics_are_still_shown", async (t) => {
  const tick = stopClock(t);
  const { line, heard } = await pageAt(40, t);
  line.push(42, { topics: ["c"] });
  await line.gap(tick);
  await line.sync(2);
  line.push(45, { topics: ["a"] });
  line.reply({ cursor: { epoch: "E", version: 43 }, missed: 3, updates: [entry(42, "c"), entry(43, "a", "b")] });
  assert.deepEqual((await line.sync(3)).cursor, { epoch: "E", version: 43 });
  line.reply({ cursor: { epoch: "E", version: 45 }, missed: 2, updates: [entry(45, "a")] });
  await until(() => heard.synced.length === 2);
  assert.deepEqual(news(heard), ["42 c", "45 a", "43 b"]);
});

test("a_reply_that_leads_up_to_a_push_moves_the_cursor_over_both", async (t) => {
  const tick = stopClock(t);
  const { line, heard, versions } = await pageAt(40, t);
  line.push(42, { topics: ["c"] });
  await line.gap(tick);
  await line.sync(2);
  line.push(44, { topics: ["a"] });
  line.reply({ cursor: { epoch: "E", version: 43 }, missed: 3, updates: [entry(42, "c"), entry(43, "b")] });
  await until(() => heard.synced.length === 2);
  line.push(45);
  await line.gap(tick);
  await line.heardAll();
  assert.deepEqual(versions(), [42, 44, 43, 45]);
  assert.equal(line.syncs.length, 2);
});

test("an_update_names_those_of_its_topics_that_the_page_listens_to", async (t) => {
  const { line, heard, versions } = await pageAt(41, t, { topics: ["b", "c"] });
  line.push(42, { topics: ["a", "b", "c"] });
  line.push(43, { topics: ["a"] });
  line.push(44, { topics: ["c"] });
  await until(() => versions().includes(44));
  assert.deepEqual(heard.updates[0], { ...entry(42, "b", "c"), initial: false });
  assert.deepEqual(news(heard), ["42 b c", "44 c"]);
  assert.equal(line.syncs.length, 1);
});

test("a_push_with_a_topic_and_no_topics_is_about_that_topic", async (t) => {
  const { line, heard, versions } = await pageAt(41, t);
  const { topics, ...rest } = entry(42, "plays");
  line.say({ type: "stats-updated", login: LOGIN, epoch: "E", prev: 41, ...rest });
  await until(() => versions().includes(42));
  assert.deepEqual(news(heard), ["42 plays"]);
});

test("a_push_during_a_sync_that_the_reply_does_not_cover_causes_another_sync", async (t) => {
  const { server, heard, versions } = await page(t);
  const line = await server.line(1);
  await line.sync(1);
  line.push(42);
  line.reply({ cursor: { epoch: "E", version: 41 }, updates: [entry(41, "plays")] });
  assert.deepEqual((await line.sync(2)).cursor, { epoch: "E", version: 41 });
  line.reply({ cursor: { epoch: "E", version: 42 }, missed: 1, updates: [entry(42)] });
  await until(() => heard.synced.length === 1);
  assert.deepEqual(versions(), [41, 42]);
  assert.equal(line.syncs.length, 2);
});

test("the_first_update_of_a_login_is_shown_though_there_was_no_log_before", async (t) => {
  stopClock(t);
  const { server, heard } = await page(t, { since: Date.parse("2026-02-01T00:00:00Z") });
  const line = await server.line(1);
  await line.sync(1);
  line.reply({ cursor: null });
  await until(() => heard.synced.length === 1);
  line.push(1);
  assert.equal((await line.sync(2)).cursor, null);
  line.reply({ cursor: { epoch: "E", version: 1 }, updates: [entry(1)] });
  await until(() => heard.synced.length === 2);
  assert.deepEqual(heard.updates, [{ ...entry(1), initial: false }]);
});

test("a_push_of_another_log_is_not_shown_until_a_sync_tells_which_log_is_current", async (t) => {
  stopClock(t);
  const { line, heard, versions } = await pageAt(41, t);
  line.push(7, { epoch: "F" });
  line.push(42);
  await line.sync(2);
  line.push(1, { epoch: "F" });
  line.push(43);
  line.reply({ cursor: { epoch: "F", version: 1 }, reset: true, updates: [entry(1)] });
  await until(() => heard.synced.length === 2);
  assert.deepEqual(versions(), [42, 43, 1]);
  assert.deepEqual(heard.synced[1], { missed: null, reset: true });
  line.push(2, { epoch: "F" });
  await until(() => versions().length === 4);
  assert.equal(line.syncs.length, 2);
});

test("an_old_log_s_push_that_comes_before_the_first_reply_is_not_shown_and_hides_nothing", async (t) => {
  const { server, heard, versions } = await page(t);
  const line = await server.line(1);
  await line.sync(1);
  line.push(90, { epoch: "D" });
  line.reply({ cursor: { epoch: "E", version: 3 }, updates: [entry(3)] });
  await line.sync(2);
  line.reply({ cursor: { epoch: "E", version: 3 }, missed: 0 });
  await until(() => heard.synced.length === 1);
  assert.deepEqual(versions(), [3]);
});

test("a_reply_without_a_log_changes_nothing", async (t) => {
  const tick = stopClock(t);
  const { line, heard, versions } = await pageAt(41, t);
  line.push(43);
  await line.gap(tick);
  await line.sync(2);
  line.reply({ cursor: null });
  await until(() => heard.synced.length === 2);
  line.push(42);
  line.push(44);
  await line.gap(tick);
  assert.deepEqual((await line.sync(3)).cursor, { epoch: "E", version: 42 });
  await until(() => versions().includes(44));
  assert.deepEqual(versions(), [43, 44]);
});

test("a_reset_to_an_older_version_of_the_same_log_moves_the_cursor_back", async (t) => {
  const tick = stopClock(t);
  const { line, heard, versions } = await pageAt(41, t);
  line.push(43);
  await line.gap(tick);
  await line.sync(2);
  line.reply({ cursor: { epoch: "E", version: 7 }, reset: true, updates: [entry(7)] });
  line.push(8);
  await until(() => versions().includes(8));
  assert.deepEqual(versions(), [43, 7, 8]);
  assert.equal(heard.synced.at(-1).reset, true);
});

test("an_update_that_was_shown_above_a_gap_is_not_shown_again_under_one_of_its_topics", async (t) => {
  const tick = stopClock(t);
  const { line, heard } = await pageAt(41, t);
  line.push(44, { topics: ["a", "b"] });
  await line.gap(tick);
  await line.sync(2);
  line.push(42, { topics: ["c"] });
  line.reply({ cursor: { epoch: "E", version: 45 }, missed: 4, updates: [entry(44, "b"), entry(45, "a")] });
  await until(() => heard.synced.length === 2);
  assert.deepEqual(news(heard), ["44 a b", "42 c", "45 a"]);
});

test("a_reply_that_pushes_have_overtaken_does_not_move_the_cursor_back", async (t) => {
  const tick = stopClock(t);
  const { server, heard, versions } = await page(t);
  const line = await server.line(1);
  await line.sync(1);
  line.reply({ cursor: { epoch: "E", version: 41 }, more: true });
  await line.sync(2);
  line.push(42);
  line.push(43);
  line.reply({ cursor: { epoch: "E", version: 42 }, missed: 1, updates: [entry(42)] });
  await until(() => heard.synced.length === 1);
  line.push(46);
  await line.gap(tick);
  assert.deepEqual((await line.sync(3)).cursor, { epoch: "E", version: 43 });
  assert.deepEqual(versions(), [42, 43, 46]);
});
