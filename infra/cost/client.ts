import { readFileSync } from "node:fs";
import { join } from "node:path";

/** How the browser client behaves, in minutes. Its own source says so: an estimate by other numbers would be wrong. */
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

/** Where the client is. */
export const SOURCE = join(__dirname, "../../web/chatter.js");

/** As web/chatter.js has it. */
export function client(): Client {
  const source = readFileSync(SOURCE, "utf8");
  const minutes = (name: string) => {
    const found = new RegExp(`^const ${name} = (\\d+) \\* MINUTE;$`, "m").exec(source);
    if (!found) throw new Error(`web/chatter.js has no ${name} in minutes: cost/client.ts has to learn its new words.`);
    return Number(found[1]);
  };
  const spread = (name: string) =>
    Number(new RegExp(`\\b${name} - Math\\.random\\(\\) \\* (\\d+) \\* MINUTE`).exec(source)?.[1] ?? 0);
  return {
    heartbeat: minutes("HEARTBEAT"),
    heartbeatSpread: spread("HEARTBEAT"),
    sync: minutes("SYNC_EVERY"),
    // Sockets that opened together should not all be changed together.
    socket: minutes("CHANGE_OVER") - spread("CHANGE_OVER") / 2,
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
