import * as timing from "../../web/src/timing.js";

/** How the browser client behaves, in minutes. An estimate by other numbers than its own would be wrong. */
export interface Client {
  /** A socket on which nothing has come for so long is asked whether it is alive, while somebody looks at the page; */
  readonly heartbeat: number;
  /** or sooner, by up to so much, drawn anew each time. */
  readonly heartbeatSpread: number;
  /** An open page asks for what it may have missed. */
  readonly sync: number;
  /** A socket lives until its successor takes over: this long on average. */
  readonly socket: number;
}

/** By the client's own constants. */
export function client(): Client {
  return {
    heartbeat: timing.HEARTBEAT / timing.MINUTE,
    // No spread: while somebody looks at the page, a heartbeat comes as soon as it is due.
    heartbeatSpread: 0,
    sync: timing.SYNC_EVERY / timing.MINUTE,
    // Sockets that opened together should not all be changed together.
    socket: (timing.CHANGE_OVER - timing.CHANGE_OVER_SPREAD / 2) / timing.MINUTE,
  };
}

/** How often a socket is asked whether it is alive in so many minutes: the answer to a sync says that, too. */
export function heartbeats(habits: Client, minutes: number): number {
  return (minutes / habits.sync) * heartbeatsBetweenSyncs(habits);
}

const TICKS_A_MINUTE = 60;

/** How many to expect between two syncs: none to begin with; after the first, as many as fit into the time that is left. */
function heartbeatsBetweenSyncs({ heartbeat, heartbeatSpread, sync }: Client): number {
  const [end, longest] = [sync * TICKS_A_MINUTE, heartbeat * TICKS_A_MINUTE];
  const soonest = Math.max(1, longest - heartbeatSpread * TICKS_A_MINUTE);
  // expected[t]: how many, if t ticks are left until the sync.
  const expected: number[] = [];
  for (let left = 0; left <= end; left += 1) {
    let sum = 0;
    for (let tick = soonest; tick <= longest; tick += 1) if (tick < left) sum += 1 + expected[left - tick]!;
    expected.push(sum / (longest - soonest + 1));
  }
  return expected[end]!;
}
