/** A lock that one of several tabs holds, and a channel between them. @module */

/**
 * One tab's place among the tabs that share a socket: it waits for the lock, and exchanges messages with the others. A tab
 * that leaves and joins again has a new one.
 */
export class TabLock {
  name;
  isStolen;
  /** Whether this tab has the lock. */
  holds = false;
  /** Resolves when it does. @type {Promise<void>} */ turn;
  #channel;
  #waiting = new AbortController();
  #release = () => {};
  #failed;

  /**
   * @param {string} name The name of the lock and of the channel.
   * @param {boolean} steal Whether to take the lock from the tab that has it.
   * @param {(data: unknown) => void} receive What another tab has posted.
   * @param {() => void} lost Another tab has taken the lock.
   * @param {() => void} failed The browser does not let these tabs share.
   * @throws if the browser has no channel for this page
   */
  constructor(name, steal, receive, lost, failed) {
    this.name = name;
    this.isStolen = steal;
    this.#failed = failed;
    const { signal } = this.#waiting;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => receive(data);
    this.turn = new Promise((take) => {
      const hold = () =>
        /** @type {Promise<void>} */ (
          new Promise((release) => {
            if (signal.aborted) return release();
            this.#release = release;
            this.holds = true;
            take();
          })
        );
      // An async function, since reading `navigator.locks` and calling it may throw.
      const request = async () => navigator.locks.request(name, steal ? { steal } : { signal }, hold);
      request().catch(() => signal.aborted || (this.holds ? lost() : failed()));
    });
  }

  /** @param {object} message */
  post(message) {
    try {
      this.#channel.postMessage(message);
    } catch {
      this.#failed();
    }
  }

  /** Gives the lock up, or the place in its queue, and goes on receiving. */
  release() {
    this.holds = false;
    this.#waiting.abort();
    this.#release();
  }

  leave() {
    this.release();
    try {
      this.#channel.close();
    } catch {
      // It is not used any more.
    }
  }
}
