/** Scenes about the page that `chatter local` serves. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import axe from "axe-core";

async function open(stage) {
  const tab = await stage.tab();
  await tab.page.goto(stage.local.page);
  await tab.shows("#log-in:enabled", "Log in");
  return tab;
}

/** Puts a text into an input, as if it were pasted. */
function fill({ page }, selector, text) {
  const paste = (selector, text) => {
    const input = document.querySelector(selector);
    input.focus();
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  return page.evaluate(paste, selector, text);
}

/** Types a text in place of what is in the input that has the focus. */
async function retype({ page }, text) {
  await page.evaluate(() => document.activeElement.select());
  await page.type(text);
}

async function logIn(tab, login) {
  await fill(tab, "#login", login);
  await tab.page.click("#log-in");
  await tab.shows("#state[data-state=open]");
}

async function notify(tab, message) {
  await fill(tab, "#message", message);
  await tab.page.press("Enter");
}

/** Presses Tab, or Shift and Tab, until the element has the focus. Beyond the page's last one comes the browser itself. */
async function tabTo({ page }, selector, key = "Tab") {
  const isThere = () => page.evaluate((selector) => document.activeElement?.matches(selector), selector);
  for (let steps = 0; steps < 40 && !(await isThere()); steps += 1) await page.press(key);
  assert.ok(await isThere(), `${key} does not come to ${selector}`);
}

/** What axe has against the page as it is now, without transitions, in which colours are still fading. */
async function faults({ page }) {
  await page.evaluate(() => {
    const still = new CSSStyleSheet();
    still.replaceSync("*, ::before, ::after { transition: none !important; animation: none !important; }");
    document.adoptedStyleSheets = [still];
  });
  await page.evaluate(`void (window.axe ?? (() => { ${axe.source} })())`);
  const violations = await page.evaluate(async () => JSON.stringify((await window.axe.run(document)).violations));
  return JSON.parse(violations).flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
}

/** Each scene by its sentence, whose subject is the demo page. */
export const PAGE = {
  async "logs a user in, sends an update, shows it in another browser's tab too, and logs out"(stage) {
    const login = `engine-${randomUUID().slice(0, 8)}`;
    const [one, two] = [await open(stage), await open(stage)];
    for (const tab of [one, two]) {
      await tab.page.show();
      await logIn(tab, login);
    }
    await notify(two, "Updated your plays");
    for (const tab of [one, two]) await tab.shows("#updates li", "Updated your plays");
    await two.page.click("#logout");
    await two.shows("#state", "Logged out");
    // The other one has a chatter ID of its own.
    await one.shows("#state[data-state=open]");
  },

  async "shows what the system does, as it does it"(stage) {
    const tab = await open(stage);
    await logIn(tab, `engine-${randomUUID().slice(0, 8)}`);
    await tab.shows("#timeline", "connect");
    await notify(tab, "watched");
    await tab.shows("#timeline", "notify");
  },

  async "can be used by keyboard alone"(stage) {
    const tab = await open(stage);
    await tabTo(tab, "#login");
    await retype(tab, `engine-${randomUUID().slice(0, 8)}`);
    await tab.page.press("Enter");
    await tab.shows("#state[data-state=open]");
    await tabTo(tab, "#message");
    await retype(tab, "typed");
    await tabTo(tab, "#notify-form [type=submit]");
    await tab.page.press("Space");
    await tab.shows("#updates li", "typed");
    await tabTo(tab, "#logout", "Shift+Tab");
    await tab.page.press("Enter");
    await tab.shows("#state", "Logged out");
  },

  async "fits a phone's screen"(stage) {
    const tab = await open(stage);
    await tab.page.resize(390, 844);
    await logIn(tab, `engine-${randomUUID().slice(0, 8)}@example.com`.padEnd(100, "m"));
    await notify(tab, "W".repeat(200));
    await tab.shows("#updates li", "WWW");
    await tab.until("to fit", () => innerWidth <= 500 && document.documentElement.scrollWidth <= innerWidth);
  },

  async "has nothing that axe finds, logged out and in"(stage) {
    const tab = await open(stage);
    assert.deepEqual(await faults(tab), [], "logged out");
    await logIn(tab, `engine-${randomUUID().slice(0, 8)}`);
    await notify(tab, "Updated your plays");
    await tab.shows("#updates li", "Updated your plays");
    assert.deepEqual(await faults(tab), [], "logged in");
  },
};
