/** Dozens of the soak's clients in one process of Node, with one clock. */

import { createRequire } from "node:module";
import { serve } from "../harness/node-process.mjs";
import { useWrongClock } from "../harness/wrong-clock.mjs";
import { Client } from "./client.mjs";
import { makeElastic } from "./pace.mjs";

const { WebSocket } = createRequire(new URL("../../web/package.json", import.meta.url))("ws");

/** Clients and their windows by the subprotocol with the client's secret, which tells whose socket a message came on. */
const clients = new Map();
const windows = new Map();

/** A WebSocket that throws no error without a listener, as in a browser, and shows every message to its client's report. */
globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols);
    this.on("error", () => {});
    const secret = protocols.find((protocol) => protocol.startsWith("chatterbox.auth."));
    super.addEventListener("message", ({ data }) => clients.get(secret)?.look(data));
  }
};

/** Window of the client that is being made, for its events `online`. */
let opened = new EventTarget();
globalThis.addEventListener = (...parameters) => opened.addEventListener(...parameters);
makeElastic();
useWrongClock(Number(process.argv[2]));
const { connect } = await import("../../web/src/index.js");

serve({
  join(session, age) {
    const secret = `chatterbox.auth.${Buffer.from(`${session.login}\0${session.chatterId}`).toString("base64url")}`;
    windows.set(secret, (opened = new EventTarget()));
    clients.set(secret, new Client(connect, session, age));
  },
  reports: () => [...clients.values()].map(({ report }) => report),
  /** Dispatches `online` to this share of the clients, as a browser does when the network is back. */
  online(share) {
    for (const window of windows.values()) if (Math.random() < share) window.dispatchEvent(new Event("online"));
  },
  hurry: (pace) => (globalThis.pace = pace),
  setClock: (ahead) => globalThis.setClock(ahead),
  leave() {
    for (const client of clients.values()) client.close();
  },
});
