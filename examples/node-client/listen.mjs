/**
 * Prints a user's updates, a line of JSON each: from a process of Node, as a page would hear them.
 *
 *     npm install chatterbox-client ws
 *     SOCKET_URL=wss://socks.example.com LOGIN=friendless CHATTER_ID=… node listen.mjs
 */

import { connect } from "chatterbox-client";

const { SOCKET_URL: url, LOGIN: login, CHATTER_ID: chatterId } = process.env;
// Node 22 has a WebSocket of its own. Before it, the package ws has one.
const WebSocket = globalThis.WebSocket ?? (await import("ws")).WebSocket;

const chatter = connect({ url, login, chatterId, WebSocket });
chatter.addEventListener("state", ({ detail }) => console.error(detail.state, detail.reason ?? ""));
process.once("SIGINT", () => chatter.close());
process.once("SIGTERM", () => chatter.close());

// It ends with the socket: when the process is told to, or when the chatter ID is revoked.
for await (const { topics, version, body } of chatter) console.log(JSON.stringify({ topics, version, body }));
