/** Hundreds of clients in this process. */

import { setMaxListeners } from "node:events";
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "./client.mjs";
import { PACE, hurry } from "./pace.mjs";

const { WebSocket } = createRequire(new URL("../../web/package.json", import.meta.url))("ws");

/** Which client a socket belongs to: its secret says so. */
const clients = new Map();

/** A browser's WebSocket throws no error that nobody listens to; and here every message is looked at in passing. */
globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols);
    this.on("error", () => {});
    const secret = protocols.find((protocol) => protocol.startsWith("chatterbox.auth."));
    super.addEventListener("message", ({ data }) => clients.get(secret)?.look(data));
  }
};

/** A window that can come online. */
const page = new EventTarget();
setMaxListeners(0, page);
for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) {
  globalThis[name] ??= page[name].bind(page);
}
hurry(PACE);
const { connect } = await import("../../web/chatter.js");

export class Crowd {
  /** So many clients of each login. */
  static async gather(system, logins, clientsOfEach) {
    for (let n = 0; n < clientsOfEach; n++) {
      const sessions = await Promise.all(logins.map((login) => system.logIn(login)));
      for (const session of sessions) {
        clients.set(`chatterbox.auth.${Buffer.from(`${session.login}\0${session.chatterId}`).toString("base64url")}`, new Client(connect, session));
      }
      // AWS opens 500 a second.
      await pause((1000 * logins.length) / 250);
    }
    return new Crowd();
  }

  reports() {
    return [...clients.values()].map(({ report }) => report);
  }

  /** The network is back, as the browser would say. */
  online() {
    globalThis.dispatchEvent(new Event("online"));
  }

  leave() {
    for (const client of clients.values()) client.close();
  }
}
