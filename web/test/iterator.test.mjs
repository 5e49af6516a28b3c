/** The updates as an async iterator, by hand and by `for await`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { pageAt, until } from "./server.mjs";

const END = { done: true, value: undefined };

/** A page, an iterator over its updates, and the versions that come out of it. */
async function iterating(t) {
  const opened = await pageAt(41, t);
  const iterator = opened.chatter[Symbol.asyncIterator]();
  return { ...opened, iterator, version: async () => (await iterator.next()).value?.version };
}

test("updates_can_be_iterated_over_until_the_end", async (t) => {
  const { line, chatter } = await pageAt(41, t);
  const seen = [];
  const reading = (async () => {
    for await (const { version } of chatter) {
      seen.push(version);
      if (version === 42) line.push(44);
    }
  })();
  line.push(42);
  line.push(43);
  await until(() => seen.length === 3);
  chatter.close();
  await reading;
  assert.deepEqual(seen, [42, 43, 44]);
});

test("an_iteration_can_be_left_and_the_rest_goes_on", async (t) => {
  const { line, chatter, versions } = await pageAt(41, t);
  setImmediate(() => line.push(42));
  for await (const { version } of chatter) {
    assert.equal(version, 42);
    break;
  }
  line.push(43);
  await until(() => versions().includes(43));
  assert.equal(chatter.state, "open");
});

test("an_iterator_that_waits_ends_at_once_when_it_is_told_to_return", async (t) => {
  const { iterator, line, versions } = await iterating(t);
  const waiting = [iterator.next(), iterator.next()];
  assert.deepEqual(await iterator.return(), END);
  assert.deepEqual(await Promise.all(waiting), [END, END]);
  line.push(42);
  await until(() => versions().includes(42));
  assert.deepEqual(await iterator.next(), END);
  assert.deepEqual(await iterator.return(), END);
});

test("an_iterator_that_waits_ends_at_once_when_something_is_thrown_into_it", async (t) => {
  const { iterator } = await iterating(t);
  const waiting = iterator.next();
  const error = new Error("enough");
  await assert.rejects(iterator.throw(error), error);
  assert.deepEqual(await waiting, END);
  assert.deepEqual(await iterator.next(), END);
});

test("an_iterator_that_waits_ends_when_the_connection_does", async (t) => {
  const { iterator, chatter, line } = await iterating(t);
  const waiting = [iterator.next(), iterator.next()];
  line.say({ type: "closing", reason: "revoked", retry: false });
  assert.deepEqual(await Promise.all(waiting), [END, END]);
  assert.deepEqual(await iterator.next(), END);
  assert.deepEqual(await chatter[Symbol.asyncIterator]().next(), END);
});

test("updates_that_came_before_the_end_can_still_be_read", async (t) => {
  const { chatter, line, version, versions } = await iterating(t);
  line.push(42);
  line.push(43);
  await until(() => versions().includes(43));
  chatter.close();
  assert.deepEqual([await version(), await version(), await version()], [42, 43, undefined]);
});

test("updates_that_were_not_read_are_dropped_when_an_iterator_returns", async (t) => {
  const { iterator, line, version, versions } = await iterating(t);
  line.push(42);
  await until(() => versions().includes(42));
  await iterator.return();
  assert.equal(await version(), undefined);
});

test("several_calls_of_next_at_once_are_answered_in_order", async (t) => {
  const { line, version } = await iterating(t);
  const asked = [version(), version(), version()];
  for (const pushed of [42, 43, 44]) line.push(pushed);
  assert.deepEqual(await Promise.all(asked), [42, 43, 44]);
});

test("two_iterators_each_get_every_update", async (t) => {
  const { chatter, iterator, line, version } = await iterating(t);
  const other = chatter[Symbol.asyncIterator]();
  assert.equal(other[Symbol.asyncIterator](), other);
  line.push(42);
  assert.equal((await other.next()).value.version, 42);
  await other.return();
  line.push(43);
  assert.deepEqual([await version(), await version()], [42, 43]);
  await iterator.return();
});
