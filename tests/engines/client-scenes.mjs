/** Scenes about the client: what differs from browser to browser, and what everything else rests on. */

import assert from "node:assert/strict";
import { until } from "../harness/until.mjs";

const told = ({ page }) => page.evaluate(() => window.told);

/** A tab of a user that is connected over a link. */
async function linked(stage) {
  const link = await stage.link();
  const user = await stage.user();
  const tab = await stage.visit(link.lead(user));
  await tab.state("open");
  return { link, user, tab };
}

/** Two tabs of a user, of which the first holds the socket. */
async function pair(stage) {
  const user = await stage.user();
  await stage.notify(user, "first");
  const one = await stage.visit({ ...user, since: 0 });
  await one.hears("first");
  const two = await stage.visit({ ...user, since: 0 });
  await two.hears("first");
  return { user, one, two };
}

/** Each scene by its sentence, whose subject is the client or the page. */
export const CLIENT = {
  async "connects, is told what happened before, and then of an update the moment it happens"(stage) {
    const user = await stage.user();
    await stage.notify(user, "before");
    const tab = await stage.visit({ ...user, since: 0 });
    await tab.hears("before");
    assert.equal(await stage.notify(user, "now"), 1);
    await tab.hears("before", "now");
    assert.deepEqual((await told(tab)).errors, []);
  },

  async "connects by the site's cookies"(stage) {
    const { chatterId, ...user } = await stage.user(stage.strict);
    const cookies = new URLSearchParams([["cookie", `login=${user.login}`], ["cookie", `chatter=${chatterId}`]]);
    const tab = await stage.tab();
    await tab.page.goto(`${stage.site.url}?${cookies}&options=${encodeURIComponent(JSON.stringify(user))}`);
    await tab.state("open");
    assert.equal(await stage.notify(user, "by cookies", stage.strict), 1);
    await tab.hears("by cookies");
  },

  async "says that a socket with a wrong chatter ID did not open"(stage) {
    const user = await stage.user();
    const tab = await stage.visit({ ...user, chatterId: "0".repeat(8) + user.chatterId.slice(8) });
    await tab.state("waiting unreachable");
    assert.ok((await told(tab)).errors.every((code) => code === "connect"));
  },

  async "says that a socket did not open which the page's policy forbids"(stage) {
    const tab = await stage.visit(await stage.user(), { policy: "default-src 'self' 'unsafe-inline'" });
    await tab.state("waiting unreachable");
    assert.ok((await told(tab)).errors.every((code) => code === "connect"));
  },

  async "connects again after its socket was lost, and catches up"(stage) {
    const { link, user, tab } = await linked(stage);
    link.down();
    await tab.state("waiting");
    await stage.notify(user, "while it was lost");
    link.up();
    await tab.hears("while it was lost");
    await tab.state("open");
  },

  async "notices when it is shown that its link has died silently, and catches up"(stage) {
    const { link, user, tab } = await linked(stage);
    const show = await tab.hide();
    link.cut();
    await stage.notify(user, "while the link was dead");
    await show();
    await tab.hears("while the link was dead");
    assert.ok((await told(tab)).states.includes("waiting lost"));
  },

  async "says that it is offline, and catches up when it is online again"(stage) {
    const { link, user, tab } = await linked(stage);
    await tab.setOffline(true);
    link.down();
    await tab.state("waiting offline");
    await stage.notify(user, "while offline");
    link.up();
    await tab.setOffline(false);
    await tab.hears("while offline");
    await tab.state("open");
  },

  async "gets what it missed while it was being reloaded"(stage) {
    const user = await stage.user();
    const tab = await stage.visit(user);
    await tab.state("open");
    await tab.leave();
    await stage.notify(user, "meanwhile");
    await tab.page.goto(`${stage.site.url}?options=${encodeURIComponent(JSON.stringify(user))}`);
    await tab.hears("meanwhile");
  },

  async "catches up when the user comes back to the page"(stage) {
    const user = await stage.user();
    const tab = await stage.visit(user);
    await tab.state("open");
    await tab.leave();
    await stage.notify(user, "meanwhile");
    await tab.page.back();
    await tab.hears("meanwhile");
    const { kept, states } = await told(tab);
    // Firefox keeps no page that had a socket when it was left, although the client then closes it.
    stage.note(kept ? "from the back-forward cache" : "loaded again");
    assert.equal(states.includes("waiting hidden"), kept === 1, states);
  },

  async "shares one socket with another tab (Web Locks, BroadcastChannel)"(stage) {
    const { user, one, two } = await pair(stage);
    // Until the tabs have settled which of them holds the socket, an earlier one may still be open.
    let count = 0;
    await until(async () => (await stage.notify(user, `update ${(count += 1)}`)) === 1, "one socket for both");
    await stage.notify(user, "the last");
    for (const tab of [one, two]) await tab.until("the last", () => window.told.heard.at(-1) === "the last");
    const holders = await Promise.all([one, two].map(({ page }) => page.evaluate(() => window.chatter.holdsSocket)));
    assert.deepEqual(holders, [true, false]);
  },

  async "takes over when the tab that holds the socket is closed"(stage) {
    const { user, one, two } = await pair(stage);
    await one.close();
    await stage.notify(user, "in between");
    await two.hears("first", "in between");
    await two.until("to hold the socket", () => window.chatter.holdsSocket);
    assert.equal(await stage.notify(user, "after"), 1);
    await two.hears("first", "in between", "after");
  },
};
