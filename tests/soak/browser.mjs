/** A handful of clients in Chromium, each in a page of its own. */

import { createRequire } from "node:module";
import { useWrongClock } from "../browser/wrong-clock.mjs";
import { Client } from "./client.mjs";
import { CLOCKS, anywhere } from "./clocks.mjs";
import { makeElastic } from "./pace.mjs";

const { chromium } = createRequire(new URL("../browser/package.json", import.meta.url))("playwright-core");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Runs in the page. */
async function begin({ source, session, age }) {
  const { connect } = await import("/chatter.js");
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
    browser.#chromium = await chromium.launch({ executablePath: CHROMIUM, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
    browser.#context = await browser.#chromium.newContext({ bypassCSP: true });
    return browser;
  }

  /** One more client of each login. `age` is from how long ago on it wants to hear of updates, in milliseconds. */
  async join(logins, age) {
    for (const login of logins) {
      // The clocks that are the most wrong come first: there are few pages.
      const { name, ahead, jumps } = CLOCKS.at(-1 - (this.#pages.length % CLOCKS.length));
      const page = await this.#context.newPage();
      await page.addInitScript(makeElastic);
      await page.addInitScript(useWrongClock, ahead);
      // A document of the same origin that does nothing by itself.
      await page.goto(new URL("chatter.js", this.#local.page).href);
      await page.evaluate(begin, { source: String(Client), session: await this.#local.logIn(login), age });
      this.#pages.push({ page, name, jumps });
    }
  }

  reports() {
    const report = async ({ page, name }) => ({ ...(await page.evaluate(() => globalThis.client.report)), clock: name });
    return Promise.all(this.#pages.map(report));
  }

  async online() {
    for (const { page } of this.#pages) await page.evaluate(() => dispatchEvent(new Event("online")));
  }

  /** Lets the clients' time run so fast. */
  async hurry(pace) {
    for (const { page } of this.#pages) await page.evaluate((pace) => void (globalThis.pace = pace), pace);
  }

  /** Lets the clocks jump that do so, and answers how many. */
  async jump() {
    const jumping = this.#pages.filter(({ jumps }) => jumps);
    await Promise.all(jumping.map(({ page }) => page.evaluate((ahead) => globalThis.setClock(ahead), anywhere())));
    return jumping.length;
  }

  leave() {
    return this.#chromium.close();
  }
}
