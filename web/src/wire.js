/** The messages between a page and the server, as docs/protocol.md specifies them. @module */

/** @import { Failure, Update } from "./types.js" */

/** How far a page has seen one log of updates. @typedef {{ epoch: string, version: number }} Cursor */

/**
 * An update as the server sends it. `recorded` is when the server recorded it, by the server's clock, and is absent where
 * functions from before this field existed have recorded or sent it; `at` is by the pipeline's clock.
 * @typedef {Omit<Update, "initial"> & { recorded?: string }} Entry
 */

/** An update as it is pushed. `prev` is the version before it of which the socket was sent. @typedef {Entry & Cursor & { prev: number }} Push */

/**
 * The reply to a sync, or one page of it if there is `more`. `n` is that of the sync. `now` is the server's clock, which
 * functions from before this field existed do not send.
 * @typedef {{ n: number, now?: string, cursor: Cursor | null, missed: number | null, reset: boolean, more: boolean, updates: Entry[] }} Reply
 */

/** What is sent to the server: a sync or a ping. @typedef {{ action: string, [field: string]: unknown }} Outgoing */

/** The heartbeat. The server answers `pong`. */
export const PING = { action: "ping" };

/**
 * Reads a frame. Anybody with the rights may post to a socket, so it may hold anything.
 * @param {string} text
 * @returns {any} an object
 */
export function parse(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return { type: "error", ...badMessage("The server sent what is not JSON.") };
  }
}

/**
 * @param {string} message
 * @returns {Failure}
 */
export function badMessage(message) {
  return { code: "bad-message", message };
}

/**
 * Whether a message has the fields that its type asks for. Messages of an unknown type are valid, and ignored.
 * @param {any} message
 */
export function isValid(message) {
  const { type, epoch, prev, missed, cursor, updates, now, reason, code } = message;
  const isInteger = Number.isSafeInteger;
  switch (type) {
    case "stats-updated":
      return typeof epoch === "string" && isInteger(prev) && isEntry(message);
    case "sync":
      return (
        (cursor == null || (typeof cursor.epoch === "string" && isInteger(cursor.version))) &&
        (missed === null || isInteger(missed)) &&
        isPrimitive(now) &&
        Array.isArray(updates) &&
        updates.every(isEntry)
      );
    case "closing":
      return typeof reason === "string";
    case "error":
      return typeof code === "string" && typeof message.message === "string";
  }
  return true;
}

/** @param {any} entry */
function isEntry(entry) {
  const topics = entry?.topics ?? [entry?.topic];
  return (
    Number.isSafeInteger(entry?.version) &&
    Array.isArray(topics) &&
    topics.every((topic) => typeof topic === "string") &&
    isPrimitive(entry.at) &&
    isPrimitive(entry.recorded)
  );
}

/**
 * Whether `Date.parse` can be given this value. It throws for some objects.
 * @param {unknown} value
 */
function isPrimitive(value) {
  return Object(value) !== value;
}

/** @param {string} text */
export function encode(text) {
  return new TextEncoder().encode(text);
}

/**
 * Base64 in the alphabet that is allowed in a subprotocol's name (RFC 4648, section 5), without padding.
 * @param {Uint8Array} bytes
 */
export function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
