/** The experiments of the demo page: each does what its button says, and the page shows what follows. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { World } from "./world.mjs";

const someone = () => `friendless-${randomUUID().slice(0, 8)}`;

describe("an experiment", { timeout: 240_000 }, () => {
  /** @type {World} */ let world;

  before(async () => {
    world = await World.start("--chaos=1");
    await world.local.chaos("DELETE");
  });

  after(() => world?.stop());

  const press = ({ page }, name) => page.getByRole("button", { name, exact: true }).click();
  const step = ({ page }, words) => page.locator("#timeline [data-source=page]", { hasText: words }).first().waitFor();
  const told = ({ page }, words) => page.locator("#experiment-told", { hasText: words }).waitFor();

  test("cutting_the_socket_closes_that_of_this_chatter_id_and_the_page_connects_again", async (t) => {
    const [tab, other] = [await world.tab(t), await world.tab(t)];
    const login = someone();
    await tab.logIn(login);
    await other.logIn(login);
    await press(tab, "Cut my socket");
    await told(tab, "was cut");
    await step(tab, "socket closed: 1006");
    await tab.state("Connected");
    await tab.page.locator("#timeline [data-source=page]", { hasText: "is open" }).nth(1).waitFor();
    assert.equal(other.sockets.length, 1, "the other browser of this login has kept its socket");
    assert.equal(tab.sockets.length, 2);
  });

  test("what_is_missed_while_the_page_is_offline_is_caught_up", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await tab.notify("before");
    await tab.sees("before");
    await press(tab, "Go offline");
    await tab.state("Offline");
    await tab.notify("missed");
    await tab.report("version 2");
    assert.deepEqual(await tab.messages(), ["before"]);
    await press(tab, "Go online");
    await tab.sees("missed");
    await step(tab, /caught up.*it had missed 1/);
    await tab.state("Connected");
  });

  test("a_chatter_id_that_has_expired_is_refused_and_the_site_gives_another", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    const session = () => tab.page.evaluate(() => JSON.parse(sessionStorage.getItem("chatterbox-session")).chatterId);
    const before = await session();
    await press(tab, "Expire my chatter ID");
    await tab.page.locator("#timeline [data-source=functions]", { hasText: /invocation connect.*answered 401/ }).first().waitFor();
    await tab.page.waitForFunction((before) => JSON.parse(sessionStorage.getItem("chatterbox-session")).chatterId !== before, before);
    await tab.connected();
    await tab.notify("with the new one");
    await tab.sees("with the new one");
  });

  test("a_revoked_page_is_told_so_and_logged_out", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await press(tab, "Revoke me");
    await tab.state("Logged out");
    await tab.page.locator("#why", { hasText: "revoked" }).waitFor();
    await step(tab, /← closing.*revoked/);
  });

  test("a_second_client_comes_and_goes_and_leaves_this_page_alone", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await press(tab, "Second client");
    await step(tab, "second client is open");
    await tab.notify("for both");
    await tab.sees("for both");
    await tab.report("2 sent");
    await step(tab, "second client ←");
    await press(tab, "Close the second client");
    await step(tab, "second client closed: 1005");
    await tab.page.getByRole("button", { name: "Second client", exact: true }).waitFor();
    await tab.notify("for this one");
    await tab.sees("for this one");
    await tab.state("Connected");
    assert.equal(tab.sockets.length, 2);
  });

  test("junk_is_answered_with_an_error_and_too_much_closes_the_socket", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await press(tab, "Send junk");
    await told(tab, "the socket stays");
    await step(tab, "← error");
    assert.equal(tab.openSockets, 1);
    await press(tab, "Send too much");
    await tab.page.locator("#timeline [data-source=page]", { hasText: "socket closed: 1009" }).first().click();
    await tab.page.locator("#detail", { hasText: "more than 32 KB" }).waitFor();
    await tab.state("Connected");
    await tab.notify("afterwards");
    await tab.sees("afterwards");
  });

  test("a_single_fault_is_on_until_it_is_switched_off_and_a_banner_says_which", async (t) => {
    const tab = await world.tab(t);
    const { page } = tab;
    await tab.logIn(someone());
    await tab.notify("before", "plays");
    await tab.sees("before");
    await page.getByText("Faults of the system, one at a time").click();
    await press(tab, "Lose posts");
    const banner = page.locator("#fault", { hasText: "accepted and never arrive" });
    await banner.waitFor();
    assert.equal(await page.getByRole("button", { name: "Lose posts" }).getAttribute("aria-pressed"), "true");
    await tab.notify("lost", "collection");
    await tab.report("version 2, 1 sent");
    await press(tab, "Lose posts");
    await banner.waitFor({ state: "hidden" });
    assert.equal((await tab.messages()).includes("lost"), false);
    await tab.notify("after", "plays");
    await tab.sees("after");
    await tab.sees("lost");
  });

  test("each_fault_has_a_button_that_the_system_knows_and_one_takes_the_place_of_another", async (t) => {
    const tab = await world.tab(t);
    const { page } = tab;
    await tab.logIn(someone());
    await page.getByText("Faults of the system, one at a time").click();
    const names = await page.locator("#faults button").evaluateAll((buttons) => buttons.map(({ textContent }) => textContent));
    assert.ok(names.length >= 8, names.join());
    for (const name of names) {
      await press(tab, name);
      await page.locator("#faults button[aria-pressed=true]", { hasText: name }).waitFor();
      assert.equal(await page.locator("#faults button[aria-pressed=true]").count(), 1);
    }
    await press(tab, names.at(-1));
    await page.locator("#fault").waitFor({ state: "hidden" });
  });

  test("a_page_whose_sockets_are_refused_connects_when_they_no_longer_are", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await tab.page.getByText("Faults of the system, one at a time").click();
    await press(tab, "Refuse sockets: 429");
    await tab.state("Not connected");
    // The page hears of the end by the feed, and tries at once.
    await press(tab, "Switch it off");
    await tab.state("Connected");
  });

  test("chaos_has_faults_of_its_own_and_ends_a_single_one", async (t) => {
    const tab = await world.tab(t);
    const { page } = tab;
    await tab.logIn(someone());
    await page.getByText("Faults of the system, one at a time").click();
    await press(tab, "Delay posts");
    await page.locator("#fault").waitFor();
    await world.local.chaos("PUT");
    await page.locator("#fault").waitFor({ state: "hidden" });
    await page.locator("#faults-of-system").waitFor({ state: "hidden" });
    const ask = async (name) => {
      const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name }) };
      return (await fetch(new URL("demo/fault", world.url), request)).status;
    };
    assert.equal(await ask("posts-late"), 409);
    await world.local.chaos("DELETE");
    await page.locator("#faults-of-system").waitFor();
    assert.deepEqual([await ask("a-fault-that-nobody-knows"), await ask(null)], [400, 200]);
  });

  test("chaos_is_started_and_stopped_with_its_banner", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await press(tab, "Start chaos");
    await tab.page.getByText("Chaos is on").waitFor();
    await press(tab, "Stop the chaos");
    await tab.page.getByText("Chaos is on").waitFor({ state: "hidden" });
    await tab.state("Connected");
    assert.equal(await tab.page.locator("#chaos-hint").isVisible(), false);
  });
});
