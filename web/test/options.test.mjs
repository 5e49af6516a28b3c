/** The options of `connect` and the result of `credentials()`: an error names what is wrong, at once. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { connect } from "../src/index.js";
import { browser } from "./browser.mjs";
import { SECOND, stopClock } from "./clock.mjs";
import { CHATTER_ID, LOGIN, entry, page, secretOf, settled, start, until } from "./server.mjs";

const right = { url: "ws://127.0.0.1:9/dev", login: LOGIN, chatterId: CHATTER_ID };
const SECRET = "6b1f3c1e-3a55-4c0e-9d5a-0f6f7f0f9a12\n";

const wrong = {
  url: [undefined, null, "", "socks.example.com", 42, {}],
  login: [undefined, null, "", 42, {}, ["friendless"], "a\0b", "line\n", "\u0085", "x".repeat(129), "é".repeat(65)],
  chatterId: ["", 42, { chatterId: CHATTER_ID }, SECRET],
  credentials: [CHATTER_ID, { chatterId: CHATTER_ID }, Promise.resolve({ chatterId: CHATTER_ID })],
  topics: ["plays", { 0: "plays" }, [""], ["plays", 7], ["a,b"], ["tab\t"], ["x".repeat(65)], [null], new Set(["plays"])],
  since: ["2026-01-01", "0", NaN, Infinity, -Infinity, new Date("never"), {}, true, 7n, 1, 1769850000, 978307199999, new Date(1769850000)],
  heartbeat: [0, 4, 240, 59_999, 510_001, NaN, Infinity, "240000", 240_000n],
  share: ["yes", 1, "false"],
  query: ["login", 0],
  parameters: ["login", 1, { logn: "geek" }, { login: 42 }, { login: "" }, { toString: "x" }, { login: "id", chatter: "id" }, { login: "topic" }, { topic: "chatter" }],
  WebSocket: ["ws", {}, 7],
  chatterID: [CHATTER_ID],
  topic: ["plays"],
  constructor: [Object],
  toString: [() => "wss://socks.example.com"],
};
for (const [name, values] of Object.entries(wrong)) {
  for (const value of values) {
    const shown = inspect(value, { maxStringLength: 20 });
    test(`${name}_is_refused_if_it_is ${shown}`, () => {
      const connecting = () => connect({ ...right, [name]: value });
      assert.throws(connecting, (error) => {
        assert.ok(error instanceof TypeError, String(error));
        assert.ok(error.message.startsWith(`${name}: `), error.message);
        assert.ok(!error.message.includes(SECRET.trim()));
        return true;
      });
    });
  }
}

test("connect_throws_without_options", () => {
  for (const options of [undefined, null, {}, "wss://socks.example.com"]) assert.throws(() => connect(options), TypeError);
});

test("a_url_of_something_else_than_a_socket_is_refused", () => {
  for (const url of ["https://socks.example.com", "mailto:friendless@example.com", new URL("file:///tmp")]) {
    assert.throws(() => connect({ ...right, url }), { name: "SyntaxError", message: /^url: / });
  }
});

test("connect_throws_where_there_is_no_class_for_sockets", (t) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  t.after(() => Object.defineProperty(globalThis, "WebSocket", before));
  Object.defineProperty(globalThis, "WebSocket", { value: undefined, configurable: true, writable: true });
  const connecting = () => connect(right);
  assert.throws(connecting, { name: "TypeError", message: /^WebSocket: / });
});

test("a_since_in_seconds_is_refused_and_the_error_says_that_it_looks_like_seconds", () => {
  assert.throws(() => connect({ ...right, since: 1769850000 }), /^TypeError: since: .*seconds/);
});

test("parameters_may_swap_their_names", async (t) => {
  const { server } = await page(t, { query: true, parameters: { login: "chatter", chatter: "login" } });
  const { request } = await server.line(1);
  const query = Object.fromEntries(new URL(request.url, "ws://host").searchParams);
  assert.deepEqual(query, { chatter: LOGIN, login: CHATTER_ID });
});

test("what_a_page_changes_in_its_options_after_it_has_connected_changes_nothing", async (t) => {
  const tick = stopClock(t);
  const server = await start(t);
  const topics = ["plays"];
  const parameters = { topic: "about" };
  const url = new URL(server.url);
  const { chatter, heard } = await page(t, { server, topics, parameters, url });
  const line = await server.line(1);
  await line.sync(1);
  topics.push("secrets");
  parameters.topic = "other";
  url.pathname = "/elsewhere";
  line.reply({ cursor: { epoch: "E", version: 2 }, updates: [entry(1, "plays"), entry(2, "secrets")] });
  await until(() => heard.synced.length === 1);
  assert.deepEqual(heard.updates.map(({ topic }) => topic), ["plays"]);
  line.socket.terminate();
  await until(() => chatter.state === "waiting");
  tick(SECOND);
  assert.equal((await server.line(2)).request.url, "/dev?about=plays");
});

test("topics_that_are_a_proxy_may_be_shared_between_tabs", async (t) => {
  browser(t);
  const topics = new Proxy(["plays"], {});
  const { server, chatter } = await page(t, { topics });
  await (await server.line(1)).sync(1);
  const other = await page(t, { server, topics });
  await until(() => other.chatter.state === "open");
  assert.deepEqual([chatter.holdsSocket, other.chatter.holdsSocket, server.attempts], [true, false, 1]);
});

test("null_and_undefined_are_absent", async (t) => {
  for (const nothing of [null, undefined]) {
    const parameters = { login: nothing, chatter: "id", topic: nothing };
    const absent = Object.fromEntries(["credentials", "topics", "share", "WebSocket", "chatterID"].map((name) => [name, nothing]));
    const { server, chatter } = await page(t, { ...absent, parameters, query: true, since: nothing });
    const { request } = await server.line(1);
    const query = Object.fromEntries(new URL(request.url, "ws://host").searchParams);
    assert.deepEqual(query, { login: LOGIN, id: CHATTER_ID });
    chatter.close();
    const cookies = await page(t, { chatterId: nothing, query: nothing, parameters: nothing });
    assert.equal((await cookies.server.line(1)).request.url, "/dev");
  }
});

test("values_at_their_bounds_are_accepted", async (t) => {
  const login = "é".repeat(64);
  const topics = [" ", "é".repeat(32), "it's a topic"];
  const { server } = await page(t, { login, topics, since: -1e15, share: true, query: false, parameters: {} });
  const { request } = await server.line(1);
  assert.equal(new URL(request.url, "ws://host").searchParams.get("topic"), topics.join(","));
  assert.equal(secretOf(request), CHATTER_ID);
});

for (const [what, value] of Object.entries({
  undefined: undefined,
  null: null,
  "the bare secret": SECRET,
  "an empty object": {},
  "no chatterId": { chatterId: null },
  "a number": { chatterId: 42 },
  "an empty text": { chatterId: "" },
  "a line": { chatterId: SECRET },
})) {
  test(`credentials_that_give_${what.replaceAll(" ", "_")}_are_an_error_that_names_them_and_asked_for_again`, async (t) => {
    const tick = stopClock(t);
    const server = await start(t);
    const values = [value, value];
    const credentials = async () => (values.length ? values.pop() : { chatterId: CHATTER_ID, more: "is nobody's concern" });
    const { chatter, heard } = await page(t, { server, chatterId: undefined, credentials });
    for (const [count, wait] of [[1, 1], [2, 2]]) {
      await until(() => heard.errors.length === count);
      const { code, message } = heard.errors.at(-1);
      assert.equal(code, "credentials");
      assert.match(message, /^credentials\(\): must be \{ chatterId \}/);
      assert.ok(!message.includes(SECRET.trim()));
      await until(() => chatter.state === "waiting");
      assert.deepEqual(heard.states.at(-1), { state: "waiting", reason: "credentials", retryIn: wait * SECOND });
      await settled(server);
      assert.equal(server.attempts, 0);
      tick(wait * SECOND);
    }
    await (await server.line(1)).sync(1);
  });
}
