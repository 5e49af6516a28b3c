import type { Route } from "../lib/routes";
import { DEFAULT_THROTTLES } from "../lib/throttles";
import { ACCESS_LOG_BYTES, GB_SECONDS, LOG_BYTES, counted, logBytes, syncReads, type UpdateSize } from "./estimate";
import measured from "./measured.json";
import { cost, PRICES, type Item } from "./prices";

/** Floods: what a day of each costs, with the throttles as they are unless settings say otherwise, and without any. */

/** One attempt's share of the bill, by item. */
type Bill = Partial<Record<Item, number>>;

export interface Flood {
  /** Its name in contract.json. */
  readonly name: string;
  readonly what: string;
  /** The route whose throttle bounds it. */
  readonly route: Route;
  /** How many a second an account lets in that has no throttles and AWS's default quotas. */
  readonly unbounded: number;
  /** What one that is let in costs. */
  readonly bill: (size: UpdateSize) => Bill;
}

/** New sockets, and requests to all APIs together, a second: "Amazon API Gateway quotas". */
const ACCOUNT = { handshakes: 500, requests: 10_000 };

/** While handshakes are being refused, the chatter is read before anything is written (`make test-deploy` measures it). */
const REFUSED = measured.handshakes.refusedInFlood;
/**
 * Where the login has all the sockets that it may have, these are counted too, with an eventually consistent read. The emulator
 * counts that as the least that a read can be; in AWS it goes by the rows' bytes.
 */
const { rows, rowBytes } = measured.crowd;
const { overCapInFlood } = measured.handshakes;
const OVER_CAP = { ...overCapInFlood, read: overCapInFlood.read - 0.5 + Math.ceil((rows * rowBytes) / 4_096) / 2 };

/** The functions that run for an attempt: their time, their log, and a line of the access log for each. */
const runs = (...names: (keyof typeof GB_SECONDS)[]): Bill => ({
  "Lambda requests": names.length,
  "Lambda time": names.reduce((sum, name) => sum + GB_SECONDS[name], 0),
  "log data": (names.length * (LOG_BYTES + ACCESS_LOG_BYTES)) / 1e9,
});

export const FLOODS: Flood[] = [
  {
    name: "handshakes",
    what: "handshakes with wrong credentials",
    route: "$connect",
    unbounded: ACCOUNT.handshakes,
    bill: () => ({ ...runs("connect"), "DynamoDB reads": REFUSED.read, "DynamoDB writes": REFUSED.write }),
  },
  {
    name: "sockets",
    what: "sockets opened and given up by one user",
    route: "$connect",
    unbounded: ACCOUNT.handshakes,
    bill: () => ({
      ...runs("connect", "disconnect"),
      "DynamoDB reads": measured.units.connect.read + measured.units.disconnect.read,
      "DynamoDB writes": measured.units.connect.write + measured.units.disconnect.write,
    }),
  },
  {
    name: "syncs",
    what: "syncs without a cursor by one user",
    route: "$default",
    unbounded: ACCOUNT.requests,
    bill: (size) => ({ ...runs("default"), "DynamoDB reads": syncReads(logBytes(size)), messages: 2 }),
  },
  {
    name: "nonsense",
    what: "messages that are none of the protocol",
    route: "$default",
    unbounded: ACCOUNT.requests,
    bill: () => ({ ...runs("default"), messages: 2 }),
  },
  {
    name: "heartbeats",
    what: "heartbeats as fast as they go",
    route: "ping",
    unbounded: ACCOUNT.requests,
    bill: () => ({ messages: 2, "log data": ACCESS_LOG_BYTES / 1e9 }),
  },
  {
    name: "overCap",
    what: "sockets beyond what a login may have",
    route: "$connect",
    unbounded: ACCOUNT.handshakes,
    bill: () => ({ ...runs("connect"), "DynamoDB reads": OVER_CAP.read, "DynamoDB writes": OVER_CAP.write }),
  },
];

/** What so many attempts cost at the list price, in dollars. */
export function floodCost({ bill }: Flood, attempts: number, size: UpdateSize): number {
  const items = Object.entries(bill(size)) as [Item, number][];
  return items.reduce((sum, [item, quantity]) => sum + cost(PRICES[item], quantity * attempts), 0);
}

const DAY = 24 * 60 * 60;

/** For programs that play floods (`make attack`): each one's units, and what a day of it costs, in whole dollars. */
export function floodContract(size: UpdateSize): Record<string, object> {
  const of = (flood: Flood) => {
    const { "DynamoDB reads": read = 0, "DynamoDB writes": write = 0 } = flood.bill(size);
    const day = (perSecond: number) => Math.round(floodCost(flood, DAY * perSecond, size));
    return { read, write, dollarsADay: day(DEFAULT_THROTTLES[flood.route].rate), dollarsADayWithout: day(flood.unbounded) };
  };
  return Object.fromEntries(FLOODS.map((flood) => [flood.name, of(flood)]));
}

/** A table of the floods. */
export function floodTable(size: UpdateSize): string {
  const dollars = (amount: number) => amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const row = (...cells: string[]) => cells.map((cell, n) => (n === 0 ? cell.padEnd(42) : cell.padStart(12))).join("").trimEnd();
  const rows = FLOODS.map((flood) => {
    const { rate } = DEFAULT_THROTTLES[flood.route];
    const a = (seconds: number, perSecond: number) => dollars(floodCost(flood, seconds * perSecond, size));
    const [hour, day, without] = [a(DAY / 24, rate), a(DAY, rate), a(DAY, flood.unbounded)];
    return row(flood.what, `${rate}`, hour, day, `${flood.unbounded}`, without);
  });
  return [
    `Floods, with bodies of ${size.body} bytes and ${counted(size.topics, "topic")} for a login: US dollars at the list price`,
    "",
    row("", "throttled to", "", "", "without", ""),
    row("", "a second", "an hour", "a day", "a second", "a day"),
    ...rows,
    "",
    "What is beyond a limit is turned away by API Gateway, and counted as free: its documents do not say.",
  ].join("\n");
}
