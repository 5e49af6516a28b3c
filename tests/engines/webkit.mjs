/** WebKitGTK's own small browser, on a screen in memory, driven by WebDriver (https://www.w3.org/TR/webdriver2/). */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { Builder, Capabilities, Key } from "selenium-webdriver";
import { until } from "../harness/until.mjs";

const DRIVER = "/usr/bin/WebKitWebDriver";
const SCREEN = "/usr/bin/Xvfb";
const missing = [DRIVER, SCREEN].filter((program) => !existsSync(program));

export const webkit = {
  name: "WebKitGTK",
  missing: missing.length ? `there is no ${missing.join(", and no ")}` : undefined,
  launch: () => Browser.launch(),
};

/** A browser that selenium drives. */
class Browser {
  /** WebDriver can neither take the network away nor hide a tab. */
  canGoOffline = false;
  canHide = false;
  #processes = [];
  #driver;
  /** The last of the commands, which wait for one another: each is for the window that was chosen last. */
  #last = Promise.resolve();
  #current;
  /** Its first window, which stays open. */
  #home;

  static async launch() {
    const browser = new Browser();
    try {
      await browser.#start();
    } catch (error) {
      await browser.close();
      throw error;
    }
    return browser;
  }

  async #start() {
    const screen = this.#run(SCREEN, ["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]);
    const [display] = await once(screen.stdout, "data");
    const port = await freePort();
    this.#run(DRIVER, [`--port=${port}`, "--host=127.0.0.1"], { DISPLAY: `:${String(display).trim()}` });
    const server = `http://127.0.0.1:${port}`;
    await until(() => fetch(`${server}/status`).then(({ ok }) => ok, () => false), "WebKitWebDriver");
    this.#driver = await new Builder().usingServer(server).withCapabilities(new Capabilities({ browserName: "MiniBrowser" })).build();
    await this.#driver.manage().setTimeouts({ script: 60_000, pageLoad: 60_000 });
    this.#current = this.#home = await this.#driver.getWindowHandle();
  }

  #run(program, parameters, environment = {}) {
    const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, ...environment } });
    this.#processes.push(child);
    return child;
  }

  /** Its version, as `2.50.6`. */
  async version() {
    return (await this.#driver.getCapabilities()).get("browserVersion");
  }

  /** A new window. */
  newPage() {
    return this.#next(async () => {
      // The window that was chosen last may be closed.
      await this.#driver.switchTo().window(this.#home);
      // It would open a tab behind the others. Windows are all shown, on a screen without a window manager.
      await this.#driver.switchTo().newWindow("window");
      this.#current = await this.#driver.getWindowHandle();
      return new Page(this, this.#current);
    });
  }

  /** Gives a command to a window, after the commands before it. */
  command(window, give) {
    return this.#next(async () => {
      if (this.#current !== window) await this.#driver.switchTo().window(window);
      this.#current = window;
      return give(this.#driver);
    });
  }

  #next(give) {
    const result = this.#last.then(give);
    this.#last = result.catch(() => {});
    return result;
  }

  async close() {
    await this.#driver?.quit().catch(() => {});
    for (const child of this.#processes.reverse()) child.kill();
  }
}

/** A tab, with the methods of those of the other two browsers. */
class Page {
  #browser;
  #window;

  constructor(browser, window) {
    this.#browser = browser;
    this.#window = window;
  }

  #command(give) {
    return this.#browser.command(this.#window, give);
  }

  goto(url) {
    return this.#command((driver) => driver.get(url));
  }

  evaluate(what, ...parameters) {
    return this.#command((driver) => driver.executeScript(typeof what === "string" ? `return (${what})` : what, ...parameters));
  }

  click(selector) {
    return this.#command((driver) => driver.findElement({ css: selector }).click());
  }

  back() {
    return this.#command((driver) => driver.navigate().back());
  }

  press(key) {
    const strokes = {
      "Tab": (actions) => actions.sendKeys(Key.TAB),
      "Shift+Tab": (actions) => actions.keyDown(Key.SHIFT).sendKeys(Key.TAB).keyUp(Key.SHIFT),
      "Enter": (actions) => actions.sendKeys(Key.ENTER),
      "Space": (actions) => actions.sendKeys(Key.SPACE),
    };
    return this.#command((driver) => strokes[key](driver.actions()).perform());
  }

  type(text) {
    return this.#command((driver) => driver.actions().sendKeys(text).perform());
  }

  show() {
    return this.#command(() => {});
  }

  resize(width, height) {
    return this.#command((driver) => driver.manage().window().setRect({ x: 0, y: 0, width, height }));
  }

  close() {
    return this.#command((driver) => driver.close());
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
