/** Many demo pages in one browser, which share the connection to the activity feed; and pages whose script is late. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Tab, World, until } from "./world.mjs";

const someone = () => `friendless-${randomUUID().slice(0, 8)}`;

describe("demo pages", { timeout: 240_000 }, () => {
  /** @type {World} */ let world;

  before(async () => {
    world = await World.start();
  });

  after(() => world?.stop());

  /** Pages of one browser, loaded one after the other, and the list of pages that requested the feed. */
  async function pages(t, count, prepare = async () => {}) {
    const context = await world.browser.newContext();
    context.setDefaultTimeout(20_000);
    t.after(() => context.close());
    await prepare(context);
    const holders = [];
    context.on("request", (request) => {
      if (new URL(request.url()).pathname === "/demo/activity") holders.push(request.frame().page());
    });
    const pages = [];
    for (let n = 0; n < count; n += 1) {
      const page = await context.newPage();
      await page.goto(world.url);
      await page.getByRole("button", { name: "Log in" }).waitFor();
      pages.push(page);
    }
    return { pages, holders };
  }

  /** Makes the gateway report one activity: it refuses a request that is no handshake. */
  const happen = () => fetch(new URL("/dev", world.url));

  const rows = (page) => page.locator("#timeline li").count();

  for (const count of [7, 12]) {
    test(`${count}_visible_pages_load_and_all_show_what_the_system_does_over_one_connection`, async (t) => {
      const { pages: all, holders } = await pages(t, count);
      const login = someone();
      await world.notify(login, "for nobody");
      for (const page of all) await page.locator("#timeline li", { hasText: "invocation notify" }).first().waitFor();
      assert.equal(holders.length, 1, "all pages share one connection");
      const counts = await Promise.all(all.map(rows));
      // The browser's limit of connections is not used up, so the page can still send requests.
      const tab = new Tab(world, all.at(-1));
      await tab.logIn(login);
      await tab.notify("for me");
      await tab.sees("for me");
      for (const [n, page] of all.entries()) await until(async () => (await rows(page)) > counts[n], "what happened since");
    });
  }

  test("another_page_continues_the_feed_when_the_one_with_the_connection_is_closed", async (t) => {
    const { pages: all, holders } = await pages(t, 3);
    await happen();
    for (const page of all) await until(() => rows(page), "the first row");
    const before = await rows(all[2]);
    const closed = holders[0];
    // For a moment no page has the connection.
    await Promise.all([closed.close(), happen(), happen()]);
    await happen();
    const left = all.filter((page) => page !== closed);
    const each = await Promise.all(left.map(rows));
    for (const page of left) await until(async () => (await rows(page)) >= before + 3, "all that happened");
    for (const page of left) assert.equal(await rows(page), before + 3, `each once: ${each}`);
    await until(() => holders.length === 2, "another connection");
  });

  test("a_hidden_page_leaves_the_connection_to_a_visible_one", async (t) => {
    const { pages: all, holders } = await pages(t, 2);
    await happen();
    for (const page of all) await until(() => rows(page), "the first row");
    const turn = (page, hidden) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await turn(holders[0], true);
    await until(() => holders.length === 2, "another connection");
    assert.notEqual(holders[1], holders[0]);
    const before = await rows(holders[0]);
    await happen();
    for (const page of all) await until(async () => (await rows(page)) === before + 1, "both to hear");
    await turn(holders[0], false);
    await turn(holders[1], true);
    await until(() => holders.length === 3, "the first one again");
    await happen();
    for (const page of all) await until(async () => (await rows(page)) === before + 2, "both to hear again");
  });

  const broken = {
    no_locks: () => Object.defineProperty(Navigator.prototype, "locks", { value: undefined }),
    locks_that_are_refused: () => (LockManager.prototype.request = () => Promise.reject(new DOMException("no", "SecurityError"))),
    locks_that_throw: () => (LockManager.prototype.request = () => { throw new DOMException("no", "SecurityError"); }),
    no_channel: () => delete window.BroadcastChannel,
    a_channel_that_throws: () => (window.BroadcastChannel = class { constructor() { throw new DOMException("no", "SecurityError"); } }),
    a_channel_that_takes_nothing: () => (BroadcastChannel.prototype.postMessage = () => { throw new DOMException("no", "InvalidStateError"); }),
  };
  for (const [what, breakIt] of Object.entries(broken)) {
    test(`a_page_in_a_browser_with_${what}_has_a_connection_of_its_own`, async (t) => {
      const { pages: all, holders } = await pages(t, 2, (context) => context.addInitScript(breakIt));
      await happen();
      for (const page of all) await until(async () => (await rows(page)) === 1, "each to hear once");
      assert.deepEqual(new Set(holders), new Set(all));
    });
  }

  test("a_page_tries_again_after_an_answer_that_is_no_stream", async (t) => {
    let refusals = 0;
    const refuse = (route) => (refusals++ < 2 ? route.fulfill({ status: 502, body: "no" }) : route.continue());
    const { pages: [page] } = await pages(t, 1, (context) => context.route("**/demo/activity*", refuse));
    await until(() => refusals > 2, "the third try");
    await happen();
    await until(() => rows(page), "what happened");
  });

  test("before_its_script_has_loaded_the_page_cannot_be_clicked_and_says_why", async (t) => {
    const context = await world.browser.newContext();
    context.setDefaultTimeout(20_000);
    t.after(() => context.close());
    const tab = new Tab(world, await context.newPage());
    let come;
    const late = new Promise((resolve) => (come = resolve));
    await context.route("**/demo.js", (route) => late.then(() => route.continue()));
    await tab.page.goto(world.url, { waitUntil: "commit" });
    const button = tab.page.locator("#login-form button");
    await button.waitFor();
    assert.equal(await button.textContent(), "Loading…");
    assert.ok(await button.isDisabled());
    assert.ok(await tab.page.locator("#login").isDisabled());
    await tab.page.getByText("If it stays so").waitFor();
    // A click that waits for the button takes effect once the script has loaded.
    const click = tab.page.getByRole("button", { name: "Log in" }).click();
    come();
    await click;
    await tab.state("Connected");
    assert.equal(await tab.page.getByText("If it stays so").isVisible(), false);
    assert.deepEqual(tab.errors, []);
  });

  test("a_page_whose_script_does_not_load_says_so", async (t) => {
    const broken = [
      [{ javaScriptEnabled: false }, () => {}],
      [{}, (context) => context.route("**/demo.js", (route) => route.abort())],
      [{}, (context) => context.route("**/feed.js", (route) => route.fulfill({ status: 404 }))],
      [{}, (context) => context.route("**/src/chatter.js", (route) => route.fulfill({ contentType: "text/javascript", body: "(" }))],
    ];
    for (const [options, breakIt] of broken) {
      const context = await world.browser.newContext(options);
      t.after(() => context.close());
      await breakIt(context);
      const page = await context.newPage();
      await page.goto(world.url);
      await page.getByText("allow JavaScript, or reload").waitFor();
      assert.ok(await page.locator("#login-form button").isDisabled());
    }
  });
});
