/** The tab that holds the socket for the others, when the browser has frozen or hidden it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, stopClock } from "./clock.mjs";
import { page, settled, until } from "./server.mjs";
import { both, pair } from "./tabs.mjs";

test("a_frozen_holder_is_replaced_as_soon_as_another_tab_is_shown", async (t) => {
  const tick = stopClock(t);
  const { hide, show, freeze, channels, server, line, holder, other } = await pair(t);
  hide();
  freeze(channels[0]);
  tick(MINUTE);
  await new Promise(setImmediate);
  assert.equal(server.attempts, 1);
  show();
  tick(3 * SECOND - 1);
  assert.ok(!other.chatter.holdsSocket);
  tick(1);
  const next = await server.line(2);
  assert.deepEqual((await next.sync(1)).cursor, { epoch: "E", version: 41 });
  assert.ok(other.chatter.holdsSocket);
  // It wakes, learns that it was robbed, and listens to the other one.
  await until(() => line.closed);
  await next.sync(2);
  assert.deepEqual(holder.heard.states.map(({ state }) => state), ["open", "connecting", "open"]);
  next.push(42);
  await both([holder, other], 42);
  assert.deepEqual([holder.chatter.holdsSocket, server.attempts], [false, 2]);
});

test("a_tab_that_was_shown_all_along_notices_a_frozen_holder_too", async (t) => {
  const tick = stopClock(t);
  const { freeze, channels, server, other } = await pair(t);
  freeze(channels[0]);
  tick(30 * SECOND);
  tick(3 * SECOND);
  await server.line(2);
  await until(() => other.chatter.holdsSocket);
});

test("a_holder_that_answers_keeps_the_lock", async (t) => {
  const tick = stopClock(t);
  const { channels, server, line, holder } = await pair(t);
  const [, channel] = channels;
  const { onmessage } = channel;
  let answers = 0;
  channel.onmessage = (event) => {
    onmessage(event);
    answers += event.data.status ? 1 : 0;
  };
  for (let pulse = 1; pulse <= 5; pulse += 1) {
    tick(30 * SECOND);
    await until(() => answers === pulse, `answer ${pulse}`);
  }
  assert.ok(holder.chatter.holdsSocket);
  assert.equal(server.attempts, 1);
  assert.equal(line.syncs.length, 2);
});

test("a_tab_that_is_shown_has_the_holder_ping_the_socket", async (t) => {
  const tick = stopClock(t);
  const { show, server, line, holder, other } = await pair(t);
  line.say({ type: "closing", reason: "replaced", retry: false });
  await until(() => [holder, other].every(({ heard }) => heard.states.at(-1).reason === "replaced"));
  // The holder itself is not the one that is shown.
  const third = await page(t, { server });
  await until(() => third.heard.states.at(-1)?.reason === "replaced");
  tick(SECOND);
  await (await server.line(2)).sync(3);
  show();
});

test("a_tab_that_is_shown_has_a_hidden_holder_send_heartbeats_as_often_as_a_shown_one", async (t) => {
  const tick = stopClock(t);
  const { hide, locks, server, line, holder, other } = await pair(t);
  const pings = () => line.heard.filter(({ action }) => action === "ping").length;
  // The tab that came last has had the holder make sure of its link.
  await until(() => pings() === 1);
  line.say({ type: "pong" });
  line.push(42);
  await both([holder, other], 42);
  hide();
  const [name] = locks.names;
  const looker = new BroadcastChannel(name);
  t.after(() => looker.close());
  let answers = 0;
  looker.onmessage = ({ data }) => (answers += data.status ? 1 : 0);
  tick(30 * SECOND);
  // The other tab asked once more, since it began to wait while it was shown.
  await until(() => answers === 1);
  tick(3.5 * MINUTE);
  await settled(server);
  assert.equal(pings(), 1);
  looker.postMessage({ type: "query", revive: false, retry: false });
  await until(() => pings() === 2);
});
