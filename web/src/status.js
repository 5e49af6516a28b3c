/** The status of a socket: the page's state, and which socket it is about. @module */

/** @import { StateChange } from "./types.js" */
/** @import { Topics } from "./topics.js" */

/**
 * A state of the socket. `socket` tells one open socket from the next, also in other tabs; `topics` are what it listens to.
 * @typedef {StateChange & { socket?: number, topics?: Topics }} Status
 */

/**
 * Whether there is no socket, and none is being opened.
 * @param {StateChange} status
 */
export function isIdle({ state }) {
  return state === "waiting" || state === "refused";
}

/**
 * Whether nothing is tried again until the page is shown or `retry()` is called.
 * @param {StateChange} status
 */
export function isResting({ reason }) {
  return reason === "replaced" || reason === "logged-out";
}
