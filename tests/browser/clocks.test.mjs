/** Pages and pipelines whose clocks are wrong: the real client, in Chromium and in Node, against the real binaries. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { BrowserPage, CASES, DAY, HOUR, MINUTE, PATIENCE, SECOND, Scene } from "./scene.mjs";
import { World, until } from "./world.mjs";

/** Moments at which an update may happen. To reach each for certain, the page or `$connect` is held up there. */
const MOMENTS = {
  async before_the_socket_opens(scene) {
    await scene.all("hold", "credentials");
    await scene.begin();
    await scene.untilHeld("credentials");
  },
  async while_the_socket_opens(scene) {
    await scene.faults({ connectsStretched: 1, connectStretchMs: 10 * SECOND });
    await scene.begin();
    await scene.untilStored();
    assert.ok(await scene.some(({ opened }) => opened === 0), "no socket was still opening");
  },
  async after_the_socket_has_opened_and_before_the_page_has_synced(scene) {
    await scene.all("hold", "question");
    await scene.begin();
    await scene.untilHeld("question");
  },
  async after_the_page_has_sent_its_sync_and_before_the_reply(scene) {
    await scene.all("hold", "answer");
    await scene.begin();
    await scene.untilHeld("answer");
  },
  async after_the_reply_to_the_sync(scene) {
    await scene.begin();
    await scene.untilSynced();
  },
  async while_the_socket_is_lost(scene) {
    await scene.begin();
    await scene.untilSynced();
    await scene.faults({ connectsFailed: 1 });
    await scene.cut();
    await scene.until("every socket to be lost", ({ state }) => state !== "open");
  },
};

/** Settings of a page's clock while the page is open, one after the other: how far ahead of the right time. */
const SETTINGS = {
  "left alone": [],
  "an hour back": [-HOUR],
  "a day back": [-DAY],
  "a day ahead": [DAY],
  "an hour ahead, and back": [HOUR, 0],
  "an hour back, and ahead again": [-HOUR, 0],
  "a day ahead, then a day back": [DAY, -DAY],
};

describe("whatever the clocks of pages and pipelines say", { timeout: 600_000 }, () => {
  /** @type {World} */ let world;

  before(async () => {
    world = await World.start("--chaos=1");
    await world.local.chaos("DELETE");
  });

  after(() => world?.stop());

  for (const [moment, reach] of Object.entries(MOMENTS)) {
    test(`a_page_gets_an_update_that_happens_${moment}`, async (t) => {
      const scene = new Scene(world);
      t.after(() => scene.letGo());
      await scene.load(t);
      await reach(scene);
      await scene.setClocks(1);
      await scene.notify("update");
      await scene.setClocks(2);
      await scene.letGo();
      await scene.untilSynced();
      await scene.notify("the next one", { right: true });
      assert.deepEqual(await scene.wrong("update", "the next one"), []);
    });
  }

  for (const [title, age, heard] of [
    ["an_update_from_ten_minutes_before_the_page_was_loaded_counts_as_part_of_its_own_data", undefined, []],
    ["a_page_that_asks_by_its_own_clock_for_the_last_quarter_of_an_hour_gets_it", 15 * MINUTE, ["ten minutes ago"]],
    ["a_page_that_asks_by_its_own_clock_for_the_last_five_minutes_gets_no_older_update", 5 * MINUTE, []],
  ]) {
    test(title, async (t) => {
      // Left out: clocks that jump ahead. They look like that of a laptop that slept, so the page then asks for more.
      const isClear = ({ page, pipeline }) => pipeline === "right" && !page.startsWith("jumps a day ahead");
      const scene = new Scene(world, CASES.filter(isClear));
      t.after(() => scene.letGo());
      await scene.notify("ten minutes ago");
      await scene.age("plays", 10 * MINUTE);
      await scene.load(t);
      await scene.all("hold", "credentials");
      await scene.begin(age);
      await scene.setClocks(1);
      await scene.letGo();
      await scene.untilSynced();
      await scene.setClocks(2);
      assert.deepEqual(await scene.wrong(...heard), []);
    });
  }

  test("a_link_that_dies_silently_is_noticed_in_time_though_the_clock_was_set_meanwhile", async (t) => {
    const notice = async ([name, settings]) => {
      const link = await world.link(t);
      const login = `clocks-${randomUUID()}`;
      const page = await BrowserPage.open(world, t, 0, (page) => page.clock.install());
      const report = async () => (await page.call("report")).users[0];
      await page.call("begin", [await world.local.logIn(login)].map((session) => link.lead(session)));
      await until(async () => (await report()).synced > 0, "the sync", PATIENCE);
      for (const ahead of settings) await page.page.clock.setSystemTime(Date.now() + ahead);
      link.cut();
      await world.local.invoke({ login, topic: "plays", body: { message: "unheard" } });
      // After four minutes of silence, which the page checks every half minute, it sends a heartbeat, and ten seconds
      // later that counts as unanswered.
      const isNoticed = async () => (await report()).state !== "open" || (await report()).opened > 1;
      for (let elapsed = 0; elapsed < 5 * MINUTE && !(await isNoticed()); elapsed += 10 * SECOND) {
        await page.page.clock.runFor(10 * SECOND);
      }
      if (!(await isNoticed())) return [`${name}: the page still took the dead link for open after five minutes`];
      await until(async () => (await report()).heard.length > 0, "what was missed", PATIENCE);
      assert.deepEqual((await report()).heard, ["unheard"]);
      return [];
    };
    assert.deepEqual((await Promise.all(Object.entries(SETTINGS).map(notice))).flat(), []);
  });
});
