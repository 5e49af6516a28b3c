/** One tab of a browser, with its own clock and globals, and the client in it. */

import { createHash } from "node:crypto";
import FakeTimers from "@sinonjs/fake-timers";

/** The options that the client is given. */
export const LOGIN = "l0";
const ADDRESS = "wss://socks.example.com";

export class Tab {
  /** When each tab is loaded, by its own clock. */
  static LOADED = Date.UTC(2026, 0, 31, 9);

  #clock = FakeTimers.createClock(Tab.LOADED);
  #page = new EventTarget();
  /** The numbers of this tab's syncs are this times 2^20, and more. */
  #firstNumber;
  /** The events since the last step. */
  events = [];

  /**
   * @param client What `client()` gave.
   * @param browser The browser that it is in.
   * @param topics What the page listens to.
   * @param ownData Whether the page was loaded with data of its own. Otherwise it asks for everything.
   * @param sessionStorage What the tab has stored before it was loaded.
   */
  constructor(client, browser, topics, ownData, sessionStorage) {
    const { connect } = client(this.#globals(browser, sessionStorage));
    this.chatter = connect({ url: ADDRESS, login: LOGIN, chatterId: "c0", topics, ...(ownData ? {} : { since: 0 }) });
    for (const type of ["stats-updated", "synced"]) {
      this.chatter.addEventListener(type, ({ detail }) => this.events.push({ type, ...detail }));
    }
  }

  #globals(browser, sessionStorage) {
    const { setTimeout, clearTimeout, Date, performance } = this.#clock;
    const getRandomValues = (numbers) => {
      numbers[0] = browser.nextNumber();
      this.#firstNumber ??= numbers[0];
      return numbers;
    };
    const digest = async (_, bytes) => createHash("sha256").update(bytes).digest();
    const globals = {
      setTimeout,
      clearTimeout,
      Date,
      // Random waits are as short as they can be, and what happens early by chance happens as late as it can.
      Math: Object.assign(Object.create(Math), { random: () => 0 }),
      performance: { timeOrigin: Tab.LOADED, now: () => performance.now(), getEntriesByType: () => [{ type: "navigate", transferSize: 1 }] },
      crypto: { getRandomValues, subtle: { digest } },
      navigator: browser.navigator,
      document: Object.assign(new EventTarget(), { visibilityState: "visible" }),
      addEventListener: this.#page.addEventListener.bind(this.#page),
      BroadcastChannel: browser.BroadcastChannel,
      WebSocket: browser.WebSocket,
      localStorage: browser.localStorage,
      sessionStorage,
    };
    return Object.assign(globals, { globalThis: globals });
  }

  get now() {
    return this.#clock.now;
  }

  /** The time since it was loaded, in milliseconds. */
  get age() {
    return this.now - Tab.LOADED;
  }

  /** Whether a sync of this number is this tab's. */
  owns({ n }) {
    return Math.floor(n / 2 ** 20) === this.#firstNumber;
  }

  /** The browser takes the page away: the tab was closed, or is loaded anew. */
  leave() {
    this.#page.dispatchEvent(new Event("pagehide"));
  }

  get hasTimers() {
    return this.#clock.countTimers() > 0;
  }

  /** Runs the timers that are due, without time passing. */
  runDue() {
    this.#clock.tick(0);
  }

  /** Lets time pass until the next timer, and runs that. */
  runNext() {
    this.#clock.next();
  }
}
