/** What the system does, for the timeline; and whether something breaks on purpose. */

import { Feed } from "./feed.js";
import { show } from "./page.js";
import { addMissing, addRow } from "./timeline.js";

/** @typedef {import("./timeline.js").Row} Row */

/**
 * An entry of the feed: what the gateway did; `exchange`, an event of a function with its answer; or `line`, of its log. What
 * may be a secret is masked before it is sent here.
 * @typedef {{
 *   time: number, kind: string, connectionId?: string, route?: string, function?: string, status?: number,
 *   milliseconds?: number, bytes?: number, coldStart?: boolean, processId?: number, note?: string | null,
 *   event?: any, answer?: any, text?: string,
 * }} Entry
 */

/** The most characters of a log line that the timeline shows. */
const LONGEST = 300;

/** Whether chaos is on, as far as is known. */
export let isChaos = false;

/**
 * @param {(system: import("./feed.js").System) => void} connected Called when the server is there, again or for the first time.
 * @param {(entry: Entry) => void} happened
 */
export function watchServer(connected, happened) {
  new Feed(({ system, entry, lost }) => {
    if (system) {
      isChaos = system.chaos;
      show({ chaos: isChaos });
      connected(system);
    }
    if (lost) addMissing(lost);
    if (!entry) return;
    /** @type {Entry} */
    const told = JSON.parse(entry.data);
    const row = rowOf(told);
    if (row) addRow(row);
    happened(told);
  });
}

/**
 * @param {Entry} entry
 * @returns {Row | undefined}
 */
function rowOf(entry) {
  switch (entry.kind) {
    case "exchange":
      return exchange(entry);
    case "line":
      return line(entry);
    case "invocation": // Its exchange tells more.
      return undefined;
  }
  return activity(entry);
}

/**
 * @param {Entry} entry
 * @returns {Row}
 */
function activity(entry) {
  const { time, kind, route, status, milliseconds, bytes, connectionId, note } = entry;
  const what = [kind.replaceAll("-", " "), entry.function, route, status];
  const size = bytes === undefined ? "" : `${bytes} bytes`;
  return {
    time,
    source: entry.function === undefined ? "gateway" : "functions",
    what: what.filter((part) => part !== undefined).join(" "),
    note: [note, size].filter(Boolean).join(", "),
    took: duration(milliseconds),
    socket: connectionId,
    // A close code is no failure by itself; a status of HTTP from 400 on is.
    tone: isFailure(status) ? "bad" : kind === "fault" ? "busy" : undefined,
    about: reasonOf(kind, status),
    parts: [{ name: "As the feed tells it", value: entry }],
  };
}

/**
 * A function was given an event, and has answered or failed.
 * @param {Entry} entry
 * @returns {Row}
 */
function exchange({ time, milliseconds, coldStart, note, event, answer, ...entry }) {
  const context = event?.requestContext;
  const status = answer?.statusCode;
  const outcome = note ?? (status === undefined ? "" : `answered ${status}`);
  return {
    time,
    source: "functions",
    what: ["invocation", entry.function, context?.routeKey].filter(Boolean).join(" "),
    note: [outcome, coldStart ? "cold start" : ""].filter(Boolean).join(", "),
    took: duration(milliseconds),
    socket: context?.connectionId,
    tone: note || isFailure(status) ? "bad" : undefined,
    about: context?.routeKey === "$connect" && status ? [["handshake status", String(status === 200 ? 101 : status)]] : [],
    parts: [
      { name: "Event", value: readable(event) },
      { name: note ? "Failure" : "Answer", value: readable(answer) },
    ],
  };
}

/**
 * A line of a function's log: JSON, of which one field is what happened, or metrics.
 * @param {Entry} entry
 * @returns {Row}
 */
function line({ time, text = "", ...entry }) {
  const value = readable(text);
  const parts = [{ name: "The whole line", value }];
  /** @type {(what: string, note: string, tone?: "bad") => Row} */
  const row = (what, note, tone) => ({ time, source: "log", what: `${entry.function}: ${what}`, note: note.slice(0, LONGEST), tone, parts });
  if (typeof value !== "object") return row("prints", text);
  const { timestamp, level, target, message, _aws, Function: name, ...fields } = value;
  const named = Object.entries(fields).filter(([, field]) => field !== 0);
  const note = named.map(([name, field]) => `${name} ${short(field)}`).join(", ");
  if (_aws) return row("metrics", note);
  return row(message ?? level ?? "prints", note, level === "ERROR" || level === "WARN" ? "bad" : undefined);
}

/** @param {unknown} value */
function short(value) {
  if (typeof value === "number") return Number(value.toFixed(1));
  return typeof value === "object" ? JSON.stringify(value) : value;
}

/**
 * JSON in a text is shown as what it is.
 * @param {any} value
 * @returns {any}
 */
function readable(value) {
  if (typeof value === "string" && /^\s*[[{]/.test(value)) {
    try {
      return JSON.parse(value);
    } catch {
      return value;
    }
  }
  return typeof value?.body === "string" ? { ...value, body: readable(value.body) } : value;
}

/** @param {number | undefined} milliseconds */
function duration(milliseconds) {
  return milliseconds === undefined ? "" : `${milliseconds} ms`;
}

/** @param {number | undefined} status */
function isFailure(status) {
  return status !== undefined && status >= 400 && status < 600;
}

/**
 * What the table of reasons has about it.
 * @param {string} kind
 * @param {number | undefined} status
 * @returns {[string, string][]}
 */
function reasonOf(kind, status) {
  if (status === undefined) return [];
  if (kind === "handshake") return [["handshake status", String(status)]];
  if (kind === "close" || kind === "disconnect") return [["close code", String(status)]];
  const frame = { 403: "Forbidden", 429: "Too Many Requests", 502: "Internal server error" }[status];
  if (kind === "message" && frame) return [["error frame", frame]];
  if (kind === "post" && status === 410) return [["error text", "GoneException"]];
  return [];
}
