/** Tabs with different topics, which share one socket that listens to all of them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { browser } from "./browser.mjs";
import { SECOND, stopClock } from "./clock.mjs";
import { entry, page, pageAt, settled, until } from "./server.mjs";
import { both } from "./tabs.mjs";

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
  // Once when it joins, and once when it learns of a socket that lacks its topic.
  await until(() => server.waiting.length === 1 && asks("updates") === 2);
  const open = () => server.waiting.splice(0).forEach((answer) => answer());
  return { ...world, server, line, holder, other, asks, open };
}

test("tabs_with_different_topics_share_a_socket_that_listens_to_the_topics_of_both", async (t) => {
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
  await until(() => holder.heard.errors.length === 1);
  tick(SECOND);
  await until(() => server.waiting.length === 1);
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

test("more_topics_than_a_socket_may_name_make_it_listen_to_all", async (t) => {
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

test("the_next_holder_s_socket_listens_to_the_topics_of_all_tabs", async (t) => {
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
