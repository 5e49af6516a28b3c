/** A link to the server that fails as networks do. */

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** TCP proxy that can be cut: its connections then stay open and silent, while new ones work. It can also be down. */
export class Link {
  #pairs = new Set();
  #isDown = false;

  constructor(port) {
    this.server = createServer((near) => {
      if (this.#isDown) return near.destroy();
      const far = connect(port, "127.0.0.1");
      const pair = [near, far];
      this.#pairs.add(pair);
      near.pipe(far);
      far.pipe(near);
      for (const socket of pair) {
        socket.on("error", () => {});
        socket.on("close", () => this.#close(pair));
      }
    });
  }

  async start() {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.url = `http://127.0.0.1:${this.server.address().port}/`;
  }

  /** The session with a URL whose socket goes over this link. */
  lead(session) {
    const url = new URL(session.url);
    url.port = new URL(this.url).port;
    return { ...session, url: url.href };
  }

  cut() {
    for (const [near, far] of this.#pairs) {
      near.unpipe(far);
      far.unpipe(near);
    }
  }

  /** Ends its connections, and each new one at once, until it is `up` again. */
  down() {
    this.#isDown = true;
    for (const pair of this.#pairs) this.#close(pair);
  }

  up() {
    this.#isDown = false;
  }

  stop() {
    for (const pair of this.#pairs) this.#close(pair);
    this.server.close();
  }

  #close(pair) {
    this.#pairs.delete(pair);
    for (const socket of pair) socket.destroy();
  }
}
