/** The client through reloads, sleep, lost networks and closed tabs, in a real browser, with the real binaries behind it. */

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Tab, World, until } from "./world.mjs";

/** A login that no other test has. */
const someone = () => `friendless-${randomUUID().slice(0, 8)}`;

describe("the browser client", { timeout: 180_000 }, () => {
  /** @type {World} */ let world;

  before(async () => {
    world = await World.start();
  });

  after(() => world?.stop());

  /** Two tabs of one session: the first holds the socket. */
  async function pair(t) {
    const login = someone();
    const one = await world.tab(t);
    await one.logIn(login);
    const two = await one.duplicate();
    await two.holds("Another tab");
    return { login, one, two };
  }

  /** The same, but opened independently, so that the browser gives each a process of its own. */
  async function distantPair(t) {
    const login = someone();
    const one = await world.tab(t);
    await one.logIn(login);
    const session = await one.page.evaluate(() => sessionStorage.getItem("chatterbox-session"));
    const page = await one.page.context().newPage();
    await page.addInitScript((session) => sessionStorage.setItem("chatterbox-session", session), session);
    await page.goto(world.url);
    const two = new Tab(world, page);
    await two.holds("Another tab");
    return { login, one, two };
  }

  test("a_reloaded_page_gets_the_updates_that_happened_meanwhile", async (t) => {
    const login = someone();
    const tab = await world.tab(t);
    await tab.logIn(login);
    await world.notify(login, "before");
    await tab.sees("before");
    await tab.page.goto("about:blank");
    await world.notify(login, "meanwhile");
    await tab.page.goBack();
    await tab.connected();
    await tab.sees("meanwhile");
    await world.notify(login, "after");
    await tab.sees("after");
    assert.deepEqual(await tab.messages().then(([newest]) => newest), "after");
  });

  test("a_laptop_that_wakes_notices_its_dead_link_and_catches_up", async (t) => {
    const login = someone();
    const link = await world.link(t);
    const tab = await world.tab(t, { url: link.url });
    await tab.page.clock.install();
    await tab.page.route("**/demo/login", async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      await route.fulfill({ response, json: { ...json, url: json.url.replace(/:\d+/, `:${new URL(link.url).port}`) } });
    });
    const pushes = [];
    tab.page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => payload.includes("stats-updated") && pushes.push(payload)),
    );
    await tab.logIn(login);
    await world.notify(login, "before");
    await tab.sees("before");
    // The update may already have come with the first sync. Waits for its push, too, which after the sleep would be a sign
    // of life.
    await until(() => pushes.length === 1, "the push");
    link.cut();
    await world.notify(login, "one while asleep");
    await world.notify(login, "two while asleep");
    await tab.page.clock.fastForward("20:00");
    // The heartbeat was due during the sleep. It is sent now, and is not answered.
    await tab.page.clock.fastForward("00:11");
    await tab.page.locator("#caught-up", { hasText: "Caught up after missing 2" }).waitFor();
    assert.deepEqual(await tab.messages(), ["two while asleep", "before"]);
  });

  test("a_page_that_was_offline_catches_up_when_it_is_online_again", async (t) => {
    const login = someone();
    const tab = await world.tab(t);
    await tab.logIn(login);
    await tab.page.context().setOffline(true);
    // The page has given its socket up, and ignores what still arrives on it.
    await tab.state("Offline");
    await world.notify(login, "while offline");
    await tab.page.context().setOffline(false);
    await tab.connected();
    await tab.sees("while offline");
    // The page also tries while the browser says that it is offline, since the browser may be wrong.
    assert.ok(tab.sockets.length >= 2);
  });

  test("two_tabs_share_one_socket", async (t) => {
    const { login, one, two } = await pair(t);
    await world.notify(login, "for both");
    await Promise.all([one.sees("for both"), two.sees("for both")]);
    await one.holds("This tab");
    assert.deepEqual([one.sockets.length, two.sockets.length], [1, 0]);
    assert.deepEqual([one.errors, two.errors], [[], []]);
  });

  test("tabs_with_different_topics_share_one_socket_that_listens_to_the_topics_of_both", async (t) => {
    const login = someone();
    const one = await world.tab(t);
    const session = await one.page.evaluate(async (login) => {
      const headers = { "Content-Type": "application/json" };
      return (await fetch("/demo/login", { method: "POST", body: JSON.stringify({ login }), headers })).json();
    }, login);
    const two = new Tab(world, await one.page.context().newPage());
    await two.page.goto(world.url);
    const listen = async ({ page }, topics) => {
      await page.evaluate(async (options) => {
        const { connect } = await import("/src/index.js");
        const heard = (window.heard = []);
        const chatter = connect(options);
        chatter.addEventListener("stats-updated", ({ detail }) => heard.push(`${detail.topics}: ${detail.body.message}`));
        chatter.addEventListener("synced", () => (window.synced = (window.synced ?? 0) + 1));
      }, { ...session, topics });
    };
    const heard = ({ page }) => page.evaluate(() => window.heard);
    const synced = ({ page }, times) => page.waitForFunction((times) => window.synced === times, times);
    // Makes the log begin. Without a log a page has no cursor, and would get its first update by a sync, out of order.
    await world.notify(login, "for nobody", ["badges"]);
    await listen(one, ["plays"]);
    await synced(one, 1);
    await listen(two, ["scores"]);
    await Promise.all([synced(one, 2), synced(two, 1)]);
    await until(() => one.openSockets === 1, "the narrower socket to be closed");
    assert.deepEqual([one.sockets.length, two.sockets.length], [2, 0]);
    await world.notify(login, "for one", ["plays"]);
    await world.notify(login, "for nobody", ["badges"]);
    await world.notify(login, "for two", ["scores"]);
    await world.notify(login, "for both", ["plays", "scores"]);
    for (const tab of [one, two]) await until(async () => (await heard(tab)).length === 2, "two updates");
    assert.deepEqual(await heard(one), ["plays: for one", "plays: for both"]);
    assert.deepEqual(await heard(two), ["scores: for two", "scores: for both"]);
  });

  test("another_tab_takes_over_when_the_one_that_holds_the_socket_is_closed", async (t) => {
    const { login, one, two } = await pair(t);
    await one.page.close();
    await world.notify(login, "in between");
    await two.sees("in between");
    await two.holds("This tab");
    await world.notify(login, "after");
    await two.sees("after");
    assert.deepEqual(await two.messages(), ["after", "in between"]);
    assert.equal(two.openSockets, 1);
  });

  test("another_tab_takes_over_when_the_one_that_holds_the_socket_is_frozen", async (t) => {
    const { login, one, two } = await distantPair(t);
    const debug = await one.page.context().newCDPSession(one.page);
    await debug.send("Debugger.enable");
    const paused = new Promise((resolve) => debug.once("Debugger.paused", resolve));
    await debug.send("Debugger.pause");
    await paused;
    await world.notify(login, "while stopped");
    await two.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await two.holds("This tab");
    await two.sees("while stopped");
    await debug.send("Debugger.resume");
    await Promise.all([one.holds("Another tab"), one.sees("while stopped")]);
    await world.notify(login, "for both again");
    await Promise.all([one.sees("for both again"), two.sees("for both again")]);
    assert.deepEqual(await one.messages(), ["for both again", "while stopped"]);
    assert.deepEqual([one.openSockets, two.openSockets], [0, 1]);
  });

  test("credentials_that_have_expired_are_asked_for_again", async (t) => {
    const tab = await world.tab(t);
    const login = someone();
    await tab.page.evaluate(async (login) => {
      const { connect } = await import("/src/index.js");
      const post = (path, body) => fetch(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
      const logIn = async () => (await post("/demo/login", { login })).json();
      const session = await logIn();
      await post("/demo/logout", session);
      const given = (window.given = [session]);
      const states = (window.states = []);
      const credentials = async () => (given.length < 2 && given.push(null) ? session : given.push(await logIn()) && given.at(-1));
      const chatter = (window.chatter = connect({ url: session.url, login, credentials, since: 0 }));
      chatter.addEventListener("state", ({ detail }) => states.push(detail.state));
    }, login);
    await tab.page.waitForFunction(() => window.states.includes("open"));
    assert.deepEqual(await tab.page.evaluate(() => window.states), ["waiting", "connecting", "open"]);
    assert.equal(await tab.page.evaluate(() => window.given.length), 3);
    const heard = tab.page.evaluate(async () => {
      for await (const { body } of window.chatter) return body.message;
    });
    await world.notify(login, "welcome back");
    assert.equal(await heard, "welcome back");
    assert.equal(tab.sockets.length, 2);
  });

  test("a_page_whose_chatter_id_expires_stays_connected_and_reconnects_with_a_valid_one", async (t) => {
    const login = someone();
    const tab = await world.tab(t);
    await tab.logIn(login);
    const { chatterId } = world.sessions.at(-1);
    const key = { login, chatter_hash: createHash("sha256").update(chatterId).digest("hex") };
    const expire = (seconds) => world.local.set("chatters", key, "expires_at", { N: String(Math.round(Date.now() / 1000) + seconds) });
    await expire(-1);
    await world.notify(login, "to an open socket");
    await tab.sees("to an open socket");
    await tab.page.context().setOffline(true);
    await tab.state("Offline");
    await tab.page.context().setOffline(false);
    await tab.state("Not connected");
    await world.notify(login, "to nobody");
    await until(() => tab.sockets.length > 2, "another attempt");
    await expire(60);
    await tab.sees("to nobody");
    await tab.connected();
  });

  test("a_page_is_told_that_its_log_was_restored_from_a_backup", async (t) => {
    const login = someone();
    const tab = await world.tab(t);
    await tab.logIn(login);
    await world.notify(login, "plays of the old log", ["plays"]);
    await tab.sees("plays of the old log");
    await world.local.set("updates", { login }, "epoch", { S: randomUUID() });
    await world.notify(login, "scores of the new log", ["scores"]);
    await tab.page.locator("#caught-up", { hasText: "The log has begun anew" }).waitFor();
    // The page gets every topic's update again, since the new log may hold others.
    const updates = ["scores of the new log", "plays of the old log", "plays of the old log"];
    await until(async () => (await tab.messages()).length === 3, "all of the new log");
    assert.deepEqual(await tab.messages(), updates);
  });

  test("a_tab_beyond_the_limit_of_sockets_is_replaced_and_reconnects_when_it_is_shown", async (t) => {
    const login = someone();
    const tab = await world.tab(t);
    await tab.logIn(login);
    const crowd = await world.tab(t);
    await crowd.logIn(login);
    await crowd.page.evaluate(async () => {
      const { connect } = await import("/src/index.js");
      const session = JSON.parse(sessionStorage.getItem("chatterbox-session"));
      const crowd = Array.from({ length: 19 }, () => connect({ ...session, share: false }));
      const isOpen = (chatter) => new Promise((resolve) => chatter.addEventListener("synced", resolve));
      await Promise.all(crowd.map(isOpen));
    });
    await world.notify(login, "one too many");
    await tab.state("Replaced");
    await tab.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await tab.connected();
    await world.notify(login, "here again");
    await tab.sees("here again");
  });
});
