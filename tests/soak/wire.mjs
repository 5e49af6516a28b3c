/** TCP proxy between the functions and a service. It drops idle connections, as a router or a load balancer does. */

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Wire {
  /** Number of connections that were used again after they were dropped, and answered by RST or not at all. */
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

  /** URL under which it is called in the service's place. */
  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  /** Passes new connections on to this URL's port. */
  lead(url) {
    this.#port = new URL(url).port;
  }

  /**
   * Drops this share of the idle connections. The next bytes on one are answered by RST (`reset`) or not at all (`silent`).
   * Connections on which an answer is awaited stay.
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
