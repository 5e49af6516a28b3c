import * as timing from "../../web/src/timing.js";

/** The browser client's times that decide how many messages and sockets there are, in minutes. */
export interface ClientTimes {
  /** A page that somebody looks at sends a heartbeat after this much silence of its socket. */
  readonly heartbeat: number;
  /** An open page sends a sync this often. */
  readonly sync: number;
  /** A socket is replaced by its successor after this long, on average. */
  readonly socket: number;
}

/** The client's default for its option `heartbeat`, and the bounds of it, in minutes. */
export const HEARTBEAT = timing.HEARTBEAT / timing.MINUTE;
export const HEARTBEAT_BOUNDS = [timing.SHORTEST_HEARTBEAT / timing.MINUTE, timing.QUIET_HEARTBEAT / timing.MINUTE] as const;

/** The times of the client in web/src, with this option `heartbeat`. */
export function clientTimes(heartbeat = HEARTBEAT): ClientTimes {
  return {
    heartbeat,
    sync: timing.SYNC_EVERY / timing.MINUTE,
    // Each socket's life is shorter by a random part of the spread, half of it on average.
    socket: (timing.CHANGE_OVER - timing.CHANGE_OVER_SPREAD / 2) / timing.MINUTE,
  };
}

/** The longest, in minutes, that a dead link is not noticed by a page that is looked at: its silence, seen at the next look, and the wait for the answer. */
export function noticedWithin(heartbeat: number): number {
  return heartbeat + (timing.SILENCE_CHECK + timing.ANSWER_TIMEOUT) / timing.MINUTE;
}

/** The heartbeats in so many minutes. The answer to a sync ends a silence too, so heartbeats are counted between two syncs. */
export function heartbeats({ heartbeat, sync }: ClientTimes, minutes: number): number {
  // One after each full silence, also where a sync is due at the same moment, which it may come before.
  return (minutes / sync) * Math.floor(sync / heartbeat);
}
