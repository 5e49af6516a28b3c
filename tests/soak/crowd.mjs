/** Hundreds of clients in this process. */

import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "./client.mjs";
import { makeElastic } from "./pace.mjs";

const { WebSocket } = createRequire(new URL("../../web/package.json", import.meta.url))("ws");

/** Which client a socket belongs to, and which window a client: the socket's secret says so. */
const clients = new Map();
const windows = new Map();

/** A browser's WebSocket throws no error that nobody listens to; and here every message is looked at in passing. */
globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols);
    this.on("error", () => {});
    const secret = protocols.find((protocol) => protocol.startsWith("chatterbox.auth."));
    super.addEventListener("message", ({ data }) => clients.get(secret)?.look(data));
  }
};

/** The window of the client that is being made, which can come online. */
let opened = new EventTarget();
globalThis.addEventListener = (...parameters) => opened.addEventListener(...parameters);
makeElastic();
const { connect } = await import("../../web/chatter.js");

export class Crowd {
  /** So many clients of each login. */
  static async gather(local, logins, clientsOfEach) {
    for (let n = 0; n < clientsOfEach; n++) {
      const sessions = await Promise.all(logins.map((login) => local.logIn(login)));
      for (const session of sessions) {
        const secret = `chatterbox.auth.${Buffer.from(`${session.login}\0${session.chatterId}`).toString("base64url")}`;
        windows.set(secret, (opened = new EventTarget()));
        clients.set(secret, new Client(connect, session));
      }
      // AWS opens 500 a second.
      await pause((1000 * logins.length) / 250);
    }
    return new Crowd();
  }

  reports() {
    return [...clients.values()].map(({ report }) => report);
  }

  /** For this share of them the network is back, as the browser would say. */
  online(share = 1) {
    for (const window of windows.values()) if (Math.random() < share) window.dispatchEvent(new Event("online"));
  }

  /** Lets the clients' time run so fast. */
  hurry(pace) {
    globalThis.pace = pace;
  }

  leave() {
    for (const client of clients.values()) client.close();
  }
}
