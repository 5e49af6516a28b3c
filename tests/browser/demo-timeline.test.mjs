/** The timeline of the demo page: what the page and the system did, what it means, and how it is looked through. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { World, until } from "./world.mjs";

const someone = () => `friendless-${randomUUID().slice(0, 8)}`;

describe("the timeline", { timeout: 240_000 }, () => {
  /** @type {World} */ let world;

  before(async () => {
    world = await World.start("--chaos=1");
    await world.local.chaos("DELETE");
  });

  after(() => world?.stop());

  const step = (tab, source, words) => tab.page.locator(`#timeline [data-source=${source}]`, { hasText: words }).first();
  const detail = (tab, words) => tab.page.locator("#detail", { hasText: words }).waitFor();
  const shown = ({ page }) => page.locator("#timeline li").count();

  test("what_the_gateway_and_the_functions_did_is_listed", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await tab.notify("watched");
    await tab.sees("watched");
    for (const name of ["connect", "default", "notify"]) await step(tab, "functions", `invocation ${name}`).waitFor();
    await step(tab, "gateway", /post 200.*\d+ ms/).waitFor();
    assert.deepEqual(tab.errors, []);
  });

  test("what_the_page_sent_and_received_is_listed_with_its_json", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await step(tab, "page", "is connecting").waitFor();
    await step(tab, "page", "is open").waitFor();
    await step(tab, "page", "caught up").waitFor();
    await step(tab, "page", "→ sync").click();
    await detail(tab, '"action": "sync"');
    await step(tab, "page", "← sync").click();
    await detail(tab, '"missed": ');
    await tab.notify("heard", "plays");
    await step(tab, "page", /← stats-updated.*plays, version 1/).click();
    await detail(tab, '"message": "heard"');
    await step(tab, "page", /shows an update.*plays, version 1/).waitFor();
    assert.deepEqual(tab.errors, []);
  });

  test("a_close_code_and_a_state_are_explained_by_the_table_of_reasons_and_so_is_what_was_missed", async (t) => {
    const tab = await world.tab(t);
    const login = someone();
    await tab.logIn(login);
    await tab.notify("before");
    await tab.sees("before");
    await world.local.cut();
    await step(tab, "page", "socket closed: 1006").click();
    await detail(tab, "There was no close frame");
    await detail(tab, "What to do: ");
    await step(tab, "page", /is waiting.*lost/).click();
    await detail(tab, "page reason lost");
    await step(tab, "gateway", "disconnect 1006").click();
    await detail(tab, "close code 1006");
    await tab.state("Connected");
    const reasons = await (await fetch(new URL("reasons.json", world.url))).json();
    const { means } = reasons.find(({ kind, name }) => kind === "close code" && name === "1006");
    await detail(tab, means);
  });

  test("a_source_can_be_left_out_and_steps_can_be_searched", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await step(tab, "functions", "invocation connect").waitFor();
    const button = (name) => tab.page.getByRole("button", { name, exact: true });
    await button("Gateway").click();
    assert.equal(await button("Gateway").getAttribute("aria-pressed"), "false");
    assert.equal(await tab.page.locator("#timeline [data-source=gateway]").count(), 0);
    assert.ok(await shown(tab));
    await button("Gateway").click();
    await step(tab, "gateway", "handshake 101").waitFor();
    await tab.page.getByLabel("Search the steps").fill("CURSOR");
    await until(async () => (await tab.page.locator("#timeline li", { hasText: "handshake" }).count()) === 0, "what has no cursor to go");
    // The frames are searched, too.
    await step(tab, "page", "→ sync").waitFor();
    await tab.page.getByLabel("Search the steps").fill("nothing has this");
    await until(async () => (await shown(tab)) === 0, "nothing");
    await tab.page.getByLabel("Search the steps").fill("");
    await step(tab, "gateway", "handshake 101").waitFor();
  });

  test("while_paused_steps_are_counted_and_shown_afterwards", async (t) => {
    const tab = await world.tab(t);
    const login = someone();
    await tab.logIn(login);
    await step(tab, "page", "caught up").waitFor();
    await tab.page.getByRole("button", { name: "Pause" }).click();
    await world.notify(login, "meanwhile");
    await tab.sees("meanwhile");
    await tab.page.locator("#counted", { hasText: /\d+ new/ }).waitFor();
    assert.equal(await step(tab, "page", "stats-updated").count(), 0);
    await tab.page.getByRole("button", { name: "Go on" }).click();
    await step(tab, "page", "stats-updated").waitFor();
    await tab.page.getByRole("button", { name: "Clear" }).click();
    assert.ok((await shown(tab)) < 5);
  });

  test("the_steps_are_chosen_by_keyboard", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    await step(tab, "page", "caught up").waitFor();
    await tab.page.getByRole("button", { name: "Pause" }).click();
    await tab.page.locator("#timeline").focus();
    const chosen = () => tab.page.locator("#timeline [aria-selected=true]").evaluate((line) => [...line.parentElement.children].indexOf(line));
    await tab.page.keyboard.press("ArrowDown");
    assert.equal(await chosen(), 0);
    await tab.page.keyboard.press("ArrowDown");
    assert.equal(await chosen(), 1);
    await tab.page.keyboard.press("ArrowUp");
    assert.equal(await chosen(), 0);
    await tab.page.keyboard.press("End");
    assert.equal(await chosen(), (await shown(tab)) - 1);
    const active = await tab.page.locator("#timeline").getAttribute("aria-activedescendant");
    assert.equal(await tab.page.locator("#timeline [aria-selected=true]").getAttribute("id"), active);
  });

  test("a_chatter_id_in_an_update_is_not_shown_in_the_timeline", async (t) => {
    const tab = await world.tab(t);
    const login = someone();
    await tab.logIn(login);
    const { chatterId } = world.sessions.at(-1);
    await world.notify(login, `by mistake ${chatterId}`);
    await step(tab, "page", "shows an update").click();
    await detail(tab, "by mistake (the chatter ID)");
    await step(tab, "page", "stats-updated").click();
    await detail(tab, "by mistake (the chatter ID)");
    assert.equal(await tab.page.locator("#behind", { hasText: chatterId }).count(), 0);
  });

  test("a_thousand_steps_a_second_leave_the_page_fluent_and_the_list_bounded", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    const { slowest, drawn } = await tab.page.evaluate(async () => {
      const { addRow } = await import("/timeline.js");
      const frames = [];
      let last = performance.now();
      const began = last;
      let added = 0;
      while (last - began < 3_000) {
        await new Promise((next) => requestAnimationFrame(next));
        const now = performance.now();
        frames.push(now - last);
        last = now;
        for (; added < now - began; added += 1) addRow({ time: Date.now(), source: "gateway", what: `post 200 ${added}` });
      }
      return { slowest: frames.sort((a, b) => a - b).at(Math.floor(frames.length * 0.9)), drawn: added };
    });
    assert.ok(drawn > 1_000, `${drawn}`);
    t.diagnostic(`nine of ten frames came within ${Math.round(slowest)} ms`);
    await step(tab, "gateway", `post 200 ${drawn - 1}`).waitFor();
    assert.equal(await shown(tab), 200);
    // The page still answers at once.
    await tab.notify("still here");
    await tab.sees("still here");
  });
});
