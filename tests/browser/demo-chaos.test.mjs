/** The demo page while chaos mode injects faults. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { World } from "./world.mjs";

const someone = () => `friendless-${randomUUID().slice(0, 8)}`;

describe("the demo page under chaos", { timeout: 240_000 }, () => {
  /** @type {World} */ let world;

  before(async () => {
    world = await World.start("--chaos=1");
  });

  after(() => world?.stop());

  test("a_banner_says_whether_chaos_is_on", async (t) => {
    const one = await world.tab(t);
    const banner = ({ page }) => page.getByText("Chaos is on");
    await banner(one).waitFor();
    await world.local.chaos("DELETE");
    await banner(one).waitFor({ state: "hidden" });
    await world.local.chaos("PUT");
    await banner(one).waitFor();
    // A second page gets the state from the first, which holds the connection to the feed.
    const two = await one.page.context().newPage();
    await two.goto(world.url);
    await two.getByText("Chaos is on").waitFor();
  });

  test("logging_in_works_while_the_tables_are_stopped_or_throttled", async (t) => {
    const tab = await world.tab(t);
    const { page } = tab;
    await page.getByLabel("Login name").fill(someone());
    for (const trouble of ["database stopped", "database throttled"]) {
      // Chaos mode goes through its faults in rounds, so each comes again.
      const rows = page.locator("#timeline li", { hasText: `chaos: ${trouble}` });
      const before = await rows.count();
      await rows.nth(before).waitFor({ timeout: 90_000 });
      await page.getByRole("button", { name: "Log in" }).click();
      const [outcome] = await Promise.race([
        page.locator("#room").waitFor({ timeout: 60_000 }).then(() => ["logged in"]),
        page.locator("#login-error:not(:empty)").waitFor({ timeout: 60_000 }).then(() => page.locator("#login-error").allTextContents()),
      ]);
      assert.equal(outcome, "logged in", trouble);
      await page.getByRole("button", { name: "Log out" }).click();
      await tab.state("Logged out");
    }
  });

  test("a_login_that_fails_says_that_chaos_is_on_and_what_to_do", async (t) => {
    const tab = await world.tab(t);
    const message = "the tables do not answer (PutItem: no connection), because chaos is on and breaks them: try again";
    await tab.page.route("**/demo/login", (route) => route.fulfill({ status: 503, json: { message } }));
    await tab.page.getByRole("button", { name: "Log in" }).click();
    await tab.page.locator("#login-error", { hasText: /chaos is on.*try again/ }).waitFor();
  });

  test("a_notify_that_fails_says_that_chaos_is_on", async (t) => {
    await world.local.chaos("DELETE");
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await world.local.chaos("PUT");
    await tab.page.getByText("Chaos is on").waitFor();
    await tab.notify("x", "x".repeat(65));
    await tab.page.locator("#report", { hasText: /^notify failed: .*Chaos is on/ }).waitFor();
  });
});
