/** Half a minute in which everything breaks, on the demo page, and what it shows in the end. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { World, until } from "./world.mjs";

const CHAOS = 30_000;
/** The pipeline's pace: one update after the other, this far apart. The page keeps a hundred. */
const PACE = 350;
/** A login may have no more. Each has its share of the time: so nothing newer makes up for the loss of its last update. */
const TOPICS = Array.from({ length: 16 }, (_, n) => `topic ${n}`);

/** A stats job that delivers one update after the other. */
class Pipeline {
  #local;
  #login;
  /** What notify has taken: the topics of each update, in order. */
  taken = [];
  /** How many deliveries failed. */
  failures = 0;

  constructor(local, login) {
    this.#local = local;
    this.#login = login;
  }

  async run(milliseconds) {
    const start = performance.now();
    for (let share = 0; share < 1; share = (performance.now() - start) / milliseconds) {
      const first = Math.floor(share * TOPICS.length);
      // Every third is about two topics, of which the second had its time long ago, or has it later.
      const topics = this.taken.length % 3 === 0 ? [TOPICS[first], TOPICS[(first * 7 + 5) % TOPICS.length]] : [TOPICS[first]];
      await Promise.all([this.#update([...new Set(topics)]), pause(PACE)]);
    }
  }

  async #update(topics) {
    const n = this.taken.length;
    const event = { login: this.#login, topics, id: randomUUID(), at: new Date().toISOString(), body: { message: String(n) } };
    this.failures += await this.#local.deliver(event);
    this.taken.push(topics);
  }
}

/** What a tab shows, oldest first: each update's number and topics. */
async function shown({ page }) {
  const updates = await page.locator("#updates li").evaluateAll((items) =>
    items.map((item) => ({
      n: Number(item.querySelector(".body").textContent),
      topics: [...item.querySelectorAll(".tag")].map((tag) => tag.textContent),
    })),
  );
  return updates.reverse();
}

/** Each topic with the numbers that are shown for it, in their order. */
function byTopic(updates) {
  const numbers = Object.fromEntries(TOPICS.map((topic) => [topic, []]));
  for (const { n, topics } of updates) for (const topic of topics) numbers[topic].push(n);
  return numbers;
}

/** Which updates were neither shown nor superseded by a newer one that was. */
function lost(taken, updates) {
  const numbers = byTopic(updates);
  const isLost = (n, topic) => !(numbers[topic].at(-1) >= n);
  return taken.flatMap((topics, n) => topics.filter((topic) => isLost(n, topic)).map((topic) => `update ${n} of ${topic}`));
}

test("half_a_minute_of_chaos_loses_nothing", { timeout: 180_000 }, async (t) => {
  const world = await World.start("--chaos=1");
  let end;
  try {
    await world.local.chaos("DELETE");
    const login = `friendless-${randomUUID().slice(0, 8)}`;
    const one = await world.tab(t);
    await one.page.clock.install();
    await one.logIn(login);
    const two = await one.duplicate();
    await two.holds("Another tab");
    const tabs = [one, two];

    await world.local.chaos("PUT");
    const pipeline = new Pipeline(world.local, login);
    // Whoever watches clicks into the page now and then, and so never waits long for the next attempt.
    const looks = setInterval(() => two.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))).catch(() => {}), 2_000);
    await pipeline.run(CHAOS).finally(() => clearInterval(looks));
    const { injected } = await world.local.chaos("DELETE");

    // Nothing more happens, so it is left to what a quiet quarter of an hour brings: a reconnect, or the periodic sync.
    const lostNow = async () => (await Promise.all(tabs.map(shown))).flatMap((updates) => lost(pipeline.taken, updates));
    for (let quarters = 0; quarters < 6 && (await lostNow()).length > 0; quarters += 1) {
      await one.page.clock.fastForward("15:00");
      await until(async () => (await lostNow()).length === 0, "the page to be up to date", 5_000).catch(() => {});
    }
    assert.deepEqual(await lostNow(), []);
    for (const tab of tabs) {
      for (const [topic, numbers] of Object.entries(byTopic(await shown(tab)))) {
        const ascending = [...new Set(numbers)].sort((a, b) => a - b);
        assert.deepEqual(numbers, ascending, `${topic}: each once, and none after a newer one`);
      }
      assert.deepEqual(tab.errors.filter((error) => !error.startsWith("WebSocket connection to")), []);
    }
    assert.ok(pipeline.taken.length > 20, `${pipeline.taken.length} updates`);
    assert.ok(pipeline.failures > 0);
    assert.ok(one.sockets.length + two.sockets.length > 2, "sockets were lost, and replaced");
    assert.ok(Object.values(injected).reduce((sum, count) => sum + count, 0) > 20, JSON.stringify(injected));
  } finally {
    end = await world.stop();
  }
  assert.deepEqual(end, { code: 0, signal: null });
});
