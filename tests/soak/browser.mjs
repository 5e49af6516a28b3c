/** A handful of clients in Chromium, each in a page of its own. */

import { createRequire } from "node:module";
import { Client } from "./client.mjs";
import { makeElastic } from "./pace.mjs";

const { chromium } = createRequire(new URL("../browser/package.json", import.meta.url))("playwright-core");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Runs in the page. */
async function begin({ source, session }) {
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
  globalThis.client = client = new Client(connect, session);
}

export class Browser {
  #chromium;
  #pages;

  static async open(local, logins) {
    const browser = new Browser();
    browser.#chromium = await chromium.launch({ executablePath: CHROMIUM, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
    const context = await browser.#chromium.newContext({ bypassCSP: true });
    browser.#pages = await Promise.all(
      logins.map(async (login) => {
        const page = await context.newPage();
        await page.addInitScript(makeElastic);
        // A document of the same origin that does nothing by itself.
        await page.goto(new URL("chatter.js", local.page).href);
        await page.evaluate(begin, { source: String(Client), session: await local.logIn(login) });
        return page;
      }),
    );
    return browser;
  }

  reports() {
    return Promise.all(this.#pages.map((page) => page.evaluate(() => globalThis.client.report)));
  }

  async online() {
    for (const page of this.#pages) await page.evaluate(() => dispatchEvent(new Event("online")));
  }

  /** Lets the clients' time run so fast. */
  async hurry(pace) {
    for (const page of this.#pages) await page.evaluate((pace) => void (globalThis.pace = pace), pace);
  }

  leave() {
    return this.#chromium.close();
  }
}
