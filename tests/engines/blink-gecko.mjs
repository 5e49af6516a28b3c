/** Chromium and Firefox, headless, both driven by WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/). */

import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";

/** Longest wait for a page or a command, in milliseconds: machines that run tests are busy. */
const PATIENCE = 60_000;

/** A browser that puppeteer drives. */
class Browser {
  /** Whether the driver can take the network away, and hide a tab behind another. */
  canGoOffline = true;
  canHide = true;
  #browser;

  constructor(browser) {
    this.#browser = browser;
  }

  /** Its version, as `156.0.8078.108`. */
  async version() {
    const [, version] = (await this.#browser.version()).match(/\/([\d.]+)/);
    return version;
  }

  /** A new tab, in front of the others. */
  async newPage() {
    const page = await this.#browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    return new Page(page);
  }

  close() {
    return this.#browser.close();
  }
}

/** A tab. */
class Page {
  #page;

  constructor(page) {
    this.#page = page;
  }

  async goto(url) {
    await this.#page.goto(url);
  }

  /** Calls a function in the page, or evaluates an expression, and returns the result, or what its promise resolves to. */
  evaluate(what, ...parameters) {
    return this.#page.evaluate(what, ...parameters);
  }

  /** Clicks in the middle of the first element that the selector finds. */
  click(selector) {
    return this.#page.click(selector);
  }

  /** Goes back to the page before. Puppeteer would wait for it to load, which it does not if it was kept. */
  async back() {
    await this.#page.evaluate(() => void setTimeout(() => history.back()));
  }

  /** Presses a key in what has the focus: `Tab`, `Shift+Tab`, `Enter` or `Space`. */
  async press(key) {
    const { keyboard } = this.#page;
    if (key === "Shift+Tab") {
      await keyboard.down("Shift");
      await keyboard.press("Tab");
      await keyboard.up("Shift");
    } else {
      await keyboard.press(key === "Space" ? " " : key);
    }
  }

  /** Types a text into what has the focus. */
  async type(text) {
    await this.#page.keyboard.type(text);
  }

  /** Takes the network away from the page, or gives it back. */
  setOffline(offline) {
    return this.#page.setOfflineMode(offline);
  }

  /** Brings the tab in front of the others, which hides them. */
  show() {
    return this.#page.bringToFront();
  }

  resize(width, height) {
    return this.#page.setViewport({ width, height });
  }

  close() {
    return this.#page.close();
  }
}

async function launch(options) {
  return new Browser(await puppeteer.launch({ ...options, headless: true, protocol: "webDriverBiDi", timeout: PATIENCE, protocolTimeout: 2 * PATIENCE }));
}

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FIREFOX = process.env.FIREFOX ?? ["/usr/bin/firefox-esr", "/usr/bin/firefox"].find(existsSync) ?? "/usr/bin/firefox-esr";

export const chromium = {
  name: "Chromium",
  missing: existsSync(CHROMIUM) ? undefined : `there is no ${CHROMIUM}; CHROMIUM may name another`,
  launch: () =>
    launch({
      browser: "chrome",
      executablePath: CHROMIUM,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
      // Puppeteer switches the back-forward cache off, which pages have in real life.
      ignoreDefaultArgs: ["--disable-back-forward-cache"],
    }),
};

export const firefox = {
  name: "Firefox",
  missing: existsSync(FIREFOX) ? undefined : `there is no ${FIREFOX}; FIREFOX may name another`,
  launch: () => launch({ browser: "firefox", executablePath: FIREFOX }),
};
