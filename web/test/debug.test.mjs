/** The option `debug`: what its lines say, and that the chatter ID is in none. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { WebSocket } from "ws";
import { browser } from "./browser.mjs";
import { SECOND, stopClock } from "./clock.mjs";
import { CHATTER_ID, page, pageAt, until } from "./server.mjs";
import { both, pair } from "./tabs.mjs";

/** A function for `debug`, and the lines that it was given. */
function recorder() {
  const lines = [];
  const details = [];
  const debug = (line, more) => {
    lines.push(line);
    details.push(more);
  };
  return { debug, lines, details };
}

test("every_state_message_close_and_wait_is_a_debug_line_with_its_details", async (t) => {
  const tick = stopClock(t);
  const { debug, lines, details } = recorder();
  const { chatter, server, line, versions } = await pageAt(41, t, { debug });
  line.push(42);
  await until(() => versions().includes(42));
  line.socket.close(1001, "going away");
  await until(() => chatter.state === "waiting");
  tick(SECOND);
  await server.line(2);
  await until(() => lines.filter((text) => text === "state open").length === 2);
  const opening = ["phase preparing", "phase opening", "phase open", "state open", "sent sync"];
  const lost = ["closed 1001", "phase waiting", "next attempt in 1000 ms: lost", "state waiting"];
  const again = ["phase preparing", "phase opening", "state connecting", "phase open", "state open", "sent sync"];
  assert.deepEqual(lines, [...opening, "received sync", "received stats-updated", ...lost, ...again]);
  const of = (text) => details[lines.indexOf(text)];
  assert.deepEqual(of("phase opening"), { from: "preparing" });
  assert.equal(of("sent sync").cursor, null);
  assert.equal(of("received stats-updated").version, 42);
  assert.deepEqual(of("closed 1001"), { code: 1001, reason: "going away", wasClean: true });
  assert.deepEqual(of("state waiting"), { state: "waiting", reason: "lost", retryIn: SECOND });
});

test("messages_between_tabs_are_debug_lines_too", async (t) => {
  const { debug, lines } = recorder();
  const { line, holder, other } = await pair(t, { debug });
  line.push(42);
  await both([holder, other], 42);
  for (const text of ["to other tabs: query", "from another tab: query", "to other tabs: status", "to other tabs: message", "from another tab: message"]) {
    assert.ok(lines.includes(text), text);
  }
});

const carriers = {
  "a subprotocol": { chatterId: CHATTER_ID },
  "the URL": { chatterId: CHATTER_ID, query: true },
  "credentials()": { chatterId: undefined, credentials: async () => ({ chatterId: CHATTER_ID }) },
};
for (const [carrier, options] of Object.entries(carriers)) {
  test(`the_chatter_id_is_in_no_debug_line_when_it_travels_by_${carrier.replaceAll(" ", "_")}`, async (t) => {
    const tick = stopClock(t);
    const { debug, lines, details } = recorder();
    const world = { fails: false };
    class Failing extends WebSocket {
      constructor(...parameters) {
        if (world.fails) throw new SyntaxError(`not opened: ${parameters}`);
        super(...parameters);
      }
    }
    // One tab alone, and two that share a socket.
    const alone = await page(t, { debug, WebSocket: Failing, share: false, ...options });
    await until(() => alone.chatter.state === "open");
    const { line, holder, other } = await pair(t, { debug, WebSocket: Failing, ...options });
    line.push(42);
    await both([holder, other], 42);
    world.fails = true;
    for (const { socket } of [line, ...alone.server.lines]) socket.terminate();
    await until(() => [alone, holder].every(({ chatter }) => chatter.state === "waiting"));
    tick(SECOND);
    await until(() => lines.includes("failed: connect"));
    await until(() => alone.heard.errors.length && holder.heard.errors.length);
    for (const { chatter } of [alone, holder, other]) chatter.close();
    await new Promise(setImmediate);
    const text = inspect([lines, details], { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity });
    const codes = [CHATTER_ID, encodeURIComponent(CHATTER_ID), Buffer.from(`friendless\0${CHATTER_ID}`).toString("base64url")];
    for (const code of codes) assert.ok(!text.includes(code));
    assert.ok(text.includes("friendless"));
  });
}

test("the_error_text_of_credentials_is_in_no_debug_line", async (t) => {
  stopClock(t);
  const { debug, lines, details } = recorder();
  const credentials = () => Promise.reject(new Error(CHATTER_ID));
  const { heard } = await page(t, { debug, chatterId: undefined, credentials });
  await until(() => heard.errors.length === 1 && lines.includes("failed: credentials"));
  assert.ok(!inspect([lines, details], { depth: Infinity }).includes(CHATTER_ID));
});

test("debug_true_writes_to_the_console_and_false_nowhere", async (t) => {
  const written = [];
  t.mock.method(console, "debug", (...parts) => written.push(parts));
  const { chatter } = await page(t, { debug: true });
  await until(() => chatter.state === "open");
  assert.deepEqual(written[0], ["chatterbox: phase preparing", { from: "stopped" }]);
  chatter.close();
  await until(() => chatter.state === "closed");
  await new Promise(setImmediate);
  const { length } = written;
  const silent = await page(t, { debug: false });
  await until(() => silent.chatter.state === "open");
  assert.equal(written.filter(([line]) => line === "chatterbox: phase preparing").length, 1);
  assert.ok(written.length <= length + 1);
});

test("a_debug_function_may_close_the_connection", async (t) => {
  browser(t);
  let chatter;
  const opened = await page(t, { debug: (line) => line === "state open" && chatter.close() });
  chatter = opened.chatter;
  await until(() => chatter.state === "closed");
  assert.deepEqual(opened.heard.states.at(-1), { state: "closed", reason: "closed by the page" });
});
