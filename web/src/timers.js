/** Timers and random waits. @module */

import { LONGEST_WAIT, SECOND } from "./timing.js";

/** Timers by name. Starting one replaces the one of the same name. */
export class Timers {
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */ #running = new Map();

  /**
   * @param {string} name
   * @param {number} delay
   * @param {() => void} action
   */
  start(name, delay, action) {
    this.stop(name);
    this.#running.set(name, setTimeout(action, delay));
  }

  /** @param {string[]} names */
  stop(...names) {
    for (const name of names) clearTimeout(this.#running.get(name));
  }

  stopAll() {
    this.stop(...this.#running.keys());
  }
}

/**
 * A random wait in milliseconds, whose ceiling is a second and doubles with each attempt ("full jitter"): clients that lost
 * their sockets together do not come back together.
 * @param {number} attempt Counted from 0.
 * @param {number} [ceiling]
 */
export function backoff(attempt, ceiling = LONGEST_WAIT) {
  return Math.random() * Math.min(SECOND * 2 ** attempt, ceiling);
}
