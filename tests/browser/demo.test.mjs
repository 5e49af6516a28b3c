/** The demo page as a newcomer uses it, in a real browser, with the real binaries behind it. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { World } from "./world.mjs";

/** A login that no other test has. */
const someone = (name) => `${name}-${randomUUID().slice(0, 8)}`;

const noErrors = (...tabs) => assert.deepEqual(tabs.flatMap(({ errors }) => errors), []);

describe("the demo page", { timeout: 120_000 }, () => {
  /** @type {World} */ let world;

  before(async () => {
    world = await World.start();
  });

  after(() => world?.stop());

  test("an_update_is_seen_in_every_tab_of_its_login_and_in_no_other", async (t) => {
    const [friendless, stranger] = [someone("friendless"), someone("stranger")];
    const [one, two, other] = await Promise.all([world.tab(t), world.tab(t), world.tab(t)]);
    await Promise.all([one.logIn(friendless), two.logIn(friendless), other.logIn(stranger)]);
    await one.notify("Updated your plays", "plays");
    await Promise.all([one.sees("Updated your plays"), two.sees("Updated your plays")]);
    await one.report("version 1");
    // A push for the other login would have arrived before this one.
    await other.notify("Updated the stranger's plays");
    await other.sees("Updated the stranger's plays");
    assert.deepEqual(await other.messages(), ["Updated the stranger's plays"]);
    assert.deepEqual(await two.messages(), ["Updated your plays"]);
    const shown = await two.page.locator("#updates li").first().innerText();
    assert.match(shown, /plays\s+version 1/);
    assert.match(shown, /\d\d:\d\d:\d\d/);
    noErrors(one, two, other);
  });

  test("the_curl_line_is_the_invocation_that_the_button_makes", async (t) => {
    const tab = await world.tab(t);
    const login = someone("o'neill");
    await tab.logIn(login);
    await tab.page.getByLabel("Message").fill("It's \"done\"");
    const line = await tab.page.locator("#snippet-text").textContent();
    const [, url, quoted] = line.match(/^curl -s (\S+) -d '(.*)'$/);
    const body = quoted.replaceAll("'\\''", "'");
    assert.deepEqual(JSON.parse(body), { login, topic: "updates", body: { message: "It's \"done\"" } });
    const response = await fetch(url, { method: "POST", body });
    assert.equal(response.status, 200);
    await tab.sees("It's \"done\"");
    noErrors(tab);
  });

  test("a_notify_that_fails_says_why", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone("friendless"));
    await tab.notify("never seen", "x".repeat(65));
    await tab.report("topic");
    assert.match(await tab.page.locator("#report").innerText(), /^notify failed: .*topic/);
    await tab.notify("seen");
    await tab.sees("seen");
    assert.deepEqual(await tab.messages(), ["seen"]);
    noErrors(tab);
  });

  test("logging_out_closes_the_sockets_of_that_chatter_id_and_no_other", async (t) => {
    const login = someone("friendless");
    const one = await world.tab(t);
    await one.logIn(login);
    const two = await one.duplicate();
    const elsewhere = await world.tab(t);
    await elsewhere.logIn(login);
    await one.page.getByRole("button", { name: "Log out" }).click();
    await one.state("Logged out");
    await two.state("Logged out");
    await two.page.locator("#why", { hasText: "revoked" }).waitFor();
    assert.equal(await two.page.evaluate(() => sessionStorage.length), 0);
    await elsewhere.notify("still here");
    await elsewhere.sees("still here");
    await elsewhere.state("Connected");
    noErrors(one, two, elsewhere);
  });

  test("a_reloaded_tab_is_still_logged_in_and_shows_earlier_updates", async (t) => {
    const tab = await world.tab(t);
    await tab.logIn(someone("friendless"));
    await tab.notify("before the reload");
    await tab.sees("before the reload");
    await tab.page.reload();
    await tab.connected();
    await tab.sees("before the reload");
    noErrors(tab);
  });

  test("markup_in_logins_topics_and_messages_is_shown_as_text", async (t) => {
    const tab = await world.tab(t);
    const login = someone("<i>friendless</i>");
    await tab.logIn(login);
    const markup = "<img src=x onerror=alert(1)>";
    await tab.notify(markup, "<b>plays</b>");
    await tab.sees(markup);
    assert.equal(await tab.page.locator("#updates :is(img, b), #who *").count(), 0);
    noErrors(tab);
  });

  test("the_page_is_usable_by_keyboard_alone", async (t) => {
    const tab = await world.tab(t);
    const { page } = tab;
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.id);
    const tabTo = async (what) => {
      for (let steps = 0; steps < 50 && (await focused()) !== what; steps += 1) await page.keyboard.press("Tab");
      assert.equal(await focused(), what);
    };
    await tabTo("login");
    await page.keyboard.press("Control+A");
    await page.keyboard.type(someone("friendless"));
    await page.keyboard.press("Enter");
    await page.locator("#state", { hasText: "Connected" }).waitFor();
    await tabTo("message");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("typed");
    await tabTo("Notify");
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none");
    await page.keyboard.press("Space");
    await page.locator("#updates li", { hasText: "typed" }).waitFor();
    assert.equal(await focused(), "Notify");
    await tabTo("Log out");
    await page.keyboard.press("Enter");
    await page.locator("#state", { hasText: "Logged out" }).waitFor();
    assert.equal(await focused(), "login");
    noErrors(tab);
  });

  test("the_page_fits_a_phone", async (t) => {
    const tab = await world.tab(t, { viewport: { width: 390, height: 844 } });
    await tab.logIn(someone("a-rather-long-login-name-that-does-not-end@example.com"));
    await tab.notify("W".repeat(200), "w".repeat(64));
    await tab.sees("W".repeat(200));
    assert.ok(await tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    noErrors(tab);
  });
});

test("no_printed_line_contains_a_chatter_id_and_the_server_ends_cleanly", { timeout: 60_000 }, async (t) => {
  const world = await World.start();
  let end;
  try {
    const [one, two] = await Promise.all([world.tab(t), world.tab(t)]);
    const login = someone("friendless");
    await Promise.all([one.logIn(login), two.logIn(login)]);
    await one.notify("printed");
    await two.sees("printed");
    await one.notify("refused", "x".repeat(65));
    await one.report("topic");
    await one.page.getByRole("button", { name: "Log out" }).click();
    await one.state("Logged out");
  } finally {
    end = await world.stop();
  }
  assert.deepEqual(end, { code: 0, signal: null });
  assert.equal(world.sessions.length, 2);
  const printed = world.printed.join("\n");
  assert.ok(printed.includes("ready"));
  for (const { login, chatterId } of world.sessions) {
    const subprotocol = Buffer.from(`${login}\0${chatterId}`).toString("base64url");
    for (const form of [chatterId, chatterId.replaceAll("-", ""), subprotocol]) assert.ok(!printed.includes(form));
  }
});
