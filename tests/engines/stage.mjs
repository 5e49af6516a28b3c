/** What a scene plays on: a browser, the real `chatter local`, and a site whose pages have the client. */

import { randomUUID } from "node:crypto";
import { Link } from "../harness/link.mjs";
import { until } from "../harness/until.mjs";

export class Stage {
  #cleanups = [];
  /** What is to be known about how the scene went. @type {string | undefined} */
  remark;

  constructor({ browser, local, site, strict }) {
    Object.assign(this, { browser, local, site, strict });
  }

  note(remark) {
    this.remark = remark;
  }

  /** A user whom no other scene has: `login`, `chatterId` and `url`. */
  user(local = this.local) {
    return local.logIn(`engine-${randomUUID().slice(0, 8)}`);
  }

  /** A link to the system that can fail. */
  async link() {
    const link = new Link(new URL(this.local.page).port);
    this.#cleanups.push(() => link.stop());
    await link.start();
    return link;
  }

  /** A new tab. */
  async tab() {
    const tab = new Tab(this, await this.browser.newPage());
    this.#cleanups.push(() => tab.close());
    return tab;
  }

  /** A new tab on the site: its page connects with these options, and is sent with these headers. */
  async visit({ url, login, chatterId, ...options }, headers = {}) {
    const tab = await this.tab();
    const query = new URLSearchParams({ options: JSON.stringify({ url, login, chatterId, ...options }), ...headers });
    await tab.page.goto(`${this.site.url}?${query}`);
    return tab;
  }

  /** Sends an update, as the pipeline does, and returns how many sockets it was sent to. */
  async notify({ login }, message, local = this.local) {
    const { answer } = await local.invoke({ login, topic: "plays", body: { message } });
    return answer.sent;
  }

  async end() {
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
  }
}

/** A tab that waits on conditions. */
class Tab {
  #stage;
  #isOpen = true;

  constructor(stage, page) {
    this.#stage = stage;
    this.page = page;
  }

  /** Waits until the condition, which is evaluated in the page, holds there. */
  async until(what, condition, ...parameters) {
    let last;
    const holds = () =>
      this.page.evaluate(condition, ...parameters).catch((error) => {
        // A page that is being loaded has nothing to evaluate in.
        last = error;
      });
    await until(holds, what, 30_000).catch(async (error) => {
      const told = await this.page.evaluate(() => JSON.stringify(window.told ?? document.body.innerText)).catch(() => last);
      throw new Error(`${error.message}: ${told}`);
    });
  }

  /** Waits until its client has this state, and a reason that begins so. */
  state(state) {
    return this.until(`the state ${state}`, (state) => window.told?.states.at(-1)?.startsWith(state), state);
  }

  /** Waits until it has heard exactly these messages, in this order. */
  hears(...messages) {
    return this.until(`to hear ${messages}`, (all) => JSON.stringify(window.told?.heard) === all, JSON.stringify(messages));
  }

  /** Waits until there is an element that the selector finds, with this text in it. */
  shows(selector, text = "") {
    const holds = (selector, text) => [...document.querySelectorAll(selector)].some((one) => one.checkVisibility() && one.textContent.includes(text));
    return this.until(`${selector} with "${text}"`, holds, selector, text);
  }

  /** Hides the tab behind another one, and returns how to show it again. */
  async hide() {
    const { page } = this;
    if (this.#stage.browser.canHide) {
      const other = await this.#stage.tab();
      await this.until("to be hidden", () => document.hidden);
      return () => other.close().then(() => page.show());
    }
    this.#stage.note("hidden by script");
    await page.evaluate(say, "document", "visibilityState", "hidden", "visibilitychange");
    return () => page.evaluate(say, "document", "visibilityState", "visible", "visibilitychange");
  }

  async setOffline(offline) {
    if (this.#stage.browser.canGoOffline) return this.page.setOffline(offline);
    this.#stage.note("offline by script");
    return this.page.evaluate(say, "navigator", "onLine", !offline, offline ? "offline" : "online");
  }

  /** Leaves for another page, from which the page's `back` returns. */
  leave() {
    return this.page.goto(`${this.#stage.site.url}elsewhere`);
  }

  async close() {
    if (this.#isOpen) await this.page.close();
    this.#isOpen = false;
  }
}

/** In the page: makes an object say something else, as the browser would, with the event. */
function say(name, property, value, event) {
  Object.defineProperty(window[name], property, { configurable: true, value });
  (name === "document" ? document : window).dispatchEvent(new Event(event));
}
