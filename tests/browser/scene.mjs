/** Users of the site in pages whose clocks are wrong, and the pipelines that update them, whose clocks are wrong too. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { NodeProcess } from "../harness/node-process.mjs";
import { until } from "./world.mjs";
import { useWrongClock } from "../harness/wrong-clock.mjs";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** Longest wait for a condition, generous enough for a busy machine. */
export const PATIENCE = 60 * SECOND;

/** How far ahead a page's clock is: when the page is loaded, when an update is given its time, and afterwards. */
const PAGES = {
  "right": [0, 0, 0],
  "a day slow": [-DAY, -DAY, -DAY],
  "3 minutes slow": [-3 * MINUTE, -3 * MINUTE, -3 * MINUTE],
  "3 minutes fast": [3 * MINUTE, 3 * MINUTE, 3 * MINUTE],
  "a day fast": [DAY, DAY, DAY],
  "jumps a day ahead, and back": [0, DAY, 0],
  "jumps a day back, and ahead again": [0, -DAY, 0],
  "3 minutes fast until it is set right": [3 * MINUTE, 0, 0],
  "a day slow until it is set right": [-DAY, -DAY, 0],
};
/** How far ahead the clock of a pipeline is by which it gives its updates a time. */
const PIPELINES = {
  "3 minutes slow": -3 * MINUTE,
  "half a minute fast": MINUTE / 2,
  "3 minutes fast": 3 * MINUTE,
  "an hour fast": HOUR,
  "a day fast": DAY,
  "in the year 2099": Date.parse("2099-01-01T00:00:00Z") - Date.now(),
};
/** Every page with a pipeline whose clock is right, in both runtimes; and two pages with each of the other pipelines. */
export const CASES = [
  ...Object.keys(PAGES).flatMap((page) => ["Chromium", "Node"].map((runtime) => ({ runtime, page, pipeline: "right" }))),
  ...Object.keys(PIPELINES).flatMap((pipeline) =>
    ["right", "3 minutes fast"].map((page) => ({ runtime: "Node", page, pipeline })),
  ),
];

/** Users in pages with all those clocks, one for each case. */
export class Scene {
  #world;
  /** @type {{ runtime: string, page: string, pipeline: string, login: string }[]} */ #users;
  /** @type {{ users: string[], shifts: number[], page: BrowserPage | NodePage }[]} */ #pages = [];

  constructor(world, cases = CASES) {
    this.#world = world;
    this.#users = cases.map((one) => ({ ...one, login: `clocks-${randomUUID()}` }));
  }

  get logins() {
    return this.#users.map(({ login }) => login);
  }

  /** Loads the pages. Users of one page have one clock. */
  async load(t) {
    const byPage = new Map();
    for (const { runtime, page, login } of this.#users) {
      const key = `${runtime} ${page}`;
      if (!byPage.has(key)) byPage.set(key, { Page: runtime === "Node" ? NodePage : BrowserPage, shifts: PAGES[page], users: [] });
      byPage.get(key).users.push(login);
    }
    const open = async ({ Page, shifts, users }) => ({ users, shifts, page: await Page.open(this.#world, t, shifts[0]) });
    this.#pages = await Promise.all([...byPage.values()].map(open));
  }

  /** Calls the method of this name in every page, and returns their answers. */
  all(name, ...parameters) {
    return Promise.all(this.#pages.map(({ page }) => page.call(name, ...parameters)));
  }

  /** Sets the pages' clocks to the given stage (1 or 2) of their settings. */
  setClocks(stage) {
    return Promise.all(this.#pages.map(({ shifts, page }) => page.call("setClock", shifts[stage])));
  }

  /** Has each page open the site for its users. */
  async begin(age) {
    const begin = async ({ users, page }) => {
      await page.call("begin", await Promise.all(users.map((login) => this.#world.local.logIn(login))), age);
    };
    await Promise.all(this.#pages.map(begin));
  }

  /** The reports of all users. */
  async #reports() {
    return (await this.all("report")).flatMap(({ users }) => users);
  }

  /** Whether the condition holds for any user's report. */
  async some(holds) {
    return (await this.#reports()).some(holds);
  }

  /** Waits until the condition holds for every user's report. */
  async until(what, holds) {
    await until(async () => (await this.#reports()).every(holds), what, PATIENCE);
  }

  /** Waits until every user's socket is open and its first sync answered. */
  untilSynced() {
    return this.until("all to be synced", ({ synced, opened, state }) => state === "open" && synced >= opened);
  }

  /** Waits until every user is held up at this gate. */
  async untilHeld(gate) {
    const held = async () => (await this.all("report")).reduce((sum, { waiting }) => sum + waiting[gate], 0);
    await until(async () => (await held()) >= this.#users.length, `${gate} to be held up`, PATIENCE);
  }

  /** Waits until `$connect` has stored every socket, open or not. */
  async untilStored() {
    const logins = new Set(this.logins);
    const stored = async () => (await this.#world.local.scan("connections")).filter(({ login }) => logins.has(login.S));
    await until(async () => (await stored()).length >= logins.size, "rows of the sockets", PATIENCE);
  }

  /** Injects these faults, and no others. */
  faults(faults) {
    return this.#world.local.faults(faults);
  }

  /** Cuts every socket. */
  cut() {
    return this.#world.local.cut();
  }

  /** Ends all faults, and releases everything that is held up. */
  async letGo() {
    await this.faults({});
    await this.all("release");
  }

  /** Sends an update to every user, with the time by the user's pipeline's clock, or the right time. */
  async notify(message, { topic = "plays", right = false } = {}) {
    for (const pipeline of new Set(this.#users.map(({ pipeline }) => pipeline))) {
      const logins = this.#users.filter((user) => user.pipeline === pipeline).map(({ login }) => login);
      const at = new Date(Date.now() + (right ? 0 : (PIPELINES[pipeline] ?? 0))).toISOString();
      await this.#world.local.invoke({ logins, topic, at, body: { message } });
    }
  }

  /** Makes the recorded update of a topic older by `by` milliseconds. */
  async age(topic, by) {
    const rows = (await this.#world.local.scan("updates")).filter(({ login }) => this.logins.includes(login.S));
    for (const { login, [`u:${topic}`]: update } of rows) {
      const older = Object.entries(update.M).map(([name, value]) => [name, value.N ? { N: String(value.N - by) } : value]);
      await this.#world.local.set("updates", { login: login.S }, `u:${topic}`, { M: Object.fromEntries(older) });
    }
    assert.equal(rows.length, this.logins.length);
  }

  /** Sends a last update without hindrance, and returns the users that have not got exactly these messages before it. */
  async wrong(...messages) {
    await this.notify("the end", { topic: "the end", right: true });
    await this.until("the end", ({ heard }) => heard.includes("the end"));
    const expected = [...messages, "the end"].join(", ");
    const heard = new Map((await this.#reports()).map(({ login, heard }) => [login, heard.join(", ")]));
    return this.#users
      .filter(({ login }) => heard.get(login) !== expected)
      .map(({ runtime, page, pipeline, login }) => `${runtime}, page ${page}, pipeline ${pipeline}: ${heard.get(login)}`);
  }
}

/** A page of the site in Chromium. */
export class BrowserPage {
  static async open(world, t, ahead, prepare = () => {}) {
    const page = new BrowserPage();
    const context = await world.browser.newContext({ bypassCSP: true });
    t.after(() => context.close());
    page.page = await context.newPage();
    const module = fileURLToPath(new URL("visits.mjs", import.meta.url));
    await page.page.route("**/visits.mjs", (route) => route.fulfill({ path: module, contentType: "text/javascript" }));
    await prepare(page.page);
    await page.page.addInitScript(useWrongClock, ahead);
    // A document of the same origin that does nothing by itself.
    await page.page.goto(new URL("src/index.js", world.url).href);
    await page.page.evaluate(async () => {
      const [{ connect }, { Visits }] = await Promise.all([import("/src/index.js"), import("/visits.mjs")]);
      globalThis.visits = new Visits(connect, WebSocket);
    });
    return page;
  }

  call(name, ...parameters) {
    return this.page.evaluate(([name, parameters]) => globalThis.visits[name](...parameters), [name, parameters]);
  }
}

/** A page of the site in a process of Node. */
class NodePage extends NodeProcess {
  static async open(world, t, ahead) {
    const page = new NodePage(new URL("visits-in-node.mjs", import.meta.url), String(ahead));
    t.after(() => page.end());
    await page.call("report");
    return page;
  }
}
