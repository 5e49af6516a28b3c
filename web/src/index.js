/**
 * The browser's end of Chatterbox: one WebSocket that says when a user's stats have been updated.
 *
 *     import { connect } from "chatterbox-client";
 *
 *     const chatter = connect({ url: "wss://socks.example.com", login, chatterId });
 *     chatter.addEventListener("stats-updated", ({ detail }) => show(detail.topic, detail.body));
 *     chatter.addEventListener("state", ({ detail }) => showState(detail.state));
 *
 * Nothing is lost while the socket is away: the page keeps a cursor, the version of the newest update up to which it has
 * seen everything, and sends it in a sync when a socket opens, at a gap, and every 15 minutes. The server's reply brings
 * what the page has not seen.
 *
 * The modules, in the order to read them: `chatter.js` is what the page holds, and syncs. `replica.js` is what the page has
 * seen. `socket-keeper.js` keeps one socket open. `tab-group.js` lets the tabs of a browser share a socket.
 *
 * @module
 */

import { Chatter } from "./chatter.js";

export { LoggedOut } from "./logged-out.js";

/**
 * Opens a socket and keeps it open until `close()` is called or the server says that the chatter ID was revoked.
 * @template [Body=any]
 * @param {import("./types.js").Options} options
 * @returns {import("./types.js").Chatter<Body>}
 * @throws {TypeError} if an option is wrong, missing or unknown; the message names it
 * @throws {SyntaxError} if `url` is a URL, but not of a WebSocket
 */
export function connect(options) {
  return /** @type {import("./types.js").Chatter} */ (new Chatter(options));
}
