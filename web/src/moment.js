/** A moment in the past, and how long ago it was. @module */

/**
 * A moment whose age is measured by two clocks; the one that has moved more counts. `performance.now()` may stand still while
 * a laptop sleeps, and `Date.now()` may be set.
 */
export class Moment {
  #wall;
  #steady;

  /**
   * Now, unless a time is given.
   * @param {number} wall By `Date.now()`.
   * @param {number} steady By `performance.now()`.
   */
  constructor(wall = Date.now(), steady = performance.now() - Date.now() + wall) {
    this.#wall = wall;
    this.#steady = steady;
  }

  /** In milliseconds. */
  get age() {
    return Math.max(Date.now() - this.#wall, performance.now() - this.#steady);
  }

  /** Whether `Date.now()` was set back since, so that the age may be too low. */
  get isDoubtful() {
    return Date.now() < this.#wall;
  }
}
