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

/** The times of the client in web/src. */
export function clientTimes(): ClientTimes {
  return {
    heartbeat: timing.HEARTBEAT / timing.MINUTE,
    sync: timing.SYNC_EVERY / timing.MINUTE,
    // Each socket's life is shorter by a random part of the spread, half of it on average.
    socket: (timing.CHANGE_OVER - timing.CHANGE_OVER_SPREAD / 2) / timing.MINUTE,
  };
}

/** The heartbeats in so many minutes. The answer to a sync ends a silence too, so heartbeats are counted between two syncs. */
export function heartbeats({ heartbeat, sync }: ClientTimes, minutes: number): number {
  // One after each full silence; none at the moment when the next sync is due.
  const betweenSyncs = Math.ceil(sync / heartbeat) - 1;
  return (minutes / sync) * betweenSyncs;
}
