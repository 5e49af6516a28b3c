/** The demo page as the pipeline, and the picture of an update on its way from there to the screen. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { World } from "./world.mjs";

const someone = () => `friendless-${randomUUID().slice(0, 8)}`;

describe("an update on its way", { timeout: 240_000 }, () => {
  /** @type {World} */ let world;

  before(async () => {
    world = await World.start();
  });

  after(() => world?.stop());

  const told = ({ page }) => page.locator("#flow-told", { hasText: /\d+ ms in all/ });
  const station = ({ page }, name) => page.locator("#stations li", { has: page.getByRole("heading", { name, exact: true }) });

  test("it_is_followed_from_the_invocation_to_the_screen_with_the_times_of_its_steps", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await tab.page.locator("#flow-told", { hasText: "Press Notify" }).waitFor();
    await tab.notify("followed");
    await told(tab).waitFor();
    for (const [name, what] of [
      ["Pipeline", /\+0 ms/],
      ["DynamoDB", /version 1 is recorded/],
      ["API Gateway", /1 post sent \+\d+ ms/],
      ["This page", /received after \d+ ms, drawn \+\d+ ms/],
    ]) await station(tab, name).filter({ hasText: what }).waitFor();
    // It moves: at first only the pipeline is lit, and in the end all are.
    await tab.page.getByRole("button", { name: "Play again" }).click();
    assert.ok(await tab.page.locator("#traveller").isVisible());
    await tab.page.waitForFunction(() => document.querySelectorAll("#stations .lit").length === 5);
    await tab.page.locator("#traveller").waitFor({ state: "hidden" });
    assert.deepEqual(tab.errors, []);
  });

  test("an_update_of_another_pipeline_is_followed_too_and_one_for_another_login_is_not", async (t) => {
    const tab = await world.tab(t);
    const login = someone();
    await tab.logIn(login);
    await world.notify(someone(), "for somebody else");
    await tab.page.locator("#timeline li", { hasText: "invocation notify" }).first().waitFor();
    assert.equal(await told(tab).count(), 0);
    await world.notify(login, "for me");
    await told(tab).waitFor();
  });

  test("who_does_not_want_motion_gets_a_still_picture", async (t) => {
    const tab = await world.tab(t, { reducedMotion: "reduce" });
    await tab.logIn(someone());
    await tab.page.evaluate(() => {
      window.moved = 0;
      const animate = Element.prototype.animate;
      Element.prototype.animate = function (...parameters) {
        window.moved += 1;
        return animate.apply(this, parameters);
      };
    });
    await tab.notify("still");
    await told(tab).waitFor();
    assert.equal(await tab.page.locator("#stations .lit").count(), 5);
    assert.equal(await tab.page.locator("#traveller").isVisible(), false);
    assert.equal(await tab.page.evaluate(() => window.moved), 0);
  });

  test("others_are_notified_and_several_topics_and_any_json", async (t) => {
    const [one, two] = [await world.tab(t), await world.tab(t)];
    const [mine, theirs] = [someone(), someone()];
    await Promise.all([one.logIn(mine), two.logIn(theirs)]);
    await one.page.getByText("Others, any JSON").click();
    await one.page.getByLabel("To these logins").fill(`${theirs}, ${mine}`);
    await one.page.getByLabel("Any JSON").fill('{"plays": [1, null, {"deep": true}]}');
    await one.notify("not sent", "plays, scores");
    for (const tab of [one, two]) {
      const update = tab.page.locator("#updates li", { hasText: '{"plays":[1,null,{"deep":true}]}' });
      await update.waitFor();
      assert.deepEqual(await update.locator(".tag").allTextContents(), ["plays", "scores"]);
    }
    await one.report("2 sent");
    await one.page.getByLabel("Any JSON").fill("{");
    await one.page.getByRole("button", { name: "Notify" }).click();
    await one.report("notify failed: Any JSON");
    assert.deepEqual(one.errors, []);
  });

  test("ten_times_is_ten_versions", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await tab.page.getByRole("button", { name: "Ten times" }).click();
    await tab.report("10 outcomes, versions 1 to 10, 10 sent");
    await tab.page.locator("#updates li", { hasText: "version 10" }).waitFor();
  });
});
