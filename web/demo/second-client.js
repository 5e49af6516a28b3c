/** A second client of the same login and chatter ID: a bare WebSocket, as a testing tool opens it. */

import { handshake } from "../src/handshake.js";
import { addPageRow } from "./page-log.js";
import { endedBy } from "./reasons.js";

/** @typedef {import("./demo.js").Session} Session */

/** @type {WebSocket | null} */
let socket = null;

export function hasSecondClient() {
  return socket !== null;
}

/**
 * Opens it, and lets it ask for what there is.
 * @param {Session} session
 * @param {() => void} changed Called when it has ended.
 */
export function openSecondClient({ url, login, chatterId }, changed) {
  const options = /** @type {import("../src/options.js").CheckedOptions} */ ({ url, login, WebSocket });
  const mine = (socket = new WebSocket(...handshake(options, chatterId, undefined)));
  /** @type {(what: string, more?: object) => void} */
  const log = (what, more) => addPageRow({ what: `second client ${what}`, ...more }, chatterId);
  mine.addEventListener("open", () => {
    log("is open", { tone: "good" });
    say(mine, { action: "sync", login, cursor: null, n: 1 });
  });
  mine.addEventListener("message", ({ data }) => log("←", { note: String(data).slice(0, 120), parts: [{ name: "Frame received", value: pretty(data) }] }));
  mine.addEventListener("close", ({ code, reason }) => {
    log(`closed: ${code}`, { note: [endedBy(String(code)), reason].filter(Boolean).join(", "), tone: "busy", about: [["close code", String(code)]] });
    if (socket === mine) socket = null;
    changed();
  });
  /** @type {(to: WebSocket, message: object) => void} */
  function say(to, message) {
    to.send(JSON.stringify(message));
    log("→ sync", { parts: [{ name: "Frame sent", value: message }] });
  }
}

export function closeSecondClient() {
  socket?.close();
}

/** @param {string} text */
function pretty(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
