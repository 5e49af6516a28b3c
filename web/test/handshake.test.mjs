/** Handshakes that fail: how soon the page notices, and the events that it emits. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";
import { SECOND, stopClock } from "./clock.mjs";
import { grow, page, pageAt, settled, start, until } from "./server.mjs";

/**
 * A class that keeps some of its events to itself until it has opened, as Node 22 does with `close` when a handshake fails,
 * and Chromium when the page's policy forbids it.
 */
const without = (kept) =>
  class extends WebSocket {
    addEventListener(type, listener) {
      if (type === kept) super.addEventListener(type, (event) => this.#opened && listener(event));
      else super.addEventListener(type, listener);
    }

    #opened = false;

    constructor(...parameters) {
      super(...parameters);
      this.on("open", () => (this.#opened = true));
      this.on("error", () => {});
    }
  };

/** A class that throws, as in older browsers where the page's policy forbids the socket. */
class Forbidden {
  constructor() {
    throw new DOMException("The operation is insecure.", "SecurityError");
  }
}

const ways = { "error and close": WebSocket, "error alone": without("close"), "close alone": without("error") };
for (const [way, Class] of Object.entries(ways)) {
  test(`a_handshake_that_fails_with_${way.replaceAll(" ", "_")}_has_failed_once_and_at_once`, async (t) => {
    const tick = stopClock(t);
    const server = await start(t);
    server.refusal = 403;
    const { chatter, heard } = await page(t, { server, WebSocket: Class });
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      await until(() => server.attempts === attempt && heard.errors.length === attempt && chatter.state !== "connecting");
      await settled(server);
      const [{ code, message }] = heard.errors.slice(-1);
      assert.equal(code, "connect");
      for (const suspect of ["CSP connect-src", "certificate", "mixed content", "host"]) assert.ok(message.includes(suspect), message);
      const state = attempt < 8 ? "waiting" : "refused";
      const retryIn = 2 ** (attempt - 1) * SECOND;
      assert.deepEqual(heard.states.at(-1), { state, reason: "unreachable", retryIn });
      if (attempt < 8) tick(retryIn);
    }
    server.refusal = null;
    tick(128 * SECOND);
    await (await server.line(1)).sync(1);
    assert.equal(chatter.state, "open");
  });
}

test("a_class_that_throws_has_failed_to_open_a_socket", async (t) => {
  stopClock(t);
  const { heard } = await page(t, { WebSocket: Forbidden });
  await until(() => heard.states.length === 1);
  assert.deepEqual(heard.errors, [{ code: "connect", message: "The operation is insecure." }]);
  assert.deepEqual(heard.states.at(-1), { state: "waiting", reason: "unreachable", retryIn: SECOND });
});

test("a_class_whose_objects_have_no_addEventListener_is_named_in_the_error", async (t) => {
  stopClock(t);
  const { heard } = await page(t, { WebSocket: class {} });
  await until(() => heard.states.length === 1);
  assert.deepEqual(heard.errors, [{ code: "connect", message: "WebSocket: its objects must have addEventListener" }]);
});

test("a_successor_that_never_opens_is_forgotten_before_it_is_closed_so_that_its_late_error_counts_for_nothing", async (t) => {
  const tick = stopClock(t);
  const made = [];
  class Late extends WebSocket {
    constructor(...parameters) {
      super(...parameters);
      made.push(this);
    }

    /** Emits `error` at once, as some classes do when a handshake is given up. */
    close() {
      if (this.readyState === 0) this.emit("error", new Error("closed before it was open"));
      super.close();
    }
  }
  const { chatter, heard, line, server } = await pageAt(41, t, { WebSocket: Late });
  server.waiting = [];
  await grow(line, tick, () => heard.updates.map(({ version }) => version), 60);
  await until(() => server.waiting.length === 1);
  tick(30 * SECOND);
  await until(() => heard.errors.length > 0);
  // Later still, after it is closed.
  made[1].emit("error", new Error("late"));
  await settled(server);
  assert.deepEqual(heard.errors.map(({ code }) => code), ["connect"]);
  assert.equal(made.length, 2);
  assert.deepEqual(heard.states, [{ state: "open" }]);
  // One failure, so the next attempt comes after the first wait.
  tick(SECOND);
  await until(() => made.length === 3);
  assert.equal(chatter.state, "open");
});

test("a_server_that_is_not_there_is_unreachable", async (t) => {
  stopClock(t);
  const server = await start(t);
  server.stop();
  const { heard } = await page(t, { server });
  await until(() => heard.states.at(-1)?.reason === "unreachable");
  assert.equal(heard.errors[0].code, "connect");
});

test("a_handshake_that_nobody_answers_is_unreachable_too", async (t) => {
  const tick = stopClock(t);
  const server = await start(t);
  server.waiting = [];
  const { heard } = await page(t, { server });
  await until(() => server.waiting.length === 1);
  tick(30 * SECOND);
  await until(() => heard.states.at(-1)?.reason === "unreachable");
  assert.deepEqual(heard.errors.map(({ code }) => code), ["connect"]);
});

test("credentials_that_never_come_are_an_error_that_says_so", async (t) => {
  const tick = stopClock(t);
  const { heard } = await page(t, { chatterId: undefined, credentials: () => new Promise(() => {}) });
  tick(30 * SECOND);
  await until(() => heard.errors.length === 1);
  assert.equal(heard.errors[0].code, "credentials");
  assert.deepEqual(heard.states, [{ state: "waiting", reason: "credentials", retryIn: SECOND }]);
});

test("an_open_socket_that_says_error_and_never_close_is_lost_at_once", async (t) => {
  stopClock(t);
  const made = [];
  class Kept extends WebSocket {
    constructor(...parameters) {
      super(...parameters);
      made.push(this);
    }

    addEventListener(type, listener) {
      if (type !== "close") super.addEventListener(type, listener);
    }
  }
  const { chatter, heard } = await pageAt(41, t, { WebSocket: Kept });
  made[0].emit("error", new Error("the connection was reset"));
  await until(() => chatter.state === "waiting");
  assert.deepEqual(heard.states.at(-1), { state: "waiting", reason: "lost", retryIn: SECOND });
});
