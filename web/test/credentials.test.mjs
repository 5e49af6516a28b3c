/** Credentials: how they travel, and what happens when they are refused or cannot be had. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";
import { browser } from "./browser.mjs";
import { SECOND, stopClock } from "./clock.mjs";
import { CHATTER_ID, LOGIN, page, secretOf, settled, start, until } from "./server.mjs";

const FRESH = "0d9f5c9e-58a5-4e0c-8f2c-2f4a5d0c7b22";

test("the_credentials_travel_in_the_url_where_that_is_asked_for", async (t) => {
  const { server } = await page(t, { query: true, login: "a b&c", topics: ["plays"] });
  const { request } = await server.line(1);
  const query = Object.fromEntries(new URL(request.url, "ws://host").searchParams);
  assert.deepEqual(query, { login: "a b&c", chatter: CHATTER_ID, topic: "plays" });
  assert.equal(request.headers["sec-websocket-protocol"], undefined);
});

test("the_parameters_of_the_url_have_the_names_that_the_site_gave_them", async (t) => {
  const parameters = { login: "geek", chatter: "id", topic: "about" };
  const { server } = await page(t, { query: true, parameters, topics: ["plays"] });
  const { request } = await server.line(1);
  const query = Object.fromEntries(new URL(request.url, "ws://host").searchParams);
  assert.deepEqual(query, { geek: LOGIN, id: CHATTER_ID, about: "plays" });
});

test("without_a_chatter_id_the_site_s_cookies_open_the_socket", async (t) => {
  const { server } = await page(t, { chatterId: undefined });
  const { request } = await server.line(1);
  assert.equal(request.headers["sec-websocket-protocol"], "chatterbox.v1");
  assert.equal(request.url, "/dev");
});

test("credentials_are_asked_for_again_after_an_attempt_that_failed_and_only_then", async (t) => {
  const tick = stopClock(t);
  const server = await start(t);
  const given = [];
  const credentials = () => {
    given.push(given.length === 0 ? CHATTER_ID : FRESH);
    return { chatterId: given.at(-1) };
  };
  const { chatter } = await page(t, { server, chatterId: undefined, credentials });
  const first = await server.line(1);
  await first.sync(1);
  server.refusal = 401;
  first.socket.terminate();
  await until(() => chatter.state === "waiting");
  tick(SECOND);
  await until(() => server.attempts === 2 && chatter.state === "waiting");
  assert.deepEqual(given, [CHATTER_ID]);
  server.refusal = null;
  tick(2 * SECOND);
  const second = await server.line(2);
  await second.sync(1);
  assert.deepEqual(given, [CHATTER_ID, FRESH]);
  assert.deepEqual([first, second].map(({ request }) => secretOf(request)), [CHATTER_ID, FRESH]);
});

test("fresh_credentials_that_do_not_open_a_socket_either_are_refused_in_the_end_and_tried_slowly", async (t) => {
  const tick = stopClock(t);
  const server = await start(t);
  server.refusal = 401;
  let asked = 0;
  const credentials = async () => ({ chatterId: (asked += 1) && FRESH });
  const { chatter, heard } = await page(t, { server, chatterId: undefined, credentials });
  for (let attempt = 1; attempt < 8; attempt += 1) {
    await until(() => chatter.state === "waiting", `wait ${attempt}`);
    tick(heard.states.at(-1).retryIn);
    await until(() => server.attempts === attempt + 1, `attempt ${attempt}`);
    await until(() => chatter.state !== "connecting");
  }
  const waits = [];
  for (let attempt = 9; attempt <= 14; attempt += 1) {
    assert.equal(chatter.state, "refused");
    assert.equal(asked, attempt - 1);
    waits.push(heard.states.at(-1).retryIn / SECOND);
    tick(heard.states.at(-1).retryIn - 1);
    await settled(server);
    assert.equal(server.attempts, attempt - 1);
    tick(1);
    await until(() => server.attempts === attempt && chatter.state !== "connecting", `attempt ${attempt}`);
  }
  assert.deepEqual(waits, [128, 256, 512, 1024, 1200, 1200]);
  server.refusal = null;
  tick(1200 * SECOND);
  await (await server.line(1)).sync(1);
  assert.equal(chatter.state, "open");
});

test("credentials_that_fail_are_an_outage_and_no_refusal", async (t) => {
  const tick = stopClock(t);
  const server = await start(t);
  let works = false;
  const credentials = async () => {
    if (!works) throw new Error("the site is away");
    return { chatterId: CHATTER_ID };
  };
  const { chatter, heard } = await page(t, { server, chatterId: undefined, credentials });
  for (let attempt = 1; attempt <= 12; attempt += 1) {
    await until(() => heard.errors.length === attempt, `error ${attempt}`);
    assert.deepEqual(heard.errors.at(-1), { code: "credentials", message: "the site is away" });
    await until(() => chatter.state === "waiting");
    works = attempt === 12;
    tick(300 * SECOND * (attempt > 9 ? 1 : 2 ** attempt / 600));
  }
  await (await server.line(1)).sync(1);
  assert.equal(server.attempts, 1);
  const waits = heard.states.slice(0, 4).map(({ retryIn }) => retryIn / SECOND);
  assert.deepEqual(waits, [1, 2, 4, 8]);
});

test("credentials_that_come_after_they_were_asked_for_again_are_ignored", async (t) => {
  const tick = stopClock(t);
  const server = await start(t);
  const answers = [];
  const credentials = () => new Promise((resolve) => answers.push(resolve));
  const { chatter } = await page(t, { server, chatterId: undefined, credentials });
  await until(() => answers.length === 1);
  tick(30 * SECOND);
  assert.equal(chatter.state, "waiting");
  tick(SECOND);
  await until(() => answers.length === 2);
  answers[0]({ chatterId: FRESH });
  answers[1]({ chatterId: CHATTER_ID });
  const line = await server.line(1);
  await line.sync(1);
  assert.equal(secretOf(line.request), CHATTER_ID);
  assert.equal(server.attempts, 1);
});

test("the_class_for_sockets_may_be_given_and_its_error_events_do_not_throw", async (t) => {
  const tick = stopClock(t);
  const server = await start(t);
  server.refusal = 503;
  let made = 0;
  class Counted extends WebSocket {
    constructor(...parameters) {
      super(...parameters);
      made += 1;
    }
  }
  const { chatter } = await page(t, { server, WebSocket: Counted });
  await until(() => chatter.state === "waiting");
  server.refusal = null;
  tick(SECOND);
  await server.line(1);
  assert.equal(made, 2);
});

test("a_refused_page_whose_site_is_away_waits_for_the_site", async (t) => {
  const tick = stopClock(t);
  const server = await start(t);
  server.refusal = 401;
  let away = false;
  const credentials = () => {
    if (away) throw new Error("the site is away");
    return { chatterId: FRESH };
  };
  const { chatter, heard } = await page(t, { server, chatterId: undefined, credentials });
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    await until(() => server.attempts === attempt && chatter.state !== "connecting", `attempt ${attempt}`);
    if (attempt < 8) tick(heard.states.at(-1).retryIn);
  }
  assert.equal(chatter.state, "refused");
  away = true;
  tick(heard.states.at(-1).retryIn);
  await until(() => chatter.state === "waiting");
  assert.deepEqual(heard.states.at(-1), { state: "waiting", reason: "credentials", retryIn: 256 * SECOND });
});

for (const when of ["from_the_start", "after_a_socket_was_open"]) {
  test(`an_expired_chatter_id_is_replaced_though_the_browser_is_wrong_in_saying_that_it_is_offline_${when}`, async (t) => {
    const tick = stopClock(t);
    const { online } = browser(t);
    const server = await start(t);
    const old = [CHATTER_ID];
    const credentials = () => ({ chatterId: old.pop() ?? FRESH });
    const options = { server, share: false, chatterId: undefined, credentials };
    if (when === "from_the_start") online(false);
    else server.onlySecret = CHATTER_ID;
    server.onlySecret ??= FRESH;
    const { chatter, heard } = await page(t, options);
    if (when !== "from_the_start") {
      const line = await server.line(1);
      await line.sync(1);
      online(false);
      server.onlySecret = FRESH;
      line.socket.terminate();
      await until(() => chatter.state === "waiting");
      tick(SECOND);
    }
    const attempts = server.lines.length + 1;
    await until(() => server.attempts === attempts && chatter.state === "waiting");
    tick(heard.states.at(-1).retryIn);
    const next = await server.line(attempts);
    await next.sync(1);
    assert.equal(secretOf(next.request), FRESH);
  });
}

const unspeakable = {
  "an object without a prototype": Object.create(null),
  "an object whose toString is none": { toString: 7 },
  "an error whose message is no text": { message: Object.create(null) },
  "an object that throws when one looks at it": new Proxy({}, { get: () => { throw new Error("no"); } }),
  "nothing": undefined,
  "a symbol": Symbol("why"),
};
for (const [what, thrown] of Object.entries(unspeakable)) {
  test(`credentials_that_reject_with_${what.replaceAll(" ", "_")}_are_an_outage_as_well`, async (t) => {
    const tick = stopClock(t);
    const results = [Promise.resolve({ chatterId: FRESH }), Promise.reject(thrown)];
    const { server, chatter, heard } = await page(t, { chatterId: undefined, credentials: () => results.pop() });
    await until(() => chatter.state === "waiting");
    await until(() => heard.errors.length === 1);
    assert.equal(heard.errors[0].code, "credentials");
    assert.equal(typeof heard.errors[0].message, "string");
    tick(SECOND);
    await (await server.line(1)).sync(1);
  });
}
