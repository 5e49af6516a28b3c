/** The tabs of a browser: one socket for those with the same URL, login and secret; nothing is lost when its tab is closed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";
import { browser } from "./browser.mjs";
import { MINUTE, SECOND, stopClock } from "./clock.mjs";
import { CHATTER_ID, LOGIN, entry, page, pageAt, settled, start, until } from "./server.mjs";
import { both, pair } from "./tabs.mjs";

const FRESH = "0d9f5c9e-58a5-4e0c-8f2c-2f4a5d0c7b22";

test("two_tabs_have_one_socket_and_each_shows_an_update_once", async (t) => {
  const { server, line, holder, other } = await pair(t);
  line.push(42);
  line.push(43);
  await both([holder, other], 43);
  assert.deepEqual([holder.versions(), other.versions()], [[42, 43], [42, 43]]);
  assert.equal(server.attempts, 1);
  assert.deepEqual([holder.chatter.holdsSocket, other.chatter.holdsSocket], [true, false]);
  assert.equal(line.syncs.length, 2);
});

test("each_tab_has_a_cursor_of_its_own_and_reads_only_the_replies_to_its_own_questions", async (t) => {
  const { line, holder, other } = await pair(t);
  const [first, second] = line.syncs;
  assert.deepEqual([first.cursor, second.cursor], [null, null]);
  assert.notEqual(first.n, second.n);
  line.push(44);
  await until(() => line.syncs.length === 4);
  const [, , third, fourth] = line.syncs;
  assert.notEqual(third.n, fourth.n);
  line.say({ type: "sync", n: third.n, cursor: { epoch: "E", version: 44 }, missed: 3, reset: false, more: false, updates: [entry(43, "plays")] });
  await until(() => holder.versions().includes(43) || other.versions().includes(43));
  line.push(45);
  await both([holder, other], 45);
  const [answered, waiting] = holder.versions().includes(43) ? [holder, other] : [other, holder];
  assert.deepEqual(answered.versions(), [44, 43, 45]);
  assert.deepEqual(waiting.versions(), [44, 45]);
});

test("a_tab_that_comes_later_does_not_make_the_others_sync_again", async (t) => {
  const { server, line, holder, other } = await pair(t);
  const third = await page(t, { server });
  await line.sync(3);
  line.reply({ cursor: { epoch: "E", version: 41 } });
  await until(() => third.heard.synced.length === 1);
  line.push(42);
  await both([holder, other, third], 42);
  assert.equal(line.syncs.length, 3);
  for (const { heard } of [holder, other, third]) assert.deepEqual(heard.states, [{ state: "open" }]);
});

test("tabs_that_differ_in_url_login_or_chatter_id_do_not_share", async (t) => {
  const { locks } = browser(t);
  const server = await start(t);
  for (const options of [{}, { url: `${server.url}?of=another` }, { chatterId: FRESH }, { login: "stranger" }]) {
    const { chatter } = await page(t, { server, ...options });
    await until(() => chatter.state === "open");
  }
  assert.equal(server.attempts, 4);
  assert.equal(locks.names.size, 4);
});

test("the_chatter_id_is_neither_in_a_name_nor_on_the_channel", async (t) => {
  const { locks, channels, server, holder, other, line } = await pair(t);
  const [name] = locks.names;
  assert.match(name, /^chatterbox-2:[A-Za-z0-9_-]{43}$/);
  const tap = new BroadcastChannel(name);
  t.after(() => tap.close());
  const said = [];
  tap.onmessage = ({ data }) => said.push(JSON.stringify(data));
  line.push(43);
  await page(t, { server });
  await until(() => line.syncs.length >= 5);
  holder.chatter.close();
  await (await server.line(2)).sync(2);
  assert.ok(channels.every((channel) => channel.name === name));
  assert.ok(said.some((text) => text.includes(LOGIN)));
  assert.ok(!said.some((text) => text.includes(CHATTER_ID)));
  assert.equal(other.chatter.state, "open");
});

/** What fails while a tab opens a socket, with a secret in what it says. */
const failures = {
  credentials: (world) => ({
    chatterId: undefined,
    credentials: async () => {
      if (world.fails) throw new Error(FRESH);
      return { chatterId: CHATTER_ID };
    },
  }),
  connect: (world) => ({
    WebSocket: class extends WebSocket {
      constructor(...parameters) {
        if (world.fails) throw new SyntaxError(`wss://socks.example.com?chatter=${FRESH} is no URL`);
        super(...parameters);
      }
    },
  }),
};
for (const [code, options] of Object.entries(failures)) {
  test(`the_message_of_a_${code}_error_is_not_posted_to_other_tabs`, async (t) => {
    const tick = stopClock(t);
    const world = { fails: false };
    const { locks, server, line, holder, other } = await pair(t, options(world));
    const tap = new BroadcastChannel([...locks.names][0]);
    t.after(() => tap.close());
    const said = [];
    tap.onmessage = ({ data }) => said.push(JSON.stringify(data));
    server.refusal = 401;
    line.socket.terminate();
    await until(() => holder.chatter.state === "waiting");
    tick(SECOND);
    await until(() => server.attempts === 2 && holder.chatter.state === "waiting");
    world.fails = true;
    const last = ({ heard }) => heard.errors.findLast((error) => error.code === code);
    for (const { heard } of [holder, other]) heard.errors.length = 0;
    tick(2 * SECOND);
    await until(() => last(holder)?.message.includes(FRESH) && last(other));
    assert.equal(typeof last(other).message, "string");
    assert.ok(said.some((text) => text.includes(code)));
    assert.ok(!said.some((text) => text.includes(FRESH)));
  });
}

test("a_tab_that_wants_a_socket_of_its_own_has_one", async (t) => {
  browser(t);
  const { server } = await pageAt(41, t);
  await page(t, { server, share: false });
  await server.line(2);
});

for (const missing of ["navigator", "BroadcastChannel", "document"]) {
  test(`where_the_browser_has_no_${missing}_every_tab_has_a_socket_of_its_own`, async (t) => {
    browser(t);
    globalThis[missing] = undefined;
    const { server, chatter } = await pageAt(41, t);
    await page(t, { server });
    await server.line(2);
    assert.ok(chatter.holdsSocket);
  });
}

test("where_the_browser_refuses_locks_every_tab_has_a_socket_of_its_own", async (t) => {
  const { locks } = browser(t);
  locks.request = async () => {
    throw new DOMException("no storage", "SecurityError");
  };
  const one = await pageAt(41, t);
  const two = await page(t, { server: one.server });
  const line = await one.server.line(2);
  await line.sync(1);
  line.reply({ cursor: { epoch: "E", version: 41 } });
  await until(() => two.heard.synced.length === 1);
  line.push(42);
  await until(() => two.versions().includes(42));
  assert.deepEqual(one.versions(), []);
});

test("when_the_tab_that_holds_the_socket_closes_another_takes_over_and_nothing_is_lost", async (t) => {
  const { server, line, holder, other } = await pair(t);
  line.push(42);
  await both([holder, other], 42);
  holder.chatter.close();
  await until(() => line.closed);
  const next = await server.line(2);
  assert.deepEqual((await next.sync(1)).cursor, { epoch: "E", version: 42 });
  next.reply({ cursor: { epoch: "E", version: 43 }, missed: 1, updates: [entry(43)] });
  await until(() => other.versions().includes(43));
  next.push(44);
  await until(() => other.versions().includes(44));
  assert.deepEqual(other.versions(), [42, 43, 44]);
  assert.deepEqual(holder.versions(), [42]);
  assert.ok(other.chatter.holdsSocket);
});

test("a_tab_that_does_not_hold_the_socket_closes_and_the_others_go_on", async (t) => {
  const { server, line, holder, other } = await pair(t);
  other.chatter.close();
  line.push(42);
  await until(() => holder.versions().includes(42));
  holder.chatter.close();
  await until(() => line.closed);
  await new Promise(setImmediate);
  assert.equal(server.attempts, 1);
  assert.deepEqual(other.versions(), []);
});

test("a_lost_socket_is_replaced_for_every_tab", async (t) => {
  const tick = stopClock(t);
  const { server, line, holder, other } = await pair(t);
  line.socket.terminate();
  await until(() => [holder, other].every(({ chatter }) => chatter.state === "waiting"));
  tick(SECOND);
  const next = await server.line(2);
  await next.sync(2);
  assert.deepEqual(next.syncs.map(({ cursor }) => cursor?.version), [41, 41]);
  assert.deepEqual(other.heard.states.map(({ state }) => state), ["open", "waiting", "connecting", "open"]);
  assert.equal(server.attempts, 2);
});

test("a_revoked_chatter_id_ends_every_tab_that_has_it", async (t) => {
  const { server, line, holder, other } = await pair(t);
  line.say({ type: "closing", reason: "revoked", retry: false });
  await until(() => [holder, other].every(({ chatter }) => chatter.state === "closed"));
  assert.deepEqual(other.heard.states.at(-1), { state: "closed", reason: "revoked" });
  await until(() => server.sockets.clients.size === 0);
});

test("a_tab_that_gets_the_lock_before_it_receives_that_the_chatter_id_was_revoked_closes_too", async (t) => {
  const { server, channels, line, holder, other } = await pair(t);
  const [, deaf] = channels;
  const { onmessage } = deaf;
  const late = [];
  deaf.onmessage = (event) => late.push(event);
  server.waiting = [];
  line.say({ type: "closing", reason: "revoked", retry: false });
  await until(() => server.waiting.length === 1 && late.length === 1);
  assert.ok(other.chatter.holdsSocket);
  onmessage(late[0]);
  assert.deepEqual([holder.chatter.state, other.chatter.state], ["closed", "closed"]);
});

test("a_hidden_tab_that_comes_later_does_not_reopen_a_socket_that_was_replaced", async (t) => {
  const tick = stopClock(t);
  const { hide, server, line, holder, other } = await pair(t);
  line.say({ type: "closing", reason: "replaced", retry: false });
  await until(() => [holder, other].every(({ heard }) => heard.states.at(-1).reason === "replaced"));
  hide();
  const third = await page(t, { server });
  await until(() => third.heard.states.at(-1)?.reason === "replaced");
  tick(60 * MINUTE);
  await settled(server);
  assert.equal(server.attempts, 1);
});

test("a_tab_with_a_socket_of_its_own_pings_it_when_it_is_shown", async (t) => {
  const { show } = browser(t);
  const { line } = await pageAt(41, t);
  show();
  await until(() => line.heard.at(-1).action === "ping");
});

test("every_tab_becomes_offline", async (t) => {
  const tick = stopClock(t);
  const { online, server, line, holder, other } = await pair(t);
  online(false);
  tick(10 * SECOND);
  await until(() => [holder, other].every(({ heard }) => heard.states.at(-1).reason === "offline"));
  await until(() => line.closed);
  online(true);
  tick(SECOND);
  await (await server.line(2)).sync(2);
  assert.equal(server.attempts, 2);
});

test("a_tab_that_closes_at_once_leaves_nothing_behind", async (t) => {
  const { locks } = browser(t);
  const { server, chatter } = await page(t);
  chatter.close();
  await settled(server);
  assert.deepEqual([server.attempts, locks.names.size], [0, 0]);
});

test("a_tab_that_was_put_aside_syncs_again_though_the_socket_is_the_same", async (t) => {
  browser(t);
  const holder = await pageAt(41, t);
  const { server, line } = holder;
  const own = Object.assign(new EventTarget(), { visibilityState: "visible" });
  globalThis.document = own;
  const other = await page(t, { server });
  await line.sync(2);
  line.reply({ cursor: { epoch: "E", version: 41 } });
  await until(() => other.heard.synced.length === 1);
  own.dispatchEvent(new Event("freeze"));
  line.push(42);
  await until(() => holder.versions().includes(42));
  own.dispatchEvent(new Event("resume"));
  assert.deepEqual((await line.sync(3)).cursor, { epoch: "E", version: 41 });
  assert.deepEqual(other.versions(), []);
});

test("every_tab_becomes_refused", async (t) => {
  const tick = stopClock(t);
  const { hide } = browser(t);
  hide();
  const server = await start(t);
  server.refusal = 401;
  const holder = await page(t, { server });
  const other = await page(t, { server });
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    await until(() => server.attempts === attempt && holder.chatter.state !== "connecting", `attempt ${attempt}`);
    await until(() => other.heard.states.at(-1)?.state === holder.chatter.state);
    if (attempt < 8) tick(holder.heard.states.at(-1).retryIn);
  }
  assert.deepEqual([holder.chatter.state, other.chatter.state], ["refused", "refused"]);
});

test("a_tab_that_received_something_on_another_tab_s_socket_is_not_refused", async (t) => {
  const tick = stopClock(t);
  const { server, holder, other, line } = await pair(t);
  tick.asleep(40 * MINUTE);
  line.push(42);
  await both([holder, other], 42);
  tick.asleep(40 * MINUTE);
  server.refusal = 401;
  holder.chatter.close();
  for (let attempt = 2; attempt <= 10; attempt += 1) {
    await until(() => server.attempts === attempt && other.chatter.state !== "connecting", `attempt ${attempt}`);
    assert.equal(other.chatter.state, "waiting");
    tick(other.heard.states.at(-1).retryIn);
  }
});

test("tabs_that_get_fresh_credentials_share_a_socket_again", async (t) => {
  const tick = stopClock(t);
  let chatterId = CHATTER_ID;
  const options = { chatterId: undefined, credentials: async () => ({ chatterId }) };
  const { locks, server, line, holder, other } = await pair(t, options);
  server.onlySecret = chatterId = FRESH;
  line.socket.terminate();
  // The holder's attempt fails, so it asks for the new secret, and leaves; then the same happens to the other tab.
  await until(() => holder.chatter.state === "waiting");
  tick(SECOND);
  await until(() => server.attempts === 2 && holder.chatter.state === "waiting");
  tick(2 * SECOND);
  const next = await server.line(2);
  await until(() => server.attempts === 4 && other.chatter.state === "waiting");
  tick(SECOND);
  await next.sync(2);
  assert.deepEqual([holder.chatter.holdsSocket, other.chatter.holdsSocket], [true, false]);
  assert.equal(locks.names.size, 2);
  assert.equal(server.attempts, 4);
});

test("a_tab_that_is_put_aside_leaves_the_socket_to_another", async (t) => {
  const { page: event, server, line, other } = await pair(t);
  other.chatter.close();
  event("pagehide");
  await until(() => line.closed);
  const newcomer = await page(t, { server });
  await until(() => newcomer.chatter.holdsSocket && newcomer.chatter.state === "open");
  event("pageshow");
  const next = await server.line(2);
  await next.sync(2);
  assert.deepEqual(next.syncs.map(({ cursor }) => cursor?.version), [undefined, 41]);
  assert.equal(server.attempts, 2);
});

test("whatever_another_page_of_the_origin_posts_to_the_channel_disturbs_no_tab", async (t) => {
  const { locks, server, line, holder, other } = await pair(t);
  const stranger = new BroadcastChannel([...locks.names][0]);
  t.after(() => stranger.close());
  const odd = [null, undefined, 7, "status", [], {}, { type: "status" }, { type: "status", status: 7 }, { type: "status", status: { topics: 7 } }];
  const untyped = [{ say: { action: "ping" } }, { ask: true, retry: true }, { status: { state: "closed", reason: "revoked" } }];
  const typed = [{ type: "message" }, { type: "message", message: null }, { type: "send" }, { type: "send", message: 7 }, { type: "query", topics: 7 }];
  for (const data of [...odd, ...untyped, ...typed]) stranger.postMessage(data);
  line.push(42);
  await both([holder, other], 42);
  assert.deepEqual([holder.chatter.state, other.chatter.state, server.attempts], ["open", "open", 1]);
  assert.deepEqual(holder.heard.states.concat(other.heard.states), [{ state: "open" }, { state: "open" }]);
});

test("a_tab_ignores_messages_of_another_socket_than_its_own", async (t) => {
  const { locks, line, holder, other } = await pair(t);
  const [name] = locks.names;
  const stranger = new BroadcastChannel(name);
  t.after(() => stranger.close());
  const message = { type: "stats-updated", login: LOGIN, epoch: "E", prev: 41, ...entry(43) };
  stranger.postMessage({ type: "message", message, socket: 1 });
  line.push(44);
  await until(() => other.versions().includes(44));
  await line.sync(4);
  assert.deepEqual([holder.versions(), other.versions()], [[44], [44]]);
  assert.deepEqual(line.syncs.slice(2).map(({ cursor }) => cursor.version), [41, 41]);
});
