/**
 * The phases of a `SocketKeeper`: what it is doing about the socket. The page's state is coarser: it is `open` in all three
 * phases with a socket.
 *
 * The tests check every transition against this table, and that the picture in the README shows it.
 *
 * @module
 */

/** @typedef {keyof typeof TRANSITIONS} Phase */

/** For each phase, those that may follow it, with the cause. */
export const TRANSITIONS = {
  /** No socket, and none is wanted. */
  stopped: { preparing: "start" },
  /** No socket. It gets the credentials, and waits for this tab's turn. */
  preparing: { opening: "this tab's turn", waiting: "no credentials, offline", resting: "logged out", stopped: "stop" },
  /** No socket is open. One is being opened. */
  opening: { open: "opened", waiting: "did not open, offline", resting: "logged out", stopped: "stop" },
  /** A socket is open. */
  open: { renewing: "too old, more topics", waiting: "lost", resting: "closing", stopped: "stop" },
  /** A socket is open. It gets the credentials for the successor, or waits for the next attempt. */
  renewing: { succeeding: "credentials", waiting: "lost", resting: "closing, logged out", stopped: "stop" },
  /** A socket is open, and its successor is being opened. */
  succeeding: { open: "opened", renewing: "did not open", opening: "lost", resting: "closing", stopped: "stop" },
  /** No socket. A timer begins the next attempt. */
  waiting: { preparing: "timer, retry", resting: "logged out", stopped: "stop" },
  /** No socket. Only `retry()`, or showing a page that was replaced, begins another attempt. */
  resting: { preparing: "retry", waiting: "replaced, and shown", stopped: "stop" },
};
