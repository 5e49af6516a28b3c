import measured from "./measured.json";
import { PRICES, type Item } from "./prices";

/** What a site looks like. */
export interface Site {
  /** Users who have a page open at some time of the day. */
  readonly users: number;
  /** Updates for each of them a day. */
  readonly updates: number;
  /** Hours a day in which each of them has one page open. */
  readonly hours: number;
}

export interface Line {
  readonly item: Item;
  /** How many units a month. */
  readonly quantity: number;
  /** At the list price. */
  readonly dollars: number;
  /** With what an account has free of charge. */
  readonly afterFree: number;
}

/**
 * How the browser client behaves (web/chatter.js): the minutes between heartbeats, between syncs, and until a socket is
 * changed for its successor.
 */
export const CLIENT = { heartbeat: 4, sync: 15, changeOver: 105 };

/** What a function's invocation is billed for, in GB-seconds: memory as deployed, and time with room to spare. */
const GB_SECONDS = { connect: 0.25 * 0.02, disconnect: 0.25 * 0.02, default: 0.25 * 0.015, notify: 0.5 * 0.05 };

/** An invocation's log: a line of ours, one of metrics, and the access log's. */
const LOG_BYTES = 1_500;

/** Lambda asks the queue for work round the clock: five pollers, each waiting twenty seconds for a message. */
const IDLE_POLLS = 5 * 3 * 60 * 24 * 30;

/** A login's rows: its chatter IDs and its updates. */
const BYTES_PER_USER = 2_000;

/** What the functions print and the alarms watch: counted in the template by infra/test/cost.test.ts. */
export const FIXED = { metrics: 21, alarmMetrics: 17 };

const DAYS = 30;

/** What a month costs, by item. Updates come by the queue, one event each: the dearest of the ways in. */
export function estimate({ users, updates, hours }: Site): Line[] {
  const minutes = users * hours * 60 * DAYS;
  // Whoever looks in for a moment opens a socket too.
  const sockets = users * DAYS * Math.max(1, (hours * 60) / CLIENT.changeOver);
  const syncs = sockets + minutes / CLIENT.sync;
  const events = users * updates * DAYS;
  const pushes = events * Math.min(1, hours / 24);
  const calls = { connect: sockets, disconnect: sockets, default: syncs, notify: events };
  const names = Object.keys(calls) as (keyof typeof calls)[];
  const sum = (each: (name: keyof typeof calls) => number) =>
    names.reduce((total, name) => total + calls[name] * each(name), 0);
  const requests = sum(() => 1);
  const quantities: Record<Item, number> = {
    // A heartbeat and its answer, a sync and its reply, and a push.
    messages: 2 * (minutes / CLIENT.heartbeat) + 2 * syncs + pushes,
    "connection minutes": minutes,
    "Lambda requests": requests,
    "Lambda time": sum((name) => GB_SECONDS[name]),
    "DynamoDB writes": sum((name) => measured.units[name].write),
    "DynamoDB reads": sum((name) => measured.units[name].read),
    "DynamoDB storage": (users * BYTES_PER_USER) / 1e9,
    // Sent, received, deleted.
    "SQS requests": 3 * events + IDLE_POLLS,
    "log data": (requests * LOG_BYTES) / 1e9,
    metrics: FIXED.metrics,
    alarms: FIXED.alarmMetrics,
    dashboards: 1,
  };
  return (Object.keys(PRICES) as Item[]).map((item) => {
    const quantity = quantities[item];
    const { dollars, free } = PRICES[item];
    return { item, quantity, dollars: quantity * dollars, afterFree: Math.max(0, quantity - free) * dollars };
  });
}

/** The estimate as a table. */
export function table(site: Site): string {
  const lines = estimate(site);
  const total = (of: "dollars" | "afterFree") => lines.reduce((sum, line) => sum + line[of], 0);
  const row = (name: string, quantity: string, list: number, paid: number) =>
    `${name.padEnd(20)}${quantity.padStart(16)}${money(list).padStart(12)}${money(paid).padStart(14)}`;
  return [
    `${site.users} users, each with ${site.updates} updates a day and a page open for ${site.hours} hours a day: US dollars a month`,
    "",
    `${"".padEnd(20)}${"quantity".padStart(16)}${"list price".padStart(12)}${"after free".padStart(14)}`,
    ...lines.map(({ item, quantity, dollars, afterFree }) => row(item, count(quantity), dollars, afterFree)),
    row("all", "", total("dollars"), total("afterFree")),
  ].join("\n");
}

function count(quantity: number): string {
  return quantity.toLocaleString("en-US", { maximumFractionDigits: quantity < 10 ? 3 : 0 });
}

function money(dollars: number): string {
  return dollars.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
