/**
 * Idle pages in one process: `node idle.mjs client|socket URL LOGIN CHATTER_ID COUNT SECONDS` opens COUNT pages and prints
 * `{"cpuMs": …, "rssKb": …}`: the processor time in SECONDS seconds after all were open, and the memory then.
 */

import { setMaxListeners } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";

const [kind, url, login, chatterId, count, seconds] = process.argv.slice(2);
const AT_ONCE = 20;
/** Wait after the last socket has opened, in which its first sync is answered, in milliseconds. */
const SETTLE = 1_000;

globalThis.WebSocket = WebSocket;
/** A window for the client's event listeners. */
const page = new EventTarget();
setMaxListeners(0, page);
for (const name of ["addEventListener", "removeEventListener"]) globalThis[name] ??= page[name].bind(page);
const { connect } = await import("../../web/src/index.js");

/** Functions that open one page each, and resolve when its socket is open. */
const ways = {
  client: () =>
    new Promise((resolve) => {
      const chatter = connect({ url, login, chatterId, share: false });
      chatter.addEventListener("state", ({ detail }) => detail.state === "open" && resolve());
    }),
  socket: () =>
    new Promise((resolve, reject) => {
      const query = new URLSearchParams({ login, chatter: chatterId });
      new WebSocket(`${url}?${query}`).on("open", resolve).on("error", reject);
    }),
};

for (let opened = 0; opened < count; opened += AT_ONCE) {
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, ways[kind]));
}
await pause(SETTLE);
const before = process.cpuUsage();
await pause(seconds * 1000);
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ cpuMs: (user + system) / 1000, rssKb: process.memoryUsage.rss() / 1024 }));
process.exit();
