/** The tabs of a browser: one socket for all that are alike, and nothing lost when the tab that holds it goes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { browser } from "./browser.mjs";
import { MINUTE, SECOND, stopClock } from "./clock.mjs";
import { CHATTER_ID, LOGIN, entry, page, pageAt, settled, start, until } from "./server.mjs";

const FRESH = "0d9f5c9e-58a5-4e0c-8f2c-2f4a5d0c7b22";

/** A tab that holds the socket at version 41, and one that shares it. */
async function pair(t, options = {}) {
  const world = browser(t);
  const holder = await pageAt(41, t, options);
  const { server, line } = holder;
  const other = await page(t, { server, ...options });
  await line.sync(2);
  line.reply({ cursor: { epoch: "E", version: 41 } });
  await until(() => other.heard.synced.length === 1);
  return { ...world, server, line, holder, other };
}

const both = (pages, version) => until(() => pages.every(({ versions }) => versions().includes(version)), `${version}`);

test("two_tabs_have_one_socket_and_each_hears_of_an_update_once", async (t) => {
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

test("a_tab_that_comes_later_has_nobody_else_ask_again", async (t) => {
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

test("tabs_that_differ_in_url_login_or_secret_do_not_share", async (t) => {
  const { locks } = browser(t);
  const server = await start(t);
  for (const options of [{}, { url: `${server.url}?of=another` }, { chatterId: FRESH }, { login: "stranger" }]) {
    const { chatter } = await page(t, { server, ...options });
    await until(() => chatter.state === "open");
  }
  assert.equal(server.attempts, 4);
  assert.equal(locks.names.size, 4);
});

test("the_secret_is_neither_in_a_name_nor_on_the_channel", async (t) => {
  const { locks, channels, server, holder, other, line } = await pair(t);
  const [name] = locks.names;
  assert.match(name, /^chatterbox:[A-Za-z0-9_-]{43}$/);
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

test("a_revoked_secret_ends_every_tab_that_has_it", async (t) => {
  const { server, line, holder, other } = await pair(t);
  line.say({ type: "closing", reason: "revoked", retry: false });
  await until(() => [holder, other].every(({ chatter }) => chatter.state === "closed"));
  assert.deepEqual(other.heard.states.at(-1), { state: "closed", reason: "revoked" });
  await until(() => server.sockets.clients.size === 0);
});

test("a_tab_whose_turn_comes_before_it_hears_of_the_end_ends_too", async (t) => {
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

test("a_holder_that_is_frozen_is_replaced_as_soon_as_somebody_looks_at_another_tab", async (t) => {
  const tick = stopClock(t);
  const { hide, show, freeze, channels, server, line, holder, other } = await pair(t);
  hide();
  freeze(channels[0]);
  tick(MINUTE);
  await new Promise(setImmediate);
  assert.equal(server.attempts, 1);
  show();
  tick(3 * SECOND - 1);
  assert.ok(!other.chatter.holdsSocket);
  tick(1);
  const next = await server.line(2);
  assert.deepEqual((await next.sync(1)).cursor, { epoch: "E", version: 41 });
  assert.ok(other.chatter.holdsSocket);
  // It wakes, learns that it was robbed, and listens to the other one.
  await until(() => line.closed);
  await next.sync(2);
  assert.deepEqual(holder.heard.states.map(({ state }) => state), ["open", "connecting", "open"]);
  next.push(42);
  await both([holder, other], 42);
  assert.deepEqual([holder.chatter.holdsSocket, server.attempts], [false, 2]);
});

test("a_tab_that_is_looked_at_all_along_notices_a_frozen_holder_too", async (t) => {
  const tick = stopClock(t);
  const { freeze, channels, server, other } = await pair(t);
  freeze(channels[0]);
  tick(30 * SECOND);
  tick(3 * SECOND);
  await server.line(2);
  await until(() => other.chatter.holdsSocket);
});

test("a_holder_that_answers_is_left_in_peace", async (t) => {
  const tick = stopClock(t);
  const { channels, server, line, holder } = await pair(t);
  const [, channel] = channels;
  const { onmessage } = channel;
  let answers = 0;
  channel.onmessage = (event) => {
    onmessage(event);
    answers += event.data.status ? 1 : 0;
  };
  for (let pulse = 1; pulse <= 5; pulse += 1) {
    tick(30 * SECOND);
    await until(() => answers === pulse, `answer ${pulse}`);
  }
  assert.ok(holder.chatter.holdsSocket);
  assert.equal(server.attempts, 1);
  assert.equal(line.syncs.length, 2);
});

test("a_tab_that_is_shown_has_the_holder_look_after_the_line", async (t) => {
  const tick = stopClock(t);
  const { show, server, line, holder, other } = await pair(t);
  line.say({ type: "closing", reason: "replaced", retry: false });
  await until(() => [holder, other].every(({ heard }) => heard.states.at(-1).reason === "replaced"));
  // The holder itself is not the one that is shown.
  const third = await page(t, { server });
  await until(() => third.heard.states.at(-1)?.reason === "replaced");
  tick(SECOND);
  await (await server.line(2)).sync(3);
  show();
});

test("a_hidden_tab_that_comes_later_does_not_bring_back_what_was_replaced", async (t) => {
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

test("a_tab_that_is_alone_looks_after_its_line_when_it_is_shown", async (t) => {
  const { show } = browser(t);
  const { line } = await pageAt(41, t);
  show();
  await until(() => line.heard.at(-1).action === "ping");
});

test("every_tab_is_told_that_the_network_is_away", async (t) => {
  const tick = stopClock(t);
  const { online, server, line, holder, other } = await pair(t);
  online(false);
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

test("a_tab_that_was_put_aside_asks_again_though_the_socket_is_the_same", async (t) => {
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

test("every_tab_is_told_that_the_secret_is_refused", async (t) => {
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

test("a_tab_that_heard_of_another_s_socket_trusts_the_secret_that_opened_it", async (t) => {
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

test("tabs_that_get_fresh_credentials_meet_again", async (t) => {
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

const topicsOf = ({ request }) => new URL(request.url, "ws://host").searchParams.get("topic");
const news = ({ heard }) => heard.updates.map(({ version, topics }) => [version, ...topics].join(" "));

/** A tab that holds a socket for `plays`, and one that wants `updates`, whose socket waits for the server's answer. */
async function unlike(t) {
  const world = browser(t);
  const holder = await pageAt(41, t, { topics: ["plays"] });
  const { server, line } = holder;
  const [name] = world.locks.names;
  const tap = new BroadcastChannel(name);
  t.after(() => tap.close());
  const said = [];
  tap.onmessage = ({ data }) => said.push(data);
  const asks = (topic) => said.filter(({ topics }) => topics?.includes(topic)).length;
  server.waiting = [];
  const other = await page(t, { server, topics: ["updates"] });
  // Once because it has come, and once because it has heard of a socket that it cannot use.
  await until(() => server.waiting.length === 1 && asks("updates") === 2);
  const open = () => server.waiting.splice(0).forEach((answer) => answer());
  return { ...world, server, line, holder, other, asks, open };
}

test("tabs_with_other_topics_share_a_socket_that_listens_to_those_of_both", async (t) => {
  const { server, line, holder, other, open } = await unlike(t);
  assert.ok(!line.closed);
  open();
  const next = await server.line(2);
  assert.deepEqual([line, next].map(topicsOf), ["plays", "plays,updates"]);
  await next.sync(2);
  await until(() => line.closed);
  assert.deepEqual(next.syncs.map(({ cursor }) => cursor?.version).sort(), [41, undefined]);
  const [first, second] = next.syncs;
  const reply = { cursor: { epoch: "E", version: 42 }, missed: 1, reset: false, more: false, updates: [entry(42, "plays", "updates")] };
  for (const { n } of [first, second]) next.say({ type: "sync", n, ...reply });
  await both([holder, other], 42);
  next.push(43);
  next.push(44, { topics: ["plays"] });
  next.push(45, { topics: ["plays", "updates"] });
  await both([holder, other], 45);
  assert.deepEqual([news(holder), news(other)], [["42 plays", "44 plays", "45 plays"], ["42 updates", "43 updates", "45 updates"]]);
  assert.deepEqual(holder.heard.states.map(({ state }) => state), ["open"]);
  assert.equal(next.syncs.length, 2);
  assert.equal(server.attempts, 2);
});

test("a_tab_does_not_use_a_socket_that_lacks_one_of_its_topics", async (t) => {
  const { asks, server, line, holder, other, open } = await unlike(t);
  line.push(42, { topics: ["plays"] });
  await until(() => holder.versions().includes(42));
  const third = await page(t, { server, topics: ["plays"] });
  await line.sync(2);
  assert.equal(third.chatter.state, "open");
  assert.equal(other.chatter.state, "connecting");
  // The holder's answers to others do not make it ask again.
  await until(() => asks("plays") === 1);
  assert.equal(asks("updates"), 2);
  open();
  const next = await server.line(2);
  await next.sync(3);
  assert.equal(server.attempts, 2);
  assert.deepEqual(other.heard.states.map(({ state }) => state), ["open"]);
});

test("topics_that_are_asked_for_while_a_socket_opens_are_those_of_its_successor", async (t) => {
  const { asks, server, open } = await unlike(t);
  await page(t, { server, topics: ["scores"] });
  await page(t, { server, topics: ["scores"] });
  await until(() => asks("scores") === 4);
  await settled(server);
  assert.equal(server.waiting.length, 1);
  open();
  await server.line(2);
  await until(() => server.waiting.length === 1);
  open();
  const last = await server.line(3);
  assert.equal(topicsOf(last), "plays,updates,scores");
  await last.sync(4);
  await until(() => server.sockets.clients.size === 1, "one socket");
  assert.equal(server.attempts, 3);
});

test("a_socket_that_does_not_open_for_more_topics_is_tried_again_and_the_old_one_goes_on", async (t) => {
  const tick = stopClock(t);
  const { server, line, holder, open } = await unlike(t);
  server.refusal = 503;
  open();
  server.refusal = null;
  line.push(42, { topics: ["plays"] });
  await until(() => holder.versions().includes(42));
  await until(() => (tick(SECOND), server.waiting.length === 1));
  open();
  await (await server.line(2)).sync(2);
  assert.deepEqual(holder.heard.states.map(({ state }) => state), ["open"]);
});

test("a_socket_that_listens_to_everything_serves_tabs_with_any_topics", async (t) => {
  browser(t);
  const holder = await pageAt(41, t, { topics: [] });
  const { server, line } = holder;
  const other = await page(t, { server, topics: ["plays"] });
  await line.sync(2);
  line.reply({ cursor: { epoch: "E", version: 41 } });
  await until(() => other.heard.synced.length === 1);
  line.push(42);
  line.push(43, { topics: ["plays", "updates"] });
  await both([holder, other], 43);
  assert.deepEqual([news(holder), news(other)], [["42 updates", "43 plays updates"], ["43 plays"]]);
  assert.equal(server.attempts, 1);
});

test("a_tab_that_wants_everything_has_the_socket_listen_to_everything", async (t) => {
  browser(t);
  const { server } = await pageAt(41, t, { topics: ["plays"] });
  await page(t, { server });
  const next = await server.line(2);
  assert.equal(topicsOf(next), null);
  await next.sync(2);
});

test("more_topics_than_a_socket_may_name_are_all_of_them", async (t) => {
  browser(t);
  const names = (letter, count) => Array.from({ length: count }, (_, n) => `${letter}-${n}`);
  const { server } = await pageAt(41, t, { topics: names("a", 10) });
  await page(t, { server, topics: names("b", 6) });
  const second = await server.line(2);
  assert.equal(topicsOf(second).split(",").length, 16);
  await second.sync(2);
  const { versions } = await page(t, { server, topics: names("c", 1) });
  const third = await server.line(3);
  assert.equal(topicsOf(third), null);
  await third.sync(3);
  for (const { n } of third.syncs) {
    third.say({ type: "sync", n, cursor: { epoch: "E", version: 41 }, missed: 0, reset: false, more: false, updates: [] });
  }
  third.push(42, { topics: ["a-0"] });
  third.push(43, { topics: ["c-0"] });
  await until(() => versions().includes(43));
  assert.deepEqual(versions(), [43]);
});

test("whoever_holds_the_socket_next_listens_to_what_all_tabs_want", async (t) => {
  browser(t);
  const holder = await pageAt(41, t, { topics: ["plays"] });
  const { server } = holder;
  const others = [];
  for (const topic of ["updates", "scores", "badges"]) {
    const opened = await page(t, { server, topics: [topic] });
    await until(() => opened.chatter.state === "open");
    others.push(opened);
  }
  holder.chatter.close();
  const isLast = () => ["updates", "scores", "badges"].every((topic) => topicsOf(server.lines.at(-1)).split(",").includes(topic));
  await until(() => isLast() && server.lines.at(-1).syncs.length === 3);
  await until(() => others.every(({ chatter }) => chatter.state === "open"));
  await until(() => server.sockets.clients.size === 1);
  assert.deepEqual(others.map(({ chatter }) => chatter.holdsSocket), [true, false, false]);
});

test("what_comes_from_another_socket_than_its_own_is_not_for_a_tab", async (t) => {
  const { locks, line, holder, other } = await pair(t);
  const [name] = locks.names;
  const stranger = new BroadcastChannel(name);
  t.after(() => stranger.close());
  const message = { type: "stats-updated", login: LOGIN, epoch: "E", prev: 41, ...entry(43) };
  stranger.postMessage({ message, socket: 1 });
  line.push(44);
  await until(() => other.versions().includes(44));
  await line.sync(4);
  assert.deepEqual([holder.versions(), other.versions()], [[44], [44]]);
  assert.deepEqual(line.syncs.slice(2).map(({ cursor }) => cursor.version), [41, 41]);
});

test("a_tab_that_is_looked_at_keeps_the_heart_of_a_hidden_holder_beating", async (t) => {
  const tick = stopClock(t);
  const { hide, locks, server, line, holder, other } = await pair(t);
  const pings = () => line.heard.filter(({ action }) => action === "ping").length;
  // The tab that came last has had the holder make sure of its link.
  await until(() => pings() === 1);
  line.say({ type: "pong" });
  line.push(42);
  await both([holder, other], 42);
  hide();
  const [name] = locks.names;
  const looker = new BroadcastChannel(name);
  t.after(() => looker.close());
  let answers = 0;
  looker.onmessage = ({ data }) => (answers += data.status ? 1 : 0);
  tick(30 * SECOND);
  // The other tab asked once more, since it began to wait while it was shown.
  await until(() => answers === 1);
  tick(3.5 * MINUTE);
  await settled(server);
  assert.equal(pings(), 1);
  looker.postMessage({ ask: false });
  await until(() => pings() === 2);
});
