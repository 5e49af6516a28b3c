/** The demo page while it is not connected, in a real browser, with the real binaries behind it. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Local } from "../harness/local.mjs";
import { Tab, World, until } from "./world.mjs";

/** A login that no other test has. */
const someone = () => `friendless-${randomUUID().slice(0, 8)}`;

/** Whether a line of the console is the browser's own error for a server that does not answer. */
const isOfTheNetwork = (error) => /^WebSocket connection to|^Failed to load resource|net::ERR_/.test(error);

/** Stops the server and starts another one on its port, with tables of its own. */
async function replaceServer(world, meanwhile = async () => {}) {
  const { port } = new URL(world.url);
  await world.local.stop();
  await meanwhile();
  world.local = await Local.start(["--port", port], { AWS_LAMBDA_LOG_LEVEL: "trace" });
}

const sessionOf = ({ page }) => page.evaluate(() => JSON.parse(sessionStorage.getItem("chatterbox-session")));

/** Records every text that an element has from now on. */
const record = ({ page }, id) =>
  page.evaluate((id) => {
    const element = document.getElementById(id);
    const texts = ((window.texts ??= {})[id] = [element.textContent]);
    new MutationObserver(() => texts.push(element.textContent)).observe(element, { childList: true, subtree: true, characterData: true });
  }, id);

const recorded = ({ page }, id) => page.evaluate((id) => window.texts[id], id);

describe("a demo page whose server was replaced", { timeout: 240_000 }, () => {
  test("pages_reconnect_by_themselves_with_chatter_ids_of_the_new_server", async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    const login = someone();
    const one = await world.tab(t);
    await one.logIn(login);
    const siblings = [await one.duplicate(), await one.duplicate()];
    const other = await world.tab(t);
    await other.logIn(someone());
    const tabs = [one, ...siblings, other];
    const before = await Promise.all(tabs.map(sessionOf));

    await replaceServer(world, () => Promise.all(tabs.map((tab) => tab.page.locator("#state:not([data-state=open])").waitFor())));
    // The new server does not know their chatter IDs, and nobody clicks.
    await Promise.all(tabs.map((tab) => tab.page.locator("#state[data-state=open]").waitFor({ timeout: 15_000 })));
    const sessions = await Promise.all(tabs.map(sessionOf));
    for (const [n, { login, chatterId }] of sessions.entries()) {
      assert.equal(login, before[n].login);
      assert.notEqual(chatterId, before[n].chatterId);
    }
    assert.equal(new Set(sessions.slice(0, 3).map(({ chatterId }) => chatterId)).size, 1, "tabs of one session stay together");
    await world.notify(login, "from the new server");
    await Promise.all([one, ...siblings].map((tab) => tab.sees("from the new server")));
    await until(() => [one, ...siblings].reduce((sum, tab) => sum + tab.openSockets, 0) === 1, "one socket for the three");
    for (const tab of tabs) assert.deepEqual(tab.errors.filter((error) => !isOfTheNetwork(error)), []);
  });

  test("a_page_without_the_activity_feed_reconnects_as_well", async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    const tab = await world.tab(t);
    await tab.page.context().route("**/demo/activity*", (route) => route.abort());
    await tab.page.reload();
    const login = someone();
    await tab.logIn(login);
    await replaceServer(world);
    await tab.page.locator("#state[data-state=open]").waitFor();
    await world.notify(login, "from the new server");
    await tab.sees("from the new server");
  });

  test("a_tab_that_is_reloaded_after_the_server_was_replaced_is_still_logged_in", async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    const tab = await world.tab(t);
    const login = someone();
    await tab.logIn(login);
    await tab.page.goto("about:blank");
    await replaceServer(world);
    await tab.page.goBack();
    await tab.connected();
    await world.notify(login, "from the new server");
    await tab.sees("from the new server");
  });
});

describe("a demo page that is not connected", { timeout: 240_000 }, () => {
  /** @type {World} */ let world;

  before(async () => {
    world = await World.start();
  });

  after(() => world?.stop());

  /** Reloads a tab with a chatter ID that was never issued. */
  async function loseChatterId(tab) {
    await tab.page.evaluate(() => {
      const session = JSON.parse(sessionStorage.getItem("chatterbox-session"));
      sessionStorage.setItem("chatterbox-session", JSON.stringify({ ...session, chatterId: crypto.randomUUID() }));
    });
    await tab.page.reload();
  }

  /** A tab that can neither connect nor get fresh credentials, and its session from before. */
  async function cutOff(t) {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    const session = await sessionOf(tab);
    // Waits are random: these are nearly as long as they may be, 2 s, 4 s, 8 s …
    await tab.page.addInitScript(() => void (Math.random = () => 0.95));
    await tab.page.context().route(/\/demo\/(renew|activity)/, (route) => route.abort());
    await loseChatterId(tab);
    await tab.page.locator("#state[data-state=waiting]").waitFor();
    return { tab, session };
  }

  test("the_countdown_changes_every_second_and_is_not_announced_to_screen_readers", async (t) => {
    const { tab } = await cutOff(t);
    await Promise.all(["countdown", "announcement", "trouble-words"].map((id) => record(tab, id)));
    // The waits grow, so one of more than three seconds comes soon.
    const counted = await until(async () => {
      const texts = (await recorded(tab, "countdown")).filter((text, n, all) => text !== all[n - 1]);
      const seconds = texts.map((text) => Number(text.match(/^Next attempt in (\d+) s$/)?.[1]));
      const start = seconds.findIndex((left, n) => left === 3 && seconds[n + 1] === 2 && seconds[n + 2] === 1);
      return start >= 0 && seconds;
    }, "a countdown from three", 90_000);
    assert.ok(counted.every((left) => left >= 1 || Number.isNaN(left)), counted);
    assert.equal(await tab.page.locator("#countdown").evaluate((element) => element.closest("[aria-live], [role=status], [role=alert]")), null);
    // Several attempts failed meanwhile for the same reason. It is announced once, and so is the client's error.
    const said = await recorded(tab, "announcement");
    assert.ok(new Set(said).size === said.length && said.length <= 3, JSON.stringify(said));
    assert.ok((await recorded(tab, "trouble-words")).length <= 3);
  });

  test("try_now_tries_at_once_and_keeps_the_focus", async (t) => {
    const { tab, session } = await cutOff(t);
    const { page } = tab;
    let attempts = 0;
    page.on("request", (request) => (attempts += request.url().endsWith("/demo/renew") ? 1 : 0));
    const seconds = async () => Number((await page.locator("#countdown").textContent()).match(/(\d+) s/)?.[1]);
    await until(async () => (await seconds()) >= 5, "a longer wait", 120_000);
    const before = attempts;
    await page.getByRole("button", { name: "Try now" }).press("Enter");
    await until(() => attempts > before, "an attempt", 3_000);
    assert.equal(await page.evaluate(() => document.activeElement.id), "retry");
    // The site answers again, with a valid chatter ID.
    await page.context().route("**/demo/renew", (route) => route.fulfill({ json: session }));
    await until(async () => {
      await page.getByRole("button", { name: "Try now" }).press("Enter", { timeout: 1_000 }).catch(() => {});
      return page.locator("#state[data-state=open]").isVisible();
    }, "the connection");
    await page.getByRole("button", { name: "Try now" }).waitFor({ state: "hidden" });
    assert.equal(await page.evaluate(() => document.activeElement.id), "state");
  });

  test("each_state_and_each_reason_is_shown_as_a_plain_sentence", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone());
    const show = (change, holds = false) =>
      tab.page.evaluate(async ([change, holds]) => {
        (await import("/connection.js")).showConnection(change, holds);
        const text = (id) => (document.getElementById(id).checkVisibility() ? document.getElementById(id).textContent : "");
        return Object.fromEntries(["state", "socket", "why", "countdown", "retry", "announcement"].map((id) => [id, text(id)]));
      }, [change, holds]);
    const cases = [
      [{ state: "waiting", reason: "lost", retryIn: 1_500 }, /^Connection lost$/, /socket was lost/, "Next attempt in 2 s"],
      [{ state: "waiting", reason: "unreachable", retryIn: 1 }, /^Not connected$/, /No socket could be opened/, "Next attempt in 1 s"],
      [{ state: "waiting", reason: "credentials", retryIn: 61_000 }, /^Not connected$/, /site did not say/, "Next attempt in 1 min 01 s"],
      [{ state: "waiting", reason: "offline" }, /^Offline$/, /no network/, ""],
      [{ state: "waiting", reason: "offline", retryIn: 300_000 }, /^Offline$/, /no network/, "Next attempt in 5 min 00 s"],
      [{ state: "waiting", reason: "replaced", retryIn: 1_800_000 }, /^Replaced$/, /too many sockets/, "Next attempt in 30 min 00 s"],
      [{ state: "waiting", reason: "hidden" }, /^Put aside$/, /put this page aside/, ""],
      [{ state: "refused", reason: "unreachable", retryIn: 5_000 }, /^Refused$/, /log out and in again/, "Next attempt in 5 s"],
      // A reason of a later version of the client, and no reason as in an earlier one.
      [{ state: "waiting", reason: "weather", retryIn: 0 }, /^Not connected$/, /weather/, "Next attempt now"],
      [{ state: "waiting" }, /^Connection lost$/, /socket was lost/, ""],
    ];
    for (const [change, title, why, countdown] of cases) {
      const shown = await show(change);
      const what = JSON.stringify([change, shown]);
      assert.match(shown.state, title, what);
      assert.match(shown.why, why, what);
      assert.match(shown.why, /\.$/, what);
      assert.equal(shown.countdown, countdown, what);
      assert.equal(shown.retry, "Try now", what);
      assert.equal(shown.announcement, `${shown.state}. ${shown.why.split(" If it")[0]}`, what);
      assert.equal(shown.socket, "", what);
    }
    const connected = await show({ state: "open" }, true);
    assert.deepEqual({ ...connected, announcement: "" }, { state: "Connected", socket: "This tab holds the socket", why: "", countdown: "", retry: "", announcement: "" });
    // The button is hidden during the very first attempt, and stays during those that follow a failed one.
    assert.deepEqual((await show({ state: "connecting" })).retry, "");
    await show({ state: "waiting", reason: "lost", retryIn: 9_000 });
    const trying = await show({ state: "connecting" });
    assert.deepEqual([trying.state, trying.countdown, trying.retry], ["Connecting…", "", "Try now"]);
  });

  test("errors_that_the_client_reports_are_shown", async (t) => {
    const tab = await world.tab(t);
    await tab.page.route("**/demo/renew", (route) => route.fulfill({ status: 503, json: { message: "the site is being painted" } }));
    await tab.logIn(someone());
    const connectionId = await tab.page.locator("#timeline .socket", { hasText: "=" }).first().textContent();
    const post = (message) =>
      fetch(new URL(`/dev/@connections/${encodeURIComponent(connectionId)}`, world.url), { method: "POST", body: JSON.stringify(message) });
    const trouble = (text) => tab.page.locator("#trouble", { hasText: text }).waitFor();
    await post({ type: "error", code: "weather", message: "It rains" });
    await trouble("weather: It rains");
    await post({ message: "Internal server error", connectionId, requestId: "x" });
    await trouble("gateway: Internal server error");
    await loseChatterId(tab);
    await trouble("credentials: the site is being painted");
    await tab.page.unroute("**/demo/renew");
    await tab.page.getByRole("button", { name: "Log out" }).click();
    await tab.page.locator("#trouble").waitFor({ state: "hidden" });
  });

  test("a_session_that_was_logged_out_in_another_tab_is_not_restored", async (t) => {
    const one = await world.tab(t);
    await one.logIn(someone());
    const two = await one.duplicate();
    await two.page.goto("about:blank");
    await one.page.getByRole("button", { name: "Log out" }).click();
    await one.state("Logged out");
    await two.page.goBack();
    await two.state("Logged out");
    await two.page.locator("#why", { hasText: "logged out in another tab" }).waitFor();
    assert.equal(await two.page.evaluate(() => sessionStorage.length), 0);
    await two.logIn(someone());
  });

  test("a_stored_session_that_is_invalid_or_unreadable_counts_as_none", async (t) => {
    for (const kept of ["", "null", "{", "7", "[]", '{"login":"friendless"}', '{"login":"friendless","chatterId":"x"}']) {
      const context = await world.browser.newContext();
      t.after(() => context.close());
      await context.addInitScript((kept) => sessionStorage.setItem("chatterbox-session", kept), kept);
      const tab = new Tab(world, await context.newPage());
      await tab.page.goto(world.url);
      await tab.page.getByRole("button", { name: "Log in" }).waitFor();
      assert.deepEqual(tab.errors, [], kept);
    }
    const context = await world.browser.newContext();
    t.after(() => context.close());
    await context.addInitScript(() => {
      const forbid = () => { throw new DOMException("The operation is insecure.", "SecurityError"); };
      Object.defineProperty(window, "sessionStorage", { get: forbid });
    });
    const tab = new Tab(world, await context.newPage());
    await tab.page.goto(world.url);
    await tab.page.getByRole("button", { name: "Log in" }).click();
    await tab.state("Connected");
    assert.deepEqual(tab.errors, []);
  });

  test("the_login_form_says_if_the_server_does_not_answer", async (t) => {
    const tab = await world.tab(t);
    const say = (words) => tab.page.locator("#login-error", { hasText: words }).waitFor();
    const logIn = () => tab.page.getByRole("button", { name: "Log in" }).click();
    await tab.page.route("**/demo/login", (route) => route.abort());
    await logIn();
    await say("does not answer");
    await tab.page.route("**/demo/login", (route) => route.fulfill({ status: 502, contentType: "text/html", body: "<html>" }));
    await logIn();
    await say("answered 502 with what is not JSON");
    await tab.page.unroute("**/demo/login");
    await tab.logIn(someone());
  });
});
