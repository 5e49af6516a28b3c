/** Page and network events: the client does not wait where it need not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { browser } from "./browser.mjs";
import { MINUTE, SECOND, stopClock } from "./clock.mjs";
import { entry, page, pageAt, settled, start, until } from "./server.mjs";

const alone = { share: false };

/** A page that is refused. */
async function refusedPage(t, tick) {
  const server = await start(t);
  server.refusal = 401;
  const opened = await page(t, { server, ...alone });
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    await until(() => server.attempts === attempt && opened.chatter.state !== "connecting", `attempt ${attempt}`);
    if (attempt < 8) tick(opened.heard.states.at(-1).retryIn);
  }
  assert.equal(opened.chatter.state, "refused");
  return { server, ...opened };
}

test("a_page_without_a_network_waits_until_there_is_one", async (t) => {
  const tick = stopClock(t);
  const { online } = browser(t);
  const { server, chatter, heard, line } = await pageAt(41, t, alone);
  server.refusal = 503;
  online(false);
  tick(10 * SECOND);
  await until(() => line.closed);
  assert.deepEqual(heard.states.at(-1), { state: "waiting", reason: "offline", retryIn: SECOND });
  for (let attempts = 2; attempts <= 10; attempts += 1) {
    tick(heard.states.at(-1).retryIn);
    await until(() => server.attempts === attempts && chatter.state === "waiting", `attempt ${attempts}`);
  }
  assert.deepEqual(heard.states.at(-1), { state: "waiting", reason: "offline", retryIn: 5 * MINUTE });
  // The state tells of it already, so there is no error event.
  assert.deepEqual(heard.errors, []);
  server.refusal = null;
  online(true);
  tick(SECOND);
  assert.deepEqual((await (await server.line(2)).sync(1)).cursor, { epoch: "E", version: 41 });
});

test("a_page_that_waits_emits_a_state_when_the_reason_changes", async (t) => {
  stopClock(t);
  const { online, document } = browser(t);
  const { chatter, heard, line } = await pageAt(41, t, alone);
  line.socket.terminate();
  await until(() => chatter.state === "waiting");
  online(false);
  await until(() => heard.states.at(-1).reason === "offline");
  document("freeze");
  await until(() => heard.states.at(-1).reason === "hidden");
});

test("a_socket_that_is_being_opened_is_not_opened_twice_because_the_page_is_shown", async (t) => {
  const tick = stopClock(t);
  const { show } = browser(t);
  const server = await start(t);
  server.waiting = [];
  await page(t, { server, ...alone });
  await until(() => server.waiting.length === 1);
  show();
  tick(SECOND);
  await settled(server);
  assert.equal(server.attempts, 1);
});

test("a_page_goes_on_trying_though_the_browser_wrongly_says_that_it_is_offline", async (t) => {
  const tick = stopClock(t);
  const { online } = browser(t);
  const { server, heard, line } = await pageAt(41, t, alone);
  online(false);
  line.socket.terminate();
  await until(() => heard.states.at(-1).reason === "offline");
  tick(SECOND);
  await (await server.line(2)).sync(1);
});

test("a_good_socket_is_kept_though_the_browser_says_that_there_is_no_network", async (t) => {
  const tick = stopClock(t);
  const { online } = browser(t);
  const { server, heard, line, versions } = await pageAt(41, t, alone);
  online(false);
  await until(() => line.heard.at(-1).action === "ping");
  tick(10 * SECOND - 1);
  line.say({ type: "pong" });
  line.push(42);
  await until(() => versions().includes(42));
  tick(MINUTE);
  await settled(server);
  assert.deepEqual([heard.states, server.attempts], [[{ state: "open" }], 1]);
});

test("a_socket_that_is_being_opened_when_the_network_goes_is_tried_again_at_once_when_it_is_back", async (t) => {
  const tick = stopClock(t);
  const { online } = browser(t);
  const server = await start(t);
  server.waiting = [];
  const { heard } = await page(t, { server, ...alone });
  await until(() => server.waiting.length === 1);
  online(false);
  await until(() => heard.states.at(-1)?.reason === "offline");
  server.waiting = null;
  online(true);
  tick(SECOND);
  await (await server.line(1)).sync(1);
});

test("the_successor_of_a_good_socket_may_be_opened_while_the_browser_says_that_there_is_no_network", async (t) => {
  const tick = stopClock(t);
  const { online } = browser(t);
  const { server, chatter, line } = await pageAt(41, t, alone);
  server.waiting = [];
  for (let round = 1; server.waiting.length === 0; round += 1) {
    tick(2 * MINUTE);
    line.push(41 + round);
    await line.heardAll();
    if (line.syncs.length > 1) line.reply({ cursor: { epoch: "E", version: 41 + round }, missed: 0 });
    await line.heardAll();
    await settled(server);
    assert.ok(round < 60);
  }
  online(false);
  line.say({ type: "pong" });
  await line.heardAll();
  server.waiting.pop()();
  await (await server.line(2)).sync(1);
  assert.equal(chatter.state, "open");
});

test("attempts_that_fail_while_offline_do_not_count_as_refusals", async (t) => {
  const tick = stopClock(t);
  const { online } = browser(t);
  const server = await start(t);
  online(false);
  server.refusal = 401;
  const { chatter, heard } = await page(t, { server, ...alone });
  for (let attempt = 1; attempt <= 10; attempt += 1) {
    await until(() => server.attempts === attempt && chatter.state === "waiting", `attempt ${attempt}`);
    tick(heard.states.at(-1).retryIn);
  }
  await until(() => chatter.state === "waiting");
});

test("a_page_that_is_shown_again_does_not_wait_for_the_next_attempt", async (t) => {
  const tick = stopClock(t);
  const { show, hide } = browser(t);
  const { server, chatter, heard, line } = await pageAt(41, t, alone);
  server.refusal = 503;
  line.socket.terminate();
  for (let attempt = 2; attempt < 7; attempt += 1) {
    await until(() => chatter.state === "waiting");
    tick(heard.states.at(-1).retryIn);
    await until(() => server.attempts === attempt && chatter.state === "waiting");
  }
  server.refusal = null;
  hide();
  tick(SECOND);
  assert.equal(chatter.state, "waiting");
  show();
  tick(SECOND);
  await (await server.line(2)).sync(1);
});

test("a_socket_that_died_while_the_page_was_hidden_is_noticed_when_it_is_shown", async (t) => {
  const tick = stopClock(t);
  const { hide, show } = browser(t);
  const { server, chatter, line } = await pageAt(41, t, alone);
  hide();
  await settled(server);
  assert.equal(line.heard.at(-1).action, "sync");
  show();
  await until(() => line.heard.at(-1).action === "ping");
  tick(10 * SECOND - 1);
  assert.equal(chatter.state, "open");
  tick(1);
  assert.equal(chatter.state, "waiting");
});

test("a_dead_link_is_found_no_later_because_its_page_is_shown_again_and_again", async (t) => {
  const tick = stopClock(t);
  const { show } = browser(t);
  const { chatter, line } = await pageAt(41, t, alone);
  show();
  tick(6 * SECOND);
  show();
  tick(4 * SECOND);
  assert.equal(chatter.state, "waiting");
  await until(() => line.closed);
  assert.equal(line.heard.filter(({ action }) => action === "ping").length, 1);
});

for (const [random, minutes] of [[0, 8.5], [1, 7.5]]) {
  test(`a_hidden_page_sends_a_heartbeat_after_${minutes}_minutes_if_${random}_is_drawn`, async (t) => {
    const tick = stopClock(t, () => random);
    const { hide } = browser(t);
    const { server, line } = await pageAt(41, t, alone);
    const pings = () => line.heard.filter(({ action }) => action === "ping").length;
    hide();
    tick(minutes * MINUTE - 1);
    await settled(server);
    assert.equal(pings(), 0);
    tick(1);
    await until(() => pings() === 1);
  });
}

test("hidden_pages_that_received_the_same_update_do_not_send_heartbeats_together", async (t) => {
  const draws = [];
  const tick = stopClock(t, () => draws.shift() ?? 0);
  const { hide } = browser(t);
  const server = await start(t);
  const lines = [(await pageAt(41, t, { server, ...alone })).line];
  await page(t, { server, ...alone });
  lines.push(await server.line(2));
  await lines[1].sync(1);
  lines[1].reply({ cursor: { epoch: "E", version: 41 } });
  for (const line of lines) await line.heardAll();
  hide();
  tick(7.5 * MINUTE - 1);
  draws.push(1, 0);
  tick(1);
  const beating = () => lines.filter(({ heard }) => heard.at(-1).action === "ping");
  await until(() => beating().length === 1);
  beating()[0].say({ type: "pong" });
  await beating()[0].heardAll();
  tick(MINUTE);
  await until(() => beating().length === 2);
});

test("a_socket_that_answers_is_kept_when_the_network_is_back", async (t) => {
  const tick = stopClock(t);
  const { online } = browser(t);
  const { chatter, line, versions } = await pageAt(41, t, alone);
  online(true);
  await until(() => line.heard.at(-1).action === "ping");
  line.say({ type: "pong" });
  line.push(42);
  await until(() => versions().includes(42));
  tick(MINUTE);
  assert.equal(chatter.state, "open");
});

test("a_refused_page_does_not_wait_for_the_next_attempt_when_it_is_shown_or_the_network_is_back", async (t) => {
  const tick = stopClock(t);
  const { show, online } = browser(t);
  const { server, chatter, heard } = await refusedPage(t, tick);
  show();
  tick(SECOND);
  await until(() => server.attempts === 9 && chatter.state === "refused");
  online(false);
  await until(() => heard.states.at(-1).reason === "offline");
  // Attempts that fail without a network are no refusals.
  assert.equal(chatter.state, "waiting");
  server.refusal = null;
  online(true);
  tick(SECOND);
  await (await server.line(1)).sync(1);
});

test("a_socket_that_was_replaced_comes_back_when_its_page_is_shown_and_for_nothing_else", async (t) => {
  const tick = stopClock(t);
  const { show, hide, online, document } = browser(t);
  const { server, heard, line } = await pageAt(41, t, alone);
  hide();
  line.say({ type: "closing", reason: "replaced", retry: false });
  await until(() => line.closed);
  const replaced = { state: "waiting", reason: "replaced", retryIn: 40 * MINUTE };
  assert.deepEqual(heard.states.at(-1), replaced);
  document("freeze");
  document("resume");
  online(false);
  online(true);
  tick(60 * MINUTE);
  await settled(server);
  assert.deepEqual(heard.states.at(-1), replaced);
  assert.equal(server.attempts, 1);
  show();
  tick(SECOND);
  const next = await server.line(2);
  assert.deepEqual((await next.sync(1)).cursor, { epoch: "E", version: 41 });
});

for (const [random, minutes] of [[0, 20], [1, 40]]) {
  test(`a_replaced_page_that_is_always_shown_comes_back_after_${minutes}_minutes_if_${random}_is_drawn`, async (t) => {
    const tick = stopClock(t, () => random);
    browser(t);
    const { server, heard, line } = await pageAt(41, t, alone);
    line.say({ type: "closing", reason: "replaced", retry: false });
    await until(() => line.closed);
    assert.equal(heard.states.at(-1).retryIn, minutes * MINUTE);
    tick(minutes * MINUTE - 1);
    await settled(server);
    assert.equal(server.attempts, 1);
    tick(1);
    tick(SECOND);
    await (await server.line(2)).sync(1);
  });
}

for (const [away, back, target] of [["pagehide", "pageshow", "page"], ["freeze", "resume", "document"]]) {
  test(`a_page_that_is_put_aside_lets_go_of_its_socket_and_goes_on_at_${back}`, async (t) => {
    const tick = stopClock(t);
    const world = browser(t);
    const { server, heard, line, versions } = await pageAt(41, t, alone);
    world[target](away);
    await until(() => line.closed);
    assert.deepEqual(heard.states.at(-1), { state: "waiting", reason: "hidden" });
    world.show();
    world.online(false);
    tick(60 * MINUTE);
    world.online(true);
    tick(60 * MINUTE);
    await settled(server);
    assert.deepEqual(heard.states.at(-1), { state: "waiting", reason: "hidden" });
    assert.equal(server.attempts, 1);
    world[target](back);
    const next = await server.line(2);
    assert.deepEqual((await next.sync(1)).cursor, { epoch: "E", version: 41 });
    next.reply({ cursor: { epoch: "E", version: 42 }, missed: 1, updates: [entry(42)] });
    await until(() => versions().includes(42));
    world[target](back);
    await settled(server);
    assert.equal(server.attempts, 2);
  });
}

test("a_page_that_has_closed_is_not_opened_again_by_page_events", async (t) => {
  const tick = stopClock(t);
  const { show, online, page } = browser(t);
  const { server, chatter } = await pageAt(41, t, alone);
  chatter.close();
  chatter.close();
  online(false);
  online(true);
  show();
  page("pagehide");
  page("pageshow");
  tick(60 * MINUTE);
  await settled(server);
  assert.equal(server.attempts, 1);
  assert.equal(chatter.state, "closed");
});

test("a_network_that_comes_and_goes_makes_no_wait_longer", async (t) => {
  const tick = stopClock(t);
  const { online } = browser(t);
  const server = await start(t);
  server.refusal = 503;
  const { chatter, heard } = await page(t, { server, ...alone });
  await until(() => chatter.state === "waiting");
  for (let turn = 0; turn < 12; turn += 1) {
    online(false);
    online(true);
  }
  tick(SECOND);
  await until(() => server.attempts === 2 && heard.states.at(-1).reason === "unreachable");
  assert.deepEqual(heard.states.at(-1), { state: "waiting", reason: "unreachable", retryIn: 2 * SECOND });
});

test("a_socket_that_is_being_opened_is_kept_when_the_network_was_away_for_a_moment_only", async (t) => {
  const tick = stopClock(t);
  const { page: event } = browser(t);
  const server = await start(t);
  server.waiting = [];
  const { heard } = await page(t, { server, ...alone });
  await until(() => server.waiting.length === 1);
  // The network is back by the time of the `offline` event.
  event("offline");
  event("online");
  tick(SECOND);
  await settled(server);
  server.waiting.pop()();
  await (await server.line(1)).sync(1);
  assert.deepEqual([server.attempts, heard.states], [1, [{ state: "open" }]]);
});
