/**
 * The phases of a `SocketKeeper`, and from which it may go to which. The tests hold the keeper to this table, and draw it
 * in the README.
 *
 * @module
 */

/** @typedef {keyof typeof TRANSITIONS} Phase */

/** For each phase, those that may follow it. */
export const TRANSITIONS = {
  /** There is no socket, and none is wanted: not started, or stopped. */
  stopped: ["preparing"],
  /** There is no socket. Gets the credentials, and waits for this tab's turn. */
  preparing: ["opening", "waiting", "resting", "preparing", "stopped"],
  /** There is no socket. The first one, or the successor of one that was lost, is being opened. */
  opening: ["open", "waiting", "stopped"],
  /** The socket is open. */
  open: ["renewing", "waiting", "resting", "stopped"],
  /** The socket is open. Gets the credentials for its successor, or waits for the next attempt. */
  renewing: ["succeeding", "waiting", "resting", "renewing", "stopped"],
  /** The socket is open, and its successor is being opened. */
  succeeding: ["open", "renewing", "opening", "resting", "stopped"],
  /** There is no socket, and a timer starts the next attempt. */
  waiting: ["preparing", "waiting", "resting", "stopped"],
  /** There is no socket, and only `retry()` or the page's being shown starts another attempt. */
  resting: ["preparing", "waiting", "stopped"],
};
