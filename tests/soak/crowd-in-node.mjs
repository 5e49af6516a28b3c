/** Dozens of clients in one process, with one clock. */

import { createRequire } from "node:module";
import { serve } from "../harness/node-process.mjs";
import { useWrongClock } from "../harness/wrong-clock.mjs";
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
useWrongClock(Number(process.argv[2]));
const { connect } = await import("../../web/src/index.js");

serve({
  join(session, age) {
    const secret = `chatterbox.auth.${Buffer.from(`${session.login}\0${session.chatterId}`).toString("base64url")}`;
    windows.set(secret, (opened = new EventTarget()));
    clients.set(secret, new Client(connect, session, age));
  },
  reports: () => [...clients.values()].map(({ report }) => report),
  /** For this share of them the network is back, as the browser would say. */
  online(share) {
    for (const window of windows.values()) if (Math.random() < share) window.dispatchEvent(new Event("online"));
  },
  hurry: (pace) => (globalThis.pace = pace),
  setClock: (ahead) => globalThis.setClock(ahead),
  leave() {
    for (const client of clients.values()) client.close();
  },
});
