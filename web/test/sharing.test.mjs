/** Browsers that do not let tabs share, or no longer do: a tab goes on with a socket of its own, and loses nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { browser } from "./browser.mjs";
import { MINUTE, SECOND, stopClock } from "./clock.mjs";
import { entry, page, pageAt, settled, until } from "./server.mjs";
import { both, pair } from "./tabs.mjs";

const denied = () => {
  throw new DOMException("The operation is insecure.", "SecurityError");
};

/** Replaces a property until the test ends. */
function replace(t, object, name, property) {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { configurable: true, ...property });
  t.after(() => (before ? Object.defineProperty(object, name, before) : delete object[name]));
}

/** Browsers that do not let tabs share from the start. */
const denials = {
  "the BroadcastChannel's constructor throws": (t) => replace(t, globalThis, "BroadcastChannel", { value: class { constructor() { denied(); } } }),
  "postMessage throws": (t) => t.mock.method(BroadcastChannel.prototype, "postMessage", denied),
  "navigator.locks throws": (t) => replace(t, navigator, "locks", { get: denied }),
  "locks.request throws": (t) => replace(t, navigator.locks, "request", { value: denied }),
  "locks.request rejects": (t) => replace(t, navigator.locks, "request", { value: async () => denied() }),
  "there is no locks.request": (t) => replace(t, navigator, "locks", { value: {} }),
  "crypto.subtle is missing": (t) => replace(t, crypto, "subtle", { value: undefined }),
  "crypto.subtle throws": (t) => replace(t, crypto, "subtle", { get: denied }),
  "digest rejects": (t) => t.mock.method(crypto.subtle, "digest", async () => denied()),
  "digest throws": (t) => t.mock.method(crypto.subtle, "digest", denied),
};
for (const [what, deny] of Object.entries(denials)) {
  test(`where_${what.replaceAll(" ", "_")}_every_tab_has_a_socket_of_its_own`, async (t) => {
    const { hide, show } = browser(t);
    deny(t);
    const one = await pageAt(41, t);
    const two = await page(t, { server: one.server });
    const line = await one.server.line(2);
    await line.sync(1);
    line.reply({ cursor: { epoch: "E", version: 41 } });
    await until(() => two.heard.synced.length === 1);
    for (const [tab, socket] of [[one, one.line], [two, line]]) {
      socket.push(42);
      await until(() => tab.versions().includes(42));
      assert.deepEqual(tab.heard.errors, []);
      assert.ok(tab.chatter.holdsSocket);
    }
    hide();
    show();
    two.chatter.close();
    await until(() => line.closed);
    assert.deepEqual([one.chatter.state, one.line.closed, one.server.attempts], ["open", false, 2]);
  });
}

test("a_tab_whose_browser_refuses_locks_comes_back_with_a_socket_of_its_own_after_it_was_put_aside", async (t) => {
  const { page: event } = browser(t);
  denials["the BroadcastChannel's constructor throws"](t);
  const { server, line, chatter } = await pageAt(41, t);
  event("pagehide");
  await until(() => line.closed);
  event("pageshow");
  assert.deepEqual((await (await server.line(2)).sync(1)).cursor, { epoch: "E", version: 41 });
  assert.ok(chatter.holdsSocket);
});

test("a_tab_that_was_closed_before_the_browser_refused_the_lock_does_not_come_back", async (t) => {
  const tick = stopClock(t);
  browser(t);
  let fail;
  t.mock.method(crypto.subtle, "digest", () => new Promise((_, reject) => (fail = reject)));
  const { server, chatter } = await page(t);
  await until(() => fail);
  chatter.close();
  fail(new DOMException("The operation is insecure.", "SecurityError"));
  await settled(server);
  tick(MINUTE);
  await settled(server);
  assert.equal(server.attempts, 0);
});

/** Failures that end the sharing of a tab later. */
const ends = {
  "its channel was closed": (channel) => channel.close(),
  "its postMessage throws": (channel) => (channel.postMessage = denied),
};
for (const [what, end] of Object.entries(ends)) {
  test(`a_tab_goes_on_alone_when_${what.replaceAll(" ", "_")}`, async (t) => {
    const tick = stopClock(t);
    const { channels, server, line, holder, other } = await pair(t);
    end(channels[1]);
    line.push(42);
    await until(() => holder.versions().includes(42));
    // It says something twice a minute.
    tick(30 * SECOND);
    const own = await server.line(2);
    const { cursor } = await own.sync(1);
    assert.ok(cursor.version >= 41);
    own.reply({ cursor: { epoch: "E", version: 42 }, missed: 1, updates: [entry(42)] });
    await until(() => other.versions().includes(42));
    own.push(43);
    await until(() => other.versions().includes(43));
    assert.deepEqual([other.versions(), other.chatter.holdsSocket, holder.chatter.holdsSocket], [[42, 43], true, true]);
    assert.ok(!line.closed);
    tick(10 * MINUTE);
    assert.equal(server.attempts, 2);
  });

  test(`the_tab_that_holds_the_socket_keeps_it_when_${what.replaceAll(" ", "_")}_and_the_others_take_another`, async (t) => {
    stopClock(t);
    const { channels, server, line, holder, other } = await pair(t);
    end(channels[0]);
    line.push(42);
    const next = await server.line(2);
    assert.deepEqual((await next.sync(1)).cursor, { epoch: "E", version: 41 });
    next.push(42);
    await both([holder, other], 42);
    line.push(43);
    await until(() => holder.versions().includes(43));
    assert.deepEqual([line.closed, holder.chatter.holdsSocket, other.chatter.holdsSocket], [false, true, true]);
    assert.deepEqual(holder.heard.states, [{ state: "open" }]);
  });
}

test("a_tab_that_loses_its_lock_and_cannot_get_it_again_goes_on_alone", async (t) => {
  const { locks } = browser(t);
  const { request } = locks;
  let broken;
  locks.request = (name, options, hold) => {
    if (broken) return denied();
    return Promise.race([request.call(locks, name, options, hold), new Promise((_, reject) => (broken = reject))]);
  };
  const { server, chatter, line } = await pageAt(41, t);
  broken(new DOMException("storage was cleared", "InvalidStateError"));
  await until(() => line.closed);
  const next = await server.line(2);
  assert.deepEqual((await next.sync(1)).cursor, { epoch: "E", version: 41 });
  assert.ok(chatter.holdsSocket);
});

test("a_tab_that_cannot_join_anew_with_fresh_credentials_goes_on_alone_with_them", async (t) => {
  const tick = stopClock(t);
  browser(t);
  const { chatter, heard, server, line } = await pageAt(41, t, {
    chatterId: undefined,
    credentials: () => ({ chatterId: crypto.randomUUID() }),
  });
  denials["the BroadcastChannel's constructor throws"](t);
  server.refusal = 401;
  line.socket.terminate();
  await until(() => chatter.state === "waiting");
  tick(SECOND);
  await until(() => server.attempts === 2 && chatter.state === "waiting");
  server.refusal = null;
  tick(heard.states.at(-1).retryIn);
  const next = await server.line(2);
  assert.deepEqual((await next.sync(1)).cursor, { epoch: "E", version: 41 });
  assert.ok(chatter.holdsSocket);
});

test("a_tab_that_never_gets_the_lock_not_even_by_force_goes_on_alone", async (t) => {
  const tick = stopClock(t);
  const { locks } = browser(t);
  let requests = 0;
  locks.request = () => (requests += 1) && new Promise(() => {});
  const { server, chatter } = await page(t);
  for (const count of [1, 2]) {
    await until(() => requests === count);
    assert.ok(!chatter.holdsSocket);
    tick(3 * SECOND);
  }
  await (await server.line(1)).sync(1);
  assert.ok(chatter.holdsSocket);
});

test("a_tab_goes_on_alone_where_the_browser_never_answers_for_a_hash", async (t) => {
  const tick = stopClock(t);
  const { channels } = browser(t);
  const digest = crypto.subtle.digest.bind(crypto.subtle);
  let answer;
  t.mock.method(crypto.subtle, "digest", (...data) => new Promise((resolve) => (answer = () => resolve(digest(...data)))));
  const { server, chatter } = await page(t);
  await until(() => answer);
  tick(10 * SECOND - 1);
  await settled(server);
  assert.equal(server.attempts, 0);
  tick(1);
  await (await server.line(1)).sync(1);
  assert.ok(chatter.holdsSocket);
  answer();
  await settled(server);
  assert.deepEqual([chatter.state, channels.length, server.attempts], ["open", 0, 1]);
});

test("a_tab_is_closed_though_its_channel_throws_when_it_is_closed", async (t) => {
  const { channels } = browser(t);
  const { close } = BroadcastChannel.prototype;
  t.after(() => channels.forEach((channel) => close.call(channel)));
  t.mock.method(BroadcastChannel.prototype, "close", denied);
  const { chatter, line, heard } = await pageAt(41, t);
  chatter.close();
  await until(() => line.closed);
  assert.deepEqual(heard.states.at(-1), { state: "closed", reason: "closed by the page" });
});

test("a_tab_whose_lock_is_taken_from_it_again_and_again_before_a_socket_opens_goes_on_alone", async (t) => {
  const { locks } = browser(t);
  let requests = 0;
  locks.request = async (_name, _options, hold) => {
    requests += 1;
    const held = hold();
    // Bounded, or a client that asks for ever would keep this process busy for ever.
    if (requests > 20) return held;
    throw new DOMException("stolen", "AbortError");
  };
  const { server, chatter } = await page(t);
  await (await server.line(1)).sync(1);
  assert.deepEqual([requests, chatter.holdsSocket, server.attempts], [2, true, 1]);
});
