/** A page that has closed leaves nothing behind: no timer, no listener, no socket, no lock; in whatever state it was. */

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { LoggedOut, connect } from "../src/index.js";
import { browser } from "./browser.mjs";
import { MINUTE, stopClock } from "./clock.mjs";
import { CHATTER_ID, LOGIN, settled, start, until } from "./server.mjs";

const becomes = (state, reason) => (_, heard) => until(() => heard.at(-1)?.state === state && heard.at(-1).reason === reason);

/** The states in which a page is closed: its options, what the server does, and what to wait for. */
const abouts = {
  "beginning": [{}, () => {}, () => {}],
  "asking for credentials": [{ chatterId: undefined, credentials: () => new Promise(() => {}) }, () => {}, () => {}],
  "opening a socket": [{}, (server) => (server.waiting = []), (server) => until(() => server.waiting.length === 1)],
  "open": [{}, () => {}, becomes("open")],
  "waiting": [{}, (server) => (server.refusal = 503), becomes("waiting", "unreachable")],
  "waiting for credentials": [{ chatterId: undefined, credentials: () => null }, () => {}, becomes("waiting", "credentials")],
  "logged out": [
    { chatterId: undefined, credentials: () => Promise.reject(new LoggedOut()) },
    () => {},
    becomes("refused", "logged-out"),
  ],
  "replaced": [
    {},
    () => {},
    async (server, heard) => {
      const line = await server.line(server.lines.length || 1);
      line.say({ type: "closing", reason: "replaced", retry: false });
      await becomes("waiting", "replaced")(server, heard);
    },
  ],
};
for (const share of [true, false]) {
  for (const [about, [options, prepare, reach]] of Object.entries(abouts)) {
    test(`a_page_that_is_closed_while_${about.replaceAll(" ", "_")}_${share ? "and_shares" : "alone"}_leaves_nothing_behind`, async (t) => {
      const tick = stopClock(t);
      const { locks, channels } = browser(t);
      const server = await start(t);
      prepare(server);
      const states = [];
      const chatter = connect({ url: server.url, login: LOGIN, chatterId: CHATTER_ID, share, ...options });
      chatter.addEventListener("state", ({ detail }) => states.push(detail));
      const reading = chatter[Symbol.asyncIterator]().next();
      await reach(server, states);
      chatter.close();
      chatter.retry();
      assert.deepEqual(await reading, { done: true, value: undefined });
      for (const type of ["visibilitychange", "freeze", "resume"]) assert.equal(getEventListeners(document, type).length, 0);
      for (const answer of server.waiting ?? []) answer();
      await until(() => server.sockets.clients.size === 0);
      // The package `ws` has a timer of its own while it closes.
      await until(() => tick.timers() === 0, "the timers");
      for (const channel of channels) assert.throws(() => channel.postMessage(null));
      for (const name of locks.names) {
        await new Promise((granted) => locks.request(name, { signal: new AbortController().signal }, granted));
      }
      tick(60 * MINUTE);
      await settled(server);
      assert.equal(server.sockets.clients.size, 0);
      assert.deepEqual(states.at(-1), { state: "closed", reason: "closed by the page" });
    });
  }
}
