/** The soak's clients in Chromium: two tabs for each login, which share a socket. */

import { launch } from "../harness/chromium.mjs";
import { useWrongClock } from "../harness/wrong-clock.mjs";
import { Client } from "./client.mjs";
import { CLOCKS, anywhere } from "./clocks.mjs";
import { makeElastic } from "./pace.mjs";

/** Runs in the page. */
async function begin({ source, session, age }) {
  const { connect } = await import("/src/index.js");
  const Client = (0, eval)(`(${source})`);
  let client;
  const { WebSocket } = globalThis;
  globalThis.WebSocket = class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols);
      super.addEventListener("message", ({ data }) => client.look(data));
    }
  };
  globalThis.client = client = new Client(connect, session, age);
}

export class Browser {
  #local;
  #chromium;
  #context;
  /** @type {{ page: import("playwright-core").Page, name: string, jumps: boolean }[]} */ #pages = [];

  static async start(local) {
    const browser = new Browser();
    browser.#local = local;
    browser.#chromium = await launch();
    browser.#context = await browser.#chromium.newContext({ bypassCSP: true });
    return browser;
  }

  /** Opens two more tabs of each login. `age` is how far back their first sync is to reach, in milliseconds. */
  async join(logins, age) {
    for (const login of logins) {
      const session = await this.#local.logIn(login);
      for (let tab = 0; tab < 2; tab++) await this.#open(session, age);
    }
  }

  async #open(session, age) {
    // From the last clock, since there are few pages and the most wrong clocks are at the end.
    const { name, ahead, jumps } = CLOCKS.at(-1 - (this.#pages.length % CLOCKS.length));
    const page = await this.#context.newPage();
    await page.addInitScript(makeElastic);
    await page.addInitScript(useWrongClock, ahead);
    // A document of the same origin that does nothing by itself.
    await page.goto(new URL("src/index.js", this.#local.page).href);
    await page.evaluate(begin, { source: String(Client), session, age });
    this.#pages.push({ page, name, jumps });
  }

  reports() {
    const report = async ({ page, name }) => ({ ...(await page.evaluate(() => globalThis.client.report)), clock: name });
    return Promise.all(this.#pages.map(report));
  }

  async online() {
    for (const { page } of this.#pages) await page.evaluate(() => dispatchEvent(new Event("online")));
  }

  /** Sets how many times faster than usual the clients' time runs. */
  async hurry(pace) {
    for (const { page } of this.#pages) await page.evaluate((pace) => void (globalThis.pace = pace), pace);
  }

  /** Sets the jumping clocks to another time, and returns their number. */
  async jump() {
    const jumping = this.#pages.filter(({ jumps }) => jumps);
    await Promise.all(jumping.map(({ page }) => page.evaluate((ahead) => globalThis.setClock(ahead), anywhere())));
    return jumping.length;
  }

  leave() {
    return this.#chromium.close();
  }
}
