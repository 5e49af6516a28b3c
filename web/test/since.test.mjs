/** The option `since`: the first sync shows nothing older than the page's own data. It does not matter whose clock is right. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND, stopClock } from "./clock.mjs";
import { entry, page, settled, start, until } from "./server.mjs";

const HOUR = 60 * MINUTE;
/** The server's clock in these tests, which has nothing to do with the page's. */
const NOW = Date.parse("2026-01-31T09:00:00Z");
const time = (age) => new Date(NOW - age).toISOString();

/** The updates that a page shows whose first sync brings updates of these topics and ages, by the server's clock. */
async function initial(t, options, ages, fields = { now: time(0) }) {
  const { server, heard } = await page(t, { since: undefined, ...options });
  const line = await server.line(1);
  await line.sync(1);
  const updates = Object.entries(ages).map(([topic, age], n) => ({ ...entry(n + 1, topic), ...age }));
  line.reply({ cursor: { epoch: "E", version: updates.length }, updates, ...fields });
  await until(() => heard.synced.length === 1);
  assert.ok(heard.updates.every(({ initial }) => initial));
  return heard.updates.map(({ topic }) => topic);
}

const recorded = (age) => ({ at: time(age), recorded: time(age) });

for (const [what, error] of [["right", 0], ["3_minutes_fast", 3 * MINUTE], ["a_day_fast", 24 * HOUR], ["a_day_slow", -24 * HOUR]]) {
  test(`by_default_a_page_is_sent_updates_from_two_minutes_before_it_was_loaded_with_a_clock_that_is_${what}`, async (t) => {
    const tick = stopClock(t, undefined, NOW + error);
    tick(5 * SECOND);
    const ages = {
      "long ago": recorded(HOUR),
      "too old": recorded(2 * MINUTE + 6 * SECOND),
      "while the page was made": recorded(2 * MINUTE + 4 * SECOND),
      "while the page was loading": recorded(4 * SECOND),
      "after the server looked at its clock": recorded(-SECOND),
    };
    assert.deepEqual(await initial(t, {}, ages), Object.keys(ages).slice(2));
  });

  test(`a_date_given_as_since_is_read_by_the_page_s_own_clock_which_is_${what}`, async (t) => {
    const tick = stopClock(t, undefined, NOW + error);
    tick(HOUR);
    const since = new Date(Date.now() - 10 * MINUTE);
    const { server, heard } = await page(t, { since });
    const line = await server.line(1);
    await line.sync(1);
    tick(5 * SECOND);
    line.reply({
      now: time(0),
      cursor: { epoch: "E", version: 2 },
      updates: [
        { ...entry(1, "too old"), ...recorded(10 * MINUTE + 6 * SECOND) },
        { ...entry(2, "old"), ...recorded(10 * MINUTE + 4 * SECOND) },
      ],
    });
    await until(() => heard.synced.length === 1);
    assert.deepEqual(heard.updates.map(({ topic }) => topic), ["old"]);
  });
}

test("since_may_be_milliseconds", async (t) => {
  stopClock(t, undefined, NOW + HOUR);
  const ages = { "too old": recorded(11 * SECOND), old: recorded(9 * SECOND) };
  assert.deepEqual(await initial(t, { since: NOW + HOUR - 10 * SECOND }, ages), ["old"]);
});

test("since_zero_is_everything", async (t) => {
  assert.deepEqual(await initial(t, { since: 0 }, { ancient: recorded(25 * 365 * 24 * HOUR) }), ["ancient"]);
});

for (const [ahead, given] of [
  [1, (time) => time],
  [HOUR, (time) => new Date(time)],
]) {
  test(`a_since_that_is_${ahead}_ms_ahead_of_the_clock_gives_way_to_the_default`, async (t) => {
    const tick = stopClock(t);
    tick(5 * SECOND);
    const ages = { "too old": recorded(2 * MINUTE + 6 * SECOND), "while the page was made": recorded(2 * MINUTE + 4 * SECOND) };
    assert.deepEqual(await initial(t, { since: given(Date.now() + ahead) }, ages), ["while the page was made"]);
  });
}

/** What a browser says of how a page came to it: https://www.w3.org/TR/navigation-timing-2/ */
const navigations = [
  ["from_the_network", { type: "navigate", transferSize: 5000, deliveryType: "" }, []],
  ["from_the_network_as_a_browser_without_deliveryType_says_it", { type: "reload", transferSize: 300 }, []],
  ["from_the_network_as_a_browser_without_transferSize_says_it", { type: "navigate" }, []],
  ["by_the_back_button", { type: "back_forward", transferSize: 5000, deliveryType: "" }, ["ancient"]],
  ["from_the_cache", { type: "navigate", transferSize: 0, deliveryType: "cache" }, ["ancient"]],
  ["from_the_cache_as_a_browser_without_deliveryType_says_it", { type: "reload", transferSize: 0 }, ["ancient"]],
  ["from_a_prefetch", { type: "navigate", transferSize: 5000, deliveryType: "navigational-prefetch" }, ["ancient"]],
];
for (const [how, navigation, topics] of navigations) {
  test(`a_page_that_came_${how}_is_sent_${topics.length ? "every_topic" : "the_last_two_minutes"}_by_default`, async (t) => {
    stopClock(t);
    t.mock.method(performance, "getEntriesByType", (type) => (type === "navigation" ? [navigation] : []));
    const ages = { ancient: recorded(24 * HOUR), new: recorded(SECOND) };
    assert.deepEqual(await initial(t, {}, ages), [...topics, "new"]);
  });
}

test("a_since_counts_though_the_page_came_from_the_cache_unless_it_is_ahead_of_the_clock", async (t) => {
  stopClock(t);
  t.mock.method(performance, "getEntriesByType", () => [{ type: "back_forward" }]);
  const ages = { ancient: recorded(24 * HOUR), new: recorded(SECOND) };
  assert.deepEqual(await initial(t, { since: Date.now() - MINUTE }, ages), ["new"]);
  assert.deepEqual(await initial(t, { since: Date.now() + MINUTE }, ages), ["ancient", "new"]);
});

test("the_clock_of_the_pipeline_counts_only_where_the_server_s_is_not_recorded", async (t) => {
  stopClock(t);
  const slow = { at: time(HOUR) };
  const ages = { "by a slow pipeline": { ...slow, recorded: time(0) }, "of before": slow, "of before, new": { at: time(0) } };
  assert.deepEqual(await initial(t, {}, ages), ["by a slow pipeline", "of before, new"]);
});

test("with_a_server_that_sends_no_time_the_page_s_own_clock_counts", async (t) => {
  stopClock(t, undefined, NOW);
  const ages = { "too old": { at: time(2 * MINUTE + SECOND) }, old: { at: time(2 * MINUTE - SECOND) } };
  assert.deepEqual(await initial(t, {}, ages, {}), ["old"]);
});

test("an_update_whose_time_cannot_be_read_is_shown", async (t) => {
  stopClock(t);
  assert.deepEqual(await initial(t, {}, { odd: { at: "yesterday" } }), ["odd"]);
  assert.deepEqual(await initial(t, {}, { fine: recorded(HOUR) }, { now: "today" }), ["fine"]);
});

for (const [what, change] of [
  ["sleeps_for_an_hour", (tick) => tick.asleep(HOUR)],
  ["has_its_clock_set_back_by_a_day", (tick) => (tick(HOUR), tick.back(24 * HOUR))],
  ["has_its_clock_set_back_by_half_an_hour", (tick) => (tick(HOUR), tick.back(HOUR / 2))],
]) {
  test(`a_page_that_${what}_before_its_socket_opens_loses_nothing_that_happened_meanwhile`, async (t) => {
    for (const since of [undefined, Date.now()]) {
      await t.test(`since: ${since ? "now" : since}`, async (t) => {
        const tick = stopClock(t);
        const server = await start(t);
        server.refusal = 503;
        const { chatter, heard } = await page(t, { server, since: since && Date.now() });
        await until(() => chatter.state === "waiting");
        change(tick);
        await settled(server);
        await until(() => chatter.state === "waiting");
        server.refusal = null;
        chatter.retry();
        const line = await server.line(1);
        await line.sync(1);
        line.reply({
          now: time(0),
          cursor: { epoch: "E", version: 2 },
          updates: [
            { ...entry(1, "before"), ...recorded(HOUR + 3 * MINUTE) },
            { ...entry(2, "meanwhile"), ...recorded(HOUR - SECOND) },
          ],
        });
        await until(() => heard.synced.length === 1);
        assert.deepEqual(heard.updates.map(({ topic }) => topic), ["meanwhile"]);
      });
    }
  });
}

for (const [what, change] of [
  ["its_page_has_slept", (tick) => tick.asleep(HOUR)],
  ["its_page_was_in_use", (tick) => tick(HOUR)],
  ["its_clock_was_set_back_by_half_an_hour", (tick) => (tick(HOUR), tick.back(HOUR / 2))],
  ["its_clock_was_set_back_by_a_day", (tick) => (tick(HOUR), tick.back(24 * HOUR))],
]) {
  test(`a_page_that_connects_an_hour_after_it_was_loaded_and_${what}_is_sent_the_updates_of_that_hour`, async (t) => {
    const tick = stopClock(t);
    change(tick);
    const ages = { "too old": recorded(HOUR + 3 * MINUTE), meanwhile: recorded(HOUR + MINUTE) };
    assert.deepEqual(await initial(t, {}, ages), ["meanwhile"]);
  });
}
