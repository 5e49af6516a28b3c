/** `LoggedOut` and `retry()`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LoggedOut } from "../src/index.js";
import { browser } from "./browser.mjs";
import { MINUTE, SECOND, stopClock } from "./clock.mjs";
import { CHATTER_ID, page, pageAt, secretOf, settled, start, until } from "./server.mjs";
import { both, pair } from "./tabs.mjs";

const FRESH = "0d9f5c9e-58a5-4e0c-8f2c-2f4a5d0c7b22";

/** As another copy of the module, or a subclass of one's own, would throw it. */
class OfAnotherCopy extends Error {
  name = "LoggedOut";
}
class OfMyOwn extends LoggedOut {
  name = "OfMyOwn";
}

const throws = {
  "throws a LoggedOut": (error) => {
    throw error;
  },
  "rejects with a LoggedOut": async (error) => {
    throw error;
  },
};
for (const [how, fail] of Object.entries(throws)) {
  for (const Kind of [LoggedOut, OfAnotherCopy, OfMyOwn]) {
    test(`a_page_whose_credentials_function_${how.replaceAll(" ", "_")}_like_${Kind.name}_is_refused_until_retry`, async (t) => {
      const tick = stopClock(t);
      const { show, online, page: event } = browser(t);
      const server = await start(t);
      let asked = 0;
      let isLoggedIn = false;
      const credentials = () => {
        asked += 1;
        return isLoggedIn ? { chatterId: FRESH } : fail(new Kind("log in first"));
      };
      const { chatter, heard } = await page(t, { server, share: false, chatterId: undefined, credentials });
      await until(() => chatter.state === "refused");
      assert.deepEqual(heard.states, [{ state: "refused", reason: "logged-out" }]);
      assert.deepEqual(heard.errors, []);
      for (const nudge of [show, () => online(false), () => online(true), () => event("pagehide"), () => event("pageshow")]) {
        nudge();
        tick(60 * MINUTE);
      }
      assert.equal(tick.timers(), 0);
      await settled(server);
      assert.deepEqual([asked, server.attempts, heard.states.length], [1, 0, 1]);
      isLoggedIn = true;
      chatter.retry();
      const line = await server.line(1);
      await line.sync(1);
      assert.equal(secretOf(line.request), FRESH);
      assert.deepEqual(heard.states.map(({ state }) => state), ["refused", "connecting", "open"]);
      assert.equal(asked, 2);
    });
  }
}

/** A page for each reason to wait. `retry()` has to open a socket at once. */
const reasons = {
  lost: ({ line }) => line.socket.terminate(),
  offline: ({ line, world, tick }) => {
    world.online(false);
    tick(10 * SECOND);
    return until(() => line.closed);
  },
  replaced: ({ line }) => line.say({ type: "closing", reason: "replaced", retry: false }),
  hidden: ({ world }) => world.page("pagehide"),
};
for (const [reason, bring] of Object.entries(reasons)) {
  test(`retry_does_not_wait_though_the_page_waits_because_of_${reason}`, async (t) => {
    const tick = stopClock(t);
    const world = browser(t);
    const opened = await pageAt(41, t, { share: false });
    await bring({ ...opened, world, tick });
    await until(() => opened.heard.states.at(-1).reason === reason);
    assert.equal(opened.chatter.state, "waiting");
    opened.chatter.retry();
    const next = await opened.server.line(2);
    assert.deepEqual((await next.sync(1)).cursor, { epoch: "E", version: 41 });
    tick(60 * MINUTE);
    await settled(opened.server);
    assert.equal(opened.server.attempts, 2);
  });
}

test("retry_begins_anew_with_short_waits_and_fresh_credentials", async (t) => {
  const tick = stopClock(t);
  const server = await start(t);
  server.refusal = 401;
  const given = [];
  const credentials = () => ({ chatterId: given.push(CHATTER_ID) && CHATTER_ID });
  const { chatter, heard } = await page(t, { server, chatterId: undefined, credentials });
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    await until(() => server.attempts === attempt && chatter.state !== "connecting", `attempt ${attempt}`);
    if (attempt < 8) tick(heard.states.at(-1).retryIn);
  }
  assert.deepEqual(heard.states.at(-1), { state: "refused", reason: "unreachable", retryIn: 128 * SECOND });
  chatter.retry();
  await until(() => server.attempts === 9 && chatter.state === "waiting");
  assert.deepEqual(heard.states.at(-1), { state: "waiting", reason: "unreachable", retryIn: SECOND });
  assert.equal(given.length, 9);
});

test("retry_does_nothing_to_a_socket_that_is_open_or_being_opened_nor_after_the_end", async (t) => {
  const tick = stopClock(t);
  const server = await start(t);
  server.waiting = [];
  const { chatter } = await page(t, { server });
  chatter.retry();
  await until(() => server.waiting.length === 1);
  chatter.retry();
  await settled(server);
  server.waiting.pop()();
  await (await server.line(1)).sync(1);
  chatter.retry();
  await settled(server);
  chatter.close();
  chatter.retry();
  tick(MINUTE);
  await settled(server);
  assert.deepEqual([server.attempts, chatter.state], [1, "closed"]);
});

test("retry_does_not_bring_back_a_page_that_was_put_aside_and_closed", async (t) => {
  const tick = stopClock(t);
  const { page: event } = browser(t);
  const { server, chatter, line } = await pageAt(41, t, { share: false });
  event("pagehide");
  await until(() => line.closed);
  chatter.close();
  chatter.retry();
  tick(MINUTE);
  await settled(server);
  assert.equal(server.attempts, 1);
});

test("retry_in_a_tab_that_does_not_know_yet_that_the_socket_is_open_again_leaves_the_socket_as_it_is", async (t) => {
  const { locks, line, holder, other } = await pair(t);
  const [name] = locks.names;
  const late = new BroadcastChannel(name);
  t.after(() => late.close());
  const pings = () => line.heard.filter(({ action }) => action === "ping").length;
  await until(() => pings() === 1);
  line.say({ type: "pong" });
  await line.heardAll();
  late.postMessage({ type: "query", revive: true, retry: true });
  await until(() => pings() === 2);
  line.push(42);
  await both([holder, other], 42);
  for (const { heard } of [holder, other]) assert.deepEqual(heard.states, [{ state: "open" }]);
});

for (const who of ["holder", "other"]) {
  test(`retry_in_the_${who}_of_two_tabs_brings_back_the_socket_of_both`, async (t) => {
    const tick = stopClock(t);
    const { hide, server, line, holder, other } = await pair(t);
    hide();
    server.refusal = 503;
    line.socket.terminate();
    for (let attempt = 2; attempt < 8; attempt += 1) {
      await until(() => other.chatter.state === "waiting" && holder.chatter.state === "waiting");
      tick(holder.heard.states.at(-1).retryIn);
      await until(() => server.attempts === attempt && holder.chatter.state === "waiting" && other.chatter.state === "waiting");
    }
    server.refusal = null;
    ({ holder, other })[who].chatter.retry();
    await (await server.line(2)).sync(2);
    await until(() => [holder, other].every(({ chatter }) => chatter.state === "open"));
    assert.deepEqual([holder.chatter.holdsSocket, other.chatter.holdsSocket, server.attempts], [true, false, 8]);
  });

  for (const [what, next] of [["a_fresh", FRESH], ["the_same", CHATTER_ID]]) {
    test(`tabs_that_were_logged_out_come_back_together_with_${what}_secret_by_retry_in_the_one_that_was_the_${who}`, async (t) => {
      const tick = stopClock(t);
      let secret = CHATTER_ID;
      const credentials = async () => {
        if (!secret) throw new LoggedOut();
        return { chatterId: secret };
      };
      const { server, line, holder, other } = await pair(t, { chatterId: undefined, credentials });
      secret = null;
      server.refusal = 401;
      line.socket.terminate();
      await until(() => holder.chatter.state === "waiting");
      tick(SECOND);
      await until(() => server.attempts === 2 && holder.chatter.state === "waiting");
      tick(2 * SECOND);
      const tabs = [holder, other];
      await until(() => tabs.every(({ chatter }) => chatter.state === "refused"));
      for (const { heard } of tabs) assert.deepEqual(heard.states.at(-1), { state: "refused", reason: "logged-out" });
      tick(60 * MINUTE);
      assert.equal(tick.timers(), 0);
      await settled(server);
      assert.equal(server.attempts, 2);
      secret = server.onlySecret = next;
      server.refusal = null;
      ({ holder, other })[who].chatter.retry();
      const socket = await server.line(2);
      await socket.sync(2);
      await until(() => tabs.every(({ chatter }) => chatter.state === "open"));
      assert.equal(secretOf(socket.request), next);
      assert.equal(server.attempts, 3);
    });
  }
}

test("a_tab_that_is_logged_in_ignores_tabs_that_were_logged_out_with_the_same_chatter_id", async (t) => {
  const tick = stopClock(t);
  const { hide, server, line, holder, other } = await pair(t, {
    chatterId: undefined,
    credentials: (() => {
      let asked = 0;
      return () => {
        if ((asked += 1) > 2) throw new LoggedOut();
        return { chatterId: CHATTER_ID };
      };
    })(),
  });
  hide();
  server.refusal = 401;
  line.socket.terminate();
  await until(() => holder.chatter.state === "waiting");
  tick(SECOND);
  await until(() => server.attempts === 2 && holder.chatter.state === "waiting");
  tick(2 * SECOND);
  await until(() => other.chatter.state === "refused");
  server.refusal = null;
  const newcomer = await page(t, { server });
  await (await server.line(2)).sync(1);
  assert.ok(newcomer.chatter.holdsSocket);
  assert.deepEqual([holder.chatter.state, other.chatter.state], ["refused", "refused"]);
});

for (const [what, Kind, reached] of [["logged_out", LoggedOut, "logged-out"], ["without_credentials", Error, "credentials"]]) {
  test(`a_tab_that_is_${what}_and_does_not_hold_the_socket_changes_only_its_own_state`, async (t) => {
    const tick = stopClock(t);
    let fails = false;
    const credentials = () => {
      if (fails) throw new Kind("not now");
      return { chatterId: CHATTER_ID };
    };
    const { hide, locks, server, line, holder, other } = await pair(t, { chatterId: undefined, credentials });
    hide();
    server.refusal = 503;
    line.socket.terminate();
    await until(() => holder.chatter.state === "waiting");
    tick(SECOND);
    const told = { state: "waiting", reason: "unreachable", retryIn: 2 * SECOND };
    await until(() => other.heard.states.at(-1).retryIn === told.retryIn);
    fails = true;
    // Another tab takes the lock by force: the former holder waits for its turn, and gets credentials meanwhile.
    const [name] = locks.names;
    locks.request(name, { steal: true }, () => new Promise(() => {}));
    await until(() => holder.heard.states.at(-1).reason === reached);
    const tap = new BroadcastChannel(name);
    t.after(() => tap.close());
    const heard = new Promise((resolve) => (tap.onmessage = resolve));
    const speaker = new BroadcastChannel(name);
    t.after(() => speaker.close());
    // Messages on the channel arrive in the order in which they were posted.
    speaker.postMessage({ type: "send", message: { action: "nothing" } });
    await heard;
    await new Promise(setImmediate);
    assert.deepEqual(other.heard.states.at(-1), told);
  });
}
