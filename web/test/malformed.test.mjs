/** Anybody with the rights may post to a socket. What is not of the right shape is an `error` event, and changes nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { SECOND, stopClock } from "./clock.mjs";
import { LOGIN, entry, page, pageAt, until } from "./server.mjs";

const push = { type: "stats-updated", login: LOGIN, epoch: "E", prev: 41, ...entry(42) };
const cursor = { epoch: "E", version: 41 };
const unreadable = { toString: 7 };

const messages = [
  ...[undefined, null, "42", {}, 1e999, -1e999, 1.5].map((version) => ({ ...push, version })),
  ...[undefined, null, "41", {}, 1.5].map((prev) => ({ ...push, prev })),
  ...[undefined, null, 7, {}].map((epoch) => ({ ...push, epoch })),
  ...["updates", {}, 7, [7], [null], ["updates", {}]].map((topics) => ({ ...push, topics })),
  { ...push, topic: undefined, topics: undefined },
  { ...push, topic: 7, topics: null },
  { ...push, at: unreadable },
  { type: "closing" },
  ...[null, 7, {}, ["revoked"]].map((reason) => ({ type: "closing", reason, retry: false })),
  { type: "error" },
  { type: "error", code: 7, message: "odd" },
  { type: "error", code: "odd", message: unreadable },
];
for (const message of messages) {
  test(`a_page_is_unharmed_by ${inspect(message, { breakLength: Infinity }).replaceAll("\n", " ")}`, async (t) => {
    const { chatter, heard, line, versions } = await pageAt(41, t);
    // `Infinity` is a number in JSON that is too large to be one here.
    line.say(JSON.stringify(message, (_, value) => (value === Infinity || value === -Infinity ? "huge" : value)).replaceAll('"huge"', "1e999"));
    await until(() => heard.errors.length === 1);
    assert.equal(heard.errors[0].code, "bad-message");
    line.push(42);
    await until(() => versions().includes(42));
    assert.deepEqual([versions(), chatter.state, line.closed], [[42], "open", false]);
    line.push(43);
    await until(() => versions().includes(43));
    assert.deepEqual([line.syncs.length, heard.errors.length], [1, 1]);
  });
}

const replies = [
  ...[undefined, null, {}, "none", [null], [7], [{}], [entry(42), { ...entry(41), topics: {} }]].map((updates) => ({ updates })),
  { updates: [{ ...entry(41), recorded: unreadable }] },
  ...[undefined, "3", {}, 1.5].map((missed) => ({ missed })),
  ...["E", 7, {}, { epoch: "E" }, { version: 41 }, { epoch: 7, version: 41 }, { epoch: "E", version: "41" }].map((cursor) => ({ cursor })),
  { now: unreadable },
];
for (const reply of replies) {
  test(`a_sync_is_sent_again_if_its_reply_is ${inspect(reply, { breakLength: Infinity, depth: 4 })}`, async (t) => {
    const tick = stopClock(t);
    const { server, heard } = await page(t);
    const line = await server.line(1);
    const { n } = await line.sync(1);
    line.reply({ cursor, ...reply });
    await until(() => heard.errors.length === 1);
    assert.equal(heard.errors[0].code, "bad-message");
    tick(10 * SECOND);
    const again = await line.sync(2);
    assert.deepEqual([again.cursor, again.n], [null, n + 1]);
    line.reply({ cursor, missed: 2, updates: [entry(41)] });
    await until(() => heard.synced.length === 1);
    assert.deepEqual(heard.updates.map(({ version }) => version), [41]);
    assert.deepEqual(heard.synced, [{ missed: 2, reset: false }]);
  });
}

test("a_reply_to_another_tab_or_an_earlier_sync_is_ignored_whatever_its_shape", async (t) => {
  const { line, heard, versions } = await pageAt(41, t);
  line.say({ type: "sync", n: 7, updates: null });
  line.push(42);
  await until(() => versions().includes(42));
  assert.deepEqual(heard.errors, []);
});

test("an_error_of_the_gateway_whose_message_cannot_become_text_is_an_error_event", async (t) => {
  const { line, heard } = await pageAt(41, t);
  line.say({ message: unreadable, requestId: "Y=" });
  await until(() => heard.errors.length === 1);
  assert.equal(heard.errors[0].code, "gateway");
});
