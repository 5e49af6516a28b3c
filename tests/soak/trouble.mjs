/** What the clients and the functions live through beside what `chatter local --chaos` does. */

export class Trouble {
  /** How often a page's clock was set while it was open. */
  jumps = 0;
  #timers;

  constructor(system, crowd, browser) {
    this.#timers = [
      // Somebody looks at the page now and then, and does not wait for minutes: or most would be away most of the time.
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
