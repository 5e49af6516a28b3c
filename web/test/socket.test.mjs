/**
 * The socket's life: against a real WebSocket server, over loopback, so that handshakes, subprotocols and ends are those
 * of a real implementation.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, stopClock } from "./clock.mjs";
import { CHATTER_ID, entry, grow, page, pageAt, settled, start, until } from "./server.mjs";

test("the_credentials_travel_as_a_subprotocol_and_never_in_the_url", async (t) => {
  const { server } = await page(t, { login: "ünï kødé 🎲" });
  const { request, socket } = await server.line(1);
  const [version, secret] = request.headers["sec-websocket-protocol"].split(",").map((protocol) => protocol.trim());
  assert.equal(version, "chatterbox.v1");
  assert.match(secret, /^chatterbox\.auth\.[A-Za-z0-9_-]+$/);
  const decoded = Buffer.from(secret.slice("chatterbox.auth.".length), "base64url").toString("utf8");
  assert.equal(decoded, `ünï kødé 🎲\0${CHATTER_ID}`);
  assert.equal(socket.protocol, "chatterbox.v1");
  assert.equal(request.url, "/dev");
});

test("topics_are_asked_for_in_the_query", async (t) => {
  const { server } = await page(t, { topics: ["plays", "a b&c"] });
  const { request } = await server.line(1);
  assert.equal(new URL(request.url, "ws://host").searchParams.get("topic"), "plays,a b&c");
});

test("a_fragment_which_no_socket_may_have_is_left_out", async (t) => {
  const server = await start(t);
  await page(t, { server, url: `${server.url}#there` });
  await server.line(1);
});

test("a_lost_socket_is_replaced_and_the_page_goes_on_where_it_was", async (t) => {
  const tick = stopClock(t);
  const { server, chatter, heard, line, versions } = await pageAt(41, t);
  line.push(42);
  await until(() => versions().length === 1);
  line.socket.terminate();
  await until(() => chatter.state === "waiting");
  assert.deepEqual(heard.states.at(-1), { state: "waiting", reason: "lost", retryIn: SECOND });
  tick(SECOND);
  const next = await server.line(2);
  assert.deepEqual((await next.sync(1)).cursor, { epoch: "E", version: 42 });
  next.reply({ cursor: { epoch: "E", version: 45 }, missed: 3, updates: [entry(45)] });
  await until(() => heard.synced.length === 2);
  assert.deepEqual(versions(), [42, 45]);
  assert.equal(heard.updates.at(-1).initial, false);
  assert.deepEqual(heard.states.map(({ state }) => state), ["open", "waiting", "connecting", "open"]);
});

test("the_waits_are_short_again_after_a_socket_was_open_for_a_minute", async (t) => {
  const tick = stopClock(t);
  const { server, chatter, heard, line } = await pageAt(41, t);
  line.socket.terminate();
  await until(() => chatter.state === "waiting");
  tick(SECOND);
  const second = await server.line(2);
  await second.sync(1);
  second.socket.terminate();
  await until(() => chatter.state === "waiting");
  tick(2 * SECOND);
  const third = await server.line(3);
  await third.sync(1);
  third.reply({ cursor: { epoch: "E", version: 41 }, missed: 0 });
  await until(() => heard.synced.length === 2);
  tick(MINUTE);
  third.socket.terminate();
  await until(() => chatter.state === "waiting");
  const waits = heard.states.filter(({ state }) => state === "waiting").map(({ retryIn }) => retryIn / SECOND);
  assert.deepEqual(waits, [1, 2, 1]);
});

test("a_page_that_had_a_socket_is_called_refused_after_an_hour_and_goes_on_trying", async (t) => {
  const tick = stopClock(t);
  const { server, chatter, heard, line } = await pageAt(41, t);
  server.refusal = 401;
  line.socket.terminate();
  for (let attempts = 2; attempts <= 16; attempts += 1) {
    await until(() => ["waiting", "refused"].includes(chatter.state), `wait for attempt ${attempts}`);
    tick(heard.states.at(-1).retryIn);
    await until(() => server.attempts === attempts && chatter.state !== "connecting", `attempt ${attempts}`);
  }
  const waits = heard.states.filter(({ retryIn }) => retryIn).map(({ state, retryIn }) => [state, retryIn / SECOND]);
  const patient = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1200, 1200];
  assert.deepEqual(waits, [...patient.map((wait) => ["waiting", wait]), ...Array(3).fill(["refused", 1200])]);
  server.refusal = null;
  tick(20 * MINUTE);
  assert.deepEqual((await (await server.line(2)).sync(1)).cursor, { epoch: "E", version: 41 });
});

test("a_socket_that_opened_ends_the_count_of_refusals", async (t) => {
  const tick = stopClock(t);
  const { server, chatter, heard, line } = await pageAt(41, t);
  line.socket.terminate();
  const fail = async (times) => {
    server.refusal = 503;
    for (let attempts = server.attempts + 1; times > 0; times -= 1, attempts += 1) {
      await until(() => chatter.state === "waiting");
      tick(heard.states.at(-1).retryIn);
      await until(() => server.attempts === attempts);
      await until(() => chatter.state !== "connecting");
    }
    server.refusal = null;
  };
  await fail(7);
  tick(heard.states.at(-1).retryIn);
  const second = await server.line(2);
  await second.sync(1);
  second.socket.terminate();
  await fail(1);
  assert.equal(chatter.state, "waiting");
});

test("a_server_that_forgot_the_connection_gets_a_new_one", async (t) => {
  const tick = stopClock(t);
  const { server, line } = await pageAt(41, t);
  line.say({ type: "error", code: "unknown-connection", message: "not on record" });
  await until(() => line.closed);
  tick(SECOND);
  await (await server.line(2)).sync(1);
});

test("a_socket_that_died_without_a_close_event_is_noticed_by_its_heartbeat", async (t) => {
  const tick = stopClock(t);
  const { server, line, chatter, versions } = await pageAt(41, t);
  tick(4 * MINUTE);
  await until(() => line.heard.at(-1).action === "ping");
  line.say({ type: "pong" });
  line.push(42);
  await until(() => versions().includes(42));
  tick(4 * MINUTE);
  await until(() => line.heard.filter(({ action }) => action === "ping").length === 2);
  assert.equal(chatter.state, "open");
  tick(10 * SECOND);
  await until(() => chatter.state === "waiting");
  line.push(43);
  await settled(server);
  assert.ok(!versions().includes(43));
});

for (const minutes of [1, 6, 8.5]) {
  test(`a_shown_page_sends_its_heartbeat_after_the_${minutes}_minutes_of_silence_that_its_option_says`, async (t) => {
    const tick = stopClock(t);
    const { line } = await pageAt(41, t, { heartbeat: minutes * MINUTE });
    const pings = () => line.heard.filter(({ action }) => action === "ping").length;
    tick((minutes - 0.5) * MINUTE);
    await line.heardAll();
    assert.equal(pings(), 0);
    tick(0.5 * MINUTE);
    await until(() => pings() === 1);
  });
}

test("a_socket_on_which_nothing_ever_came_is_pinged_too", async (t) => {
  const tick = stopClock(t);
  const { server } = await page(t);
  const line = await server.line(1);
  await line.sync(1);
  tick(4 * MINUTE);
  await until(() => line.heard.some(({ action }) => action === "ping"));
});

test("a_page_pings_its_socket_after_the_laptop_has_slept", async (t) => {
  const tick = stopClock(t);
  const { server, line, chatter } = await pageAt(41, t);
  tick.asleep(3 * MINUTE);
  tick(SECOND * 30);
  await settled(server);
  assert.equal(line.heard.at(-1).action, "sync");
  tick.asleep(MINUTE);
  tick(SECOND * 30);
  await until(() => line.heard.at(-1).action === "ping");
  tick(10 * SECOND);
  assert.equal(chatter.state, "waiting");
});

test("a_page_whose_chatter_id_was_revoked_never_comes_back", async (t) => {
  const tick = stopClock(t);
  const { server, chatter, heard, line } = await pageAt(41, t);
  line.say({ type: "closing", reason: "revoked", retry: false });
  await until(() => line.closed);
  assert.deepEqual(heard.states.at(-1), { state: "closed", reason: "revoked" });
  tick(60 * MINUTE);
  await settled(server);
  assert.equal(server.attempts, 1);
  chatter.close();
  await settled(server);
  assert.deepEqual(heard.states.at(-1), { state: "closed", reason: "revoked" });
});

test("a_socket_closed_on_purpose_is_replaced_if_the_server_says_retry", async (t) => {
  const tick = stopClock(t);
  const { server, chatter, line } = await pageAt(41, t);
  line.say({ type: "closing", reason: "moved", retry: true });
  await until(() => chatter.state === "waiting");
  tick(SECOND);
  await server.line(2);
});

test("a_handshake_that_nobody_answers_is_given_up", async (t) => {
  const tick = stopClock(t);
  const server = await start(t);
  server.waiting = [];
  const { chatter } = await page(t, { server });
  await until(() => server.waiting.length === 1);
  tick(30 * SECOND);
  assert.equal(chatter.state, "waiting");
  server.waiting = null;
  tick(SECOND);
  await (await server.line(1)).sync(1);
});

test("a_socket_is_replaced_before_its_two_hours_are_over_without_a_change_of_state", async (t) => {
  const tick = stopClock(t);
  const { server, chatter, heard, line, versions } = await pageAt(41, t);
  server.waiting = [];
  await grow(line, tick, versions, 60);
  await until(() => server.waiting?.length === 1);
  assert.ok(!line.closed);
  let version = versions().at(-1);
  // However often the new one fails, the old one goes on.
  for (let failures = 0; failures < 8; failures += 1) {
    server.refusal = 503;
    server.waiting.pop()();
    server.refusal = null;
    line.push((version += 1));
    await until(() => versions().includes(version));
    await until(() => heard.errors.length === failures + 1);
    tick(2 ** failures * SECOND);
    await until(() => server.waiting.length === 1);
  }
  server.waiting.pop()();
  const next = await server.line(2);
  assert.deepEqual((await next.sync(1)).cursor, { epoch: "E", version });
  await until(() => line.closed);
  next.push(version + 1);
  await until(() => versions().includes(version + 1));
  assert.equal(chatter.state, "open");
  assert.deepEqual(heard.states.map(({ state }) => state), ["open"]);
  assert.equal(server.attempts, 10);
});

test("sockets_that_were_opened_together_are_not_changed_together", async (t) => {
  const ages = [];
  for (const random of [0, 0.5, 1]) {
    await t.test(`with ${random} drawn`, async (t) => {
      const tick = stopClock(t, () => random);
      const { server, line, versions } = await pageAt(41, t);
      const opened = Date.now();
      server.waiting = [];
      for (let minutes = 2; server.waiting.length === 0 && minutes < 120; minutes += 2) {
        await grow(line, tick, versions, 2);
        await settled(server);
      }
      ages.push(Math.round((Date.now() - opened) / MINUTE));
    });
  }
  assert.deepEqual(ages, [110, 86, 60]);
});

test("a_socket_that_is_lost_while_its_successor_opens_waits_for_that_one", async (t) => {
  const tick = stopClock(t);
  const { server, chatter, heard, line, versions } = await pageAt(41, t);
  server.waiting = [];
  await grow(line, tick, versions, 60);
  await until(() => server.waiting?.length === 1);
  line.socket.terminate();
  await until(() => chatter.state === "connecting");
  server.waiting.pop()();
  await (await server.line(2)).sync(1);
  assert.deepEqual(heard.states.map(({ state }) => state), ["open", "connecting", "open"]);
  assert.equal(server.attempts, 2);
});

test("a_page_that_has_closed_receives_nothing_more", async (t) => {
  const { chatter, heard, line } = await pageAt(41, t);
  chatter.addEventListener("stats-updated", () => chatter.close());
  line.push(42);
  line.push(43);
  await until(() => line.closed);
  assert.deepEqual(heard.updates.map(({ version }) => version), [42]);
  assert.deepEqual(heard.states.at(-1), { state: "closed", reason: "closed by the page" });
});

test("frames_that_are_no_message_disturb_nothing", async (t) => {
  const { heard, line, versions } = await pageAt(41, t);
  for (const text of ["hello", "", "null", "[]", "7", '{"type":"news"}', '{"type":"stats-updated"}', '{"type":"sync"}']) line.say(text);
  line.socket.send(Buffer.from([0, 159, 146, 150]));
  line.push(42);
  await until(() => versions().length === 1);
  assert.equal(line.syncs.length, 1);
  assert.ok(heard.errors.length > 0);
});
