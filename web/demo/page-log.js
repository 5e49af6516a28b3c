/** What this page did, for the timeline: the client's own debug lines, and its events. */

import { hadOpened } from "./network.js";
import { endedBy } from "./reasons.js";
import { addRow } from "./timeline.js";

/** @typedef {import("./timeline.js").Row} Row */
/** @typedef {Omit<Row, "time" | "source">} Told */

/** The error frames that API Gateway itself sends have no code, only one of these messages. */
const UNTYPED = "gateway";

/**
 * A listener for the client's option `debug`.
 * @param {() => string} secret What is never shown, not even in an update that somebody has put it into.
 * @returns {(line: string, details?: any) => void}
 */
export function pageLog(secret) {
  return (line, details) => {
    const told = tell(line, details);
    if (told) addPageRow(told, secret());
  };
}

/**
 * @param {Told} told
 * @param {string} [secret]
 */
export function addPageRow(told, secret = "") {
  const row = { time: Date.now(), source: /** @type {const} */ ("page"), ...told };
  addRow(secret ? JSON.parse(JSON.stringify(row).replace(inAnyCase(secret), "(the chatter ID)")) : row);
}

/** @param {string} chatterId A UUID, so that nothing in it means something in a pattern. */
function inAnyCase(chatterId) {
  return new RegExp(chatterId.replaceAll("-", "-?"), "gi");
}

/**
 * @param {string} line
 * @param {any} details
 * @returns {Told | undefined}
 */
function tell(line, details) {
  const [, verb = "", name = ""] = line.match(/^(sent|received|closed|state|next attempt|from another tab:|to other tabs:) ?(.*)$/) ?? [];
  switch (verb) {
    case "sent":
      return sent(details, "");
    case "received":
      return received(details, "");
    case "closed":
      return {
        what: `socket closed: ${name}`,
        note: [hadOpened() ? endedBy(name) : "it had not opened", details.reason, details.wasClean ? "" : "without a closing handshake"].filter(Boolean).join(", "),
        tone: "busy",
        about: [["close code", name]],
        parts: [{ name: "Close event", value: details }],
      };
    case "state":
      return state(details);
    case "next attempt":
      return { what: "waits", note: line, about: [["page reason", details.reason]] };
    // Another tab holds the socket for this one.
    case "from another tab:":
      return details.type === "message" ? received(details.message, "through another tab's socket") : undefined;
    case "to other tabs:":
      return details.type === "send" ? sent(details.message, "through another tab's socket") : undefined;
  }
  return undefined;
}

/**
 * @param {any} message
 * @param {string} how
 * @returns {Told}
 */
function sent(message, how) {
  const cursor = message.cursor ? `has seen up to version ${message.cursor.version}` : "has seen nothing yet";
  const note = [message.action === "sync" ? cursor : "", how].filter(Boolean).join(", ");
  return { what: `→ ${message.action}`, note, parts: [{ name: "Frame sent", value: message }] };
}

/**
 * @param {any} message
 * @param {string} how
 * @returns {Told}
 */
function received(message, how) {
  const parts = [{ name: "Frame received", value: message }];
  /** @type {(note: string, more?: Partial<Told>) => Told} */
  const row = (note, more) => ({ what: `← ${message.type ?? "API Gateway's own error"}`, note: [note, how].filter(Boolean).join(", "), parts, ...more });
  switch (message.type) {
    case "stats-updated":
      return row(`${(message.topics ?? [message.topic]).join(", ")}, version ${message.version}`, { tone: "good" });
    case "sync":
      return row(`${message.updates?.length ?? 0} updates, missed ${message.missed ?? "unknown"}`);
    case "closing":
      return row(String(message.reason), { tone: "bad", about: [["page reason", String(message.reason)]] });
    case "error":
      return row(`${message.code}: ${message.message}`, { tone: "bad", about: [["error frame", String(message.code)]] });
    case undefined:
      return row(String(message.message), { tone: "bad", about: [["error frame", String(message.message)]] });
  }
  return row("");
}

/**
 * @param {import("../src/types.js").StateChange} change
 * @returns {Told}
 */
function state({ state, reason, retryIn }) {
  const wait = retryIn === undefined ? "" : `next attempt in ${(retryIn / 1000).toFixed(1)} s`;
  /** @type {[string, string][]} */
  const about = [["page state", state]];
  if (reason) about.push(["page reason", reason]);
  const tones = /** @type {const} */ ({ connecting: "busy", open: "good", waiting: "busy", refused: "bad", closed: "bad" });
  return { what: `is ${state}`, note: [reason, wait].filter(Boolean).join(", "), tone: tones[state], about };
}

/**
 * The page has seen everything.
 * @param {import("../src/types.js").Synced} synced
 */
export function logSynced({ missed, reset }) {
  const note = reset ? "the log has begun anew" : missed === null ? "how much it had missed is unknown" : `it had missed ${missed}`;
  addPageRow({ what: "caught up", note, tone: "good" });
}

/**
 * @param {import("../src/types.js").Update} update
 * @param {string} secret
 */
export function logShown({ topics, version, body, initial }, secret) {
  const note = `${topics.join(", ")}, version ${version}${initial ? ", from before" : ""}`;
  addPageRow({ what: "shows an update", note, tone: "good", parts: [{ name: "Body", value: body }] }, secret);
}

/** @param {import("../src/types.js").Failure} failure */
export function logFailure({ code, message }) {
  addPageRow({
    what: `error: ${code}`,
    note: message,
    tone: "bad",
    about: code === UNTYPED ? [["error frame", message]] : [["error frame", code], ["page reason", code]],
  });
}
