/** Faults that the soak adds to those of `chatter local --chaos`: jumping clocks and dropped connections. */

export class Trouble {
  /** Number of times that a page's clock was set while the page was open. */
  jumps = 0;
  #timers;

  constructor(system, crowd, browser) {
    this.#timers = [
      // Makes waiting clients reconnect at once now and then, or most would be waiting most of the time.
      setInterval(() => crowd.online(0.05), 500),
      setInterval(() => this.#jump([crowd, browser]), 2_000),
      setInterval(() => system.forget(0.2, Math.random() < 0.2 ? "silent" : "reset"), 500),
      setInterval(() => system.forget(1, "reset"), 7_000),
    ];
  }

  end() {
    for (const timer of this.#timers) clearInterval(timer);
  }

  async #jump(clients) {
    const counts = await Promise.all(clients.map((one) => one.jump()));
    for (const count of counts) this.jumps += count;
  }
}
