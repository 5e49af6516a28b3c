/** Syncs: sent again until they are answered, to the last page of the reply, and every 15 minutes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, stopClock } from "./clock.mjs";
import { entry, page, pageAt, until } from "./server.mjs";

test("only_the_reply_to_the_newest_sync_counts", async (t) => {
  const tick = stopClock(t);
  const { line, heard, versions } = await pageAt(41, t);
  line.push(43);
  await line.gap(tick);
  await line.sync(2);
  tick(10 * SECOND);
  await line.sync(3);
  line.say({ type: "sync", n: line.syncs[1].n, cursor: { epoch: "E", version: 99 }, missed: 58, reset: false, more: false, updates: [] });
  line.reply({ cursor: { epoch: "E", version: 43 }, missed: 2, updates: [entry(43)] });
  await until(() => heard.synced.length === 2);
  line.push(44);
  await until(() => versions().includes(44));
  assert.deepEqual(versions(), [43, 44]);
});

test("a_reply_in_several_pages_is_read_to_its_end", async (t) => {
  const tick = stopClock(t);
  const { server, heard, versions } = await page(t);
  const line = await server.line(1);
  await line.sync(1);
  line.reply({ cursor: { epoch: "E", version: 2 }, more: true, updates: [entry(1, "a"), entry(2, "b")] });
  assert.deepEqual((await line.sync(2)).cursor, { epoch: "E", version: 2 });
  line.reply({ cursor: { epoch: "E", version: 5 }, missed: 3, updates: [entry(5, "c")] });
  await until(() => heard.synced.length === 1);
  assert.deepEqual(versions(), [1, 2, 5]);
  assert.deepEqual(heard.updates.map(({ initial }) => initial), [true, true, true]);
  assert.deepEqual(heard.synced, [{ missed: null, reset: false }]);
  line.push(9);
  await line.gap(tick);
  await line.sync(3);
  line.reply({ cursor: { epoch: "E", version: 7 }, missed: 2, more: true, updates: [entry(7, "a")] });
  await line.sync(4);
  line.reply({ cursor: { epoch: "E", version: 9 }, missed: 2, updates: [entry(9)] });
  await until(() => heard.synced.length === 2);
  assert.deepEqual(heard.synced[1], { missed: 4, reset: false });
});

test("an_unanswered_sync_is_sent_again_ever_more_slowly", async (t) => {
  const tick = stopClock(t);
  const { server } = await page(t);
  const line = await server.line(1);
  const { n } = await line.sync(1);
  tick(10 * SECOND);
  assert.equal((await line.sync(2)).n, n + 1);
  tick(20 * SECOND - 1);
  line.say({ type: "pong" });
  tick(1);
  assert.equal((await line.sync(3)).n, n + 2);
  assert.equal(line.syncs.length, 3);
});

test("a_sync_that_the_gateway_could_not_deliver_is_sent_again", async (t) => {
  const tick = stopClock(t);
  const { server, heard } = await page(t);
  const line = await server.line(1);
  const { n } = await line.sync(1);
  line.say('{"message": "Internal server error", "connectionId":"X=", "requestId":"Y="}');
  await until(() => heard.errors.length === 1);
  assert.deepEqual(heard.errors, [{ code: "gateway", message: "Internal server error" }]);
  tick(2 * SECOND);
  assert.equal((await line.sync(2)).n, n + 1);
});

test("a_page_syncs_every_quarter_of_an_hour_though_nothing_is_missing", async (t) => {
  const tick = stopClock(t);
  const { line, versions } = await pageAt(41, t);
  for (let version = 42; version < 47; version += 1) {
    tick(3 * MINUTE);
    line.push(version);
    await until(() => versions().includes(version));
  }
  assert.deepEqual((await line.sync(2)).cursor, { epoch: "E", version: 45 });
});
