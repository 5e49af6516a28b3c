/** How long a socket was silent, by two clocks, of which one may stand still and the other may be set; and the pings that follow. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, stopClock } from "./clock.mjs";
import { page, pageAt, settled, until } from "./server.mjs";
import { both, pair } from "./tabs.mjs";

const HOUR = 60 * MINUTE;
const pings = ({ heard }) => heard.filter(({ action }) => action === "ping").length;

for (const [what, change] of Object.entries({
  "set back by a second": (tick) => tick.back(SECOND + 30 * SECOND),
  "set back by an hour": (tick) => tick.back(HOUR),
  "set back by a day": (tick) => tick.back(24 * HOUR),
  "put on by an hour": (tick) => tick.asleep(HOUR),
})) {
  test(`a_link_that_dies_after_the_clock_was_${what.replaceAll(" ", "_")}_is_found_out`, async (t) => {
    const tick = stopClock(t);
    const { chatter, heard, line, server } = await pageAt(41, t);
    change(tick);
    tick(30 * SECOND);
    await until(() => pings(line) === 1);
    tick(10 * SECOND);
    await until(() => chatter.state === "waiting");
    assert.equal(heard.states.at(-1).reason, "lost");
    tick(SECOND);
    assert.deepEqual((await (await server.line(2)).sync(1)).cursor, { epoch: "E", version: 41 });
  });
}

test("a_socket_that_answered_after_the_clock_was_set_back_is_not_pinged_again", async (t) => {
  const tick = stopClock(t);
  const { chatter, line, server, versions } = await pageAt(41, t);
  tick.back(HOUR);
  tick(30 * SECOND);
  await until(() => pings(line) === 1);
  line.say({ type: "pong" });
  line.push(42);
  await until(() => versions().includes(42));
  tick(3.5 * MINUTE);
  await settled(server);
  assert.deepEqual([pings(line), chatter.state], [1, "open"]);
});

test("silence_is_noticed_though_the_clock_was_set_back_by_less_than_has_passed", async (t) => {
  const tick = stopClock(t);
  const { line } = await pageAt(41, t);
  tick(2 * MINUTE);
  tick.back(1.9 * MINUTE);
  tick(2 * MINUTE);
  await until(() => pings(line) === 1);
});

test("an_outage_is_no_refusal_because_the_clock_was_set_back", async (t) => {
  const tick = stopClock(t);
  const { chatter, heard, server, line } = await pageAt(41, t);
  tick.back(HOUR);
  server.refusal = 503;
  line.socket.terminate();
  for (let attempts = 2; attempts <= 12; attempts += 1) {
    await until(() => chatter.state === "waiting", `wait for attempt ${attempts}`);
    tick(heard.states.at(-1).retryIn);
    await until(() => server.attempts === attempts && chatter.state !== "connecting", `attempt ${attempts}`);
  }
  assert.equal(chatter.state, "waiting");
});

test("a_chatter_id_is_not_trusted_for_ever_because_the_clock_was_set_back", async (t) => {
  const tick = stopClock(t);
  const { chatter, heard, server, line } = await pageAt(41, t);
  tick.back(24 * HOUR);
  server.refusal = 401;
  line.socket.terminate();
  for (let attempts = 2; attempts <= 16; attempts += 1) {
    await until(() => ["waiting", "refused"].includes(chatter.state), `wait for attempt ${attempts}`);
    tick(heard.states.at(-1).retryIn);
    await until(() => server.attempts === attempts && chatter.state !== "connecting", `attempt ${attempts}`);
  }
  assert.equal(chatter.state, "refused");
});

test("a_socket_on_which_three_syncs_are_not_answered_is_pinged", async (t) => {
  const tick = stopClock(t);
  const { server, chatter, heard } = await page(t);
  const line = await server.line(1);
  await line.sync(1);
  for (const [count, patience] of [[2, 10], [3, 20], [4, 40]]) {
    assert.equal(pings(line), 0);
    tick(patience * SECOND);
    await line.sync(count);
  }
  await until(() => pings(line) === 1);
  tick(10 * SECOND);
  await until(() => chatter.state === "waiting");
  assert.equal(heard.states.at(-1).reason, "lost");
});

test("a_socket_that_is_alive_is_kept_though_its_syncs_are_not_answered", async (t) => {
  const tick = stopClock(t);
  const { server, chatter } = await page(t);
  const line = await server.line(1);
  await line.sync(1);
  for (const [count, patience] of [[2, 10], [3, 20], [4, 40], [5, 80], [6, 160]]) {
    tick(patience * SECOND);
    await line.sync(count);
    line.say({ type: "pong" });
    await line.heardAll();
  }
  await settled(server);
  assert.deepEqual([chatter.state, pings(line)], ["open", 3]);
});

test("a_tab_whose_syncs_are_not_answered_has_the_holder_ping_the_socket", async (t) => {
  const tick = stopClock(t);
  const { hide, server, line, holder, other } = await pair(t);
  hide();
  // The tab that came last has had it proved.
  await until(() => pings(line) === 1);
  line.say({ type: "pong" });
  line.push(43);
  await both([holder, other], 43);
  // The holder's own syncs are answered.
  tick(SECOND);
  await line.sync(4);
  const mine = line.syncs.findIndex(({ n }, at) => at > 1 && Math.abs(n - line.syncs[0].n) < 2 ** 19);
  const { n } = line.syncs[mine];
  line.say({ type: "sync", n, cursor: { epoch: "E", version: 43 }, missed: 2, reset: false, more: false, updates: [] });
  await until(() => holder.heard.synced.length === 2);
  for (const [count, patience] of [[5, 10], [6, 20], [7, 40]]) {
    assert.equal(pings(line), 1);
    tick(patience * SECOND);
    await line.sync(count);
  }
  await until(() => pings(line) === 2);
  tick(10 * SECOND);
  await until(() => [holder, other].every(({ heard }) => heard.states.at(-1).reason === "lost"));
  tick(SECOND);
  await (await server.line(2)).sync(2);
});
