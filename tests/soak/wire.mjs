/** What lies between the functions and what they call. It forgets connections, as a router or a load balancer does. */

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Wire {
  /** How many connections were used once more after they were forgotten: what came was answered by RST, or by nobody. */
  dropped = { reset: 0, silent: 0 };
  #server = createServer((near) => this.#accept(near));
  /** @type {Set<{ near: import("node:net").Socket, far: import("node:net").Socket, isIdle: boolean }>} */ #pairs = new Set();
  #sockets = new Set();
  #port = 0;

  static async open() {
    const wire = new Wire();
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");
    return wire;
  }

  /** Where it is to be called. */
  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  /** Passes on to this URL's port what is called from now on. */
  lead(url) {
    this.#port = new URL(url).port;
  }

  /**
   * Forgets this share of the idle connections. Who uses one again is told so (`reset`), or not at all (`silent`);
   * who waits for an answer gets it.
   */
  forget(share, manner) {
    for (const pair of this.#pairs) if (pair.isIdle && Math.random() < share) this.#forget(pair, manner);
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #accept(near) {
    const far = connect(this.#port, "127.0.0.1");
    const pair = { near, far, isIdle: false };
    this.#pairs.add(pair);
    near.on("data", () => (pair.isIdle = false));
    far.on("data", () => (pair.isIdle = true));
    near.pipe(far);
    far.pipe(near);
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#closed(socket, pair));
    }
  }

  #closed(socket, pair) {
    this.#sockets.delete(socket);
    if (this.#pairs.delete(pair)) for (const end of [pair.near, pair.far]) end.destroy();
  }

  #forget(pair, manner) {
    this.#pairs.delete(pair);
    const { near, far } = pair;
    near.unpipe(far);
    far.destroy();
    near.once("data", () => {
      this.dropped[manner] += 1;
      if (manner === "reset") near.resetAndDestroy();
    });
    near.resume();
  }
}
