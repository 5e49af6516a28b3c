import type { Observability } from "../lib/observability";
import { clientTimes, heartbeats, type ClientTimes } from "./client";
import measured from "./measured.json";
import { cost, PAGES, PRICES, SOURCE, type Item } from "./prices";

/** The size of updates. */
export interface UpdateSize {
  /** Bytes of an update's body. */
  readonly body: number;
  /** Topics of a login, each with its newest update. */
  readonly topics: number;
}

/** The size and traffic of a site. */
export interface Site extends UpdateSize {
  /** Users who have a page open at some time of the day. */
  readonly users: number;
  /** Updates for each of them a day. */
  readonly updates: number;
  /** Hours a day in which each of them has one page open. */
  readonly hours: number;
}

/** A row of the estimate: one item of the bill. */
export interface CostRow {
  readonly item: Item;
  /** How many units a month. */
  readonly quantity: number;
  /** At the list price. */
  readonly dollars: number;
  /** With what an account has free of charge. */
  readonly afterFree: number;
}

/** The billed GB-seconds of one invocation of each function: memory as deployed, times a duration on the safe side. */
export const GB_SECONDS = {
  connect: 0.25 * 0.02,
  disconnect: 0.25 * 0.02,
  default: 0.25 * 0.015,
  notify: 0.5 * 0.05,
  // It waits a second between its two looks.
  revoke: 0.25 * 1.2,
};

/** An invocation's log: a line of ours, and one of metrics, with what CloudWatch adds to each. */
export const LOG_BYTES = 1_100;

/** A line of the access log, which API Gateway writes for whatever browsers send. */
export const ACCESS_LOG_BYTES = 350;

/** Lambda asks the queue for work round the clock: five pollers, each waiting twenty seconds for a message. */
const IDLE_POLLS = 5 * 3 * 60 * 24 * 30;

/** A login's chatter IDs and connections. */
const BYTES_PER_USER = 1_500;

/**
 * The bytes of a login's log, which is one item: its bodies, and about so much beside each and beside all of them. A write
 * costs a unit for every kilobyte of it that is begun, also if it turns out to be a repeat or stale; a strongly consistent
 * read one for every four.
 */
export function logBytes({ body, topics }: UpdateSize): number {
  return 100 + topics * (body + 120);
}

const updateWrites = (bytes: number) => Math.ceil(bytes / 1_024);

/** A sync without a cursor reads the socket's row, and the whole log. */
export const syncReads = (bytes: number) => 1 + Math.ceil(bytes / 4_096);

/** How many metrics and dashboards there are, and metrics that alarms watch. infra/test/cost.test.ts counts them in the template. */
export const FIXED: Record<Observability, { metrics: number; alarmMetrics: number; dashboards: number }> = {
  free: { metrics: 10, alarmMetrics: 10, dashboards: 1 },
  full: { metrics: 36, alarmMetrics: 38, dashboards: 1 },
  none: { metrics: 0, alarmMetrics: 0, dashboards: 0 },
};

/** What can be chosen: the client's option `heartbeat`, in minutes, and the setting `observability`. */
export interface Choice {
  readonly heartbeat?: number;
  readonly observability?: Observability;
}

const DAYS = 30;

/** A number of something: `1 topic`, `2 topics`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** The messages of a month, each way, by what they are for. */
export function messages(site: Site, times: ClientTimes): { heartbeats: number; syncs: number; updates: number } {
  const { users, updates, hours } = site;
  const minutes = users * hours * 60 * DAYS;
  // Pings and syncs are two messages each, a question and its answer; a push is one.
  return {
    heartbeats: 2 * heartbeats(times, minutes),
    syncs: 2 * (sockets(site, times) + minutes / times.sync),
    updates: users * updates * DAYS * (hours / 24),
  };
}

/** The sockets opened in a month. A page that is open for a moment opens one too. */
function sockets({ users, hours }: Site, { socket }: ClientTimes): number {
  return users * DAYS * Math.max(1, (hours * 60) / socket);
}

/** The lines of a month's access log: one for each request of a browser, heartbeats included. */
function accessLogBytes(site: Site, times: ClientTimes): number {
  const { syncs, heartbeats } = messages(site, times);
  return (2 * sockets(site, times) + (syncs + heartbeats) / 2) * ACCESS_LOG_BYTES;
}

/** The cost of a month, by item. It counts each update as an event of its own through the queue, the most expensive way. */
export function estimate(
  site: Site,
  { heartbeat, observability = "free" }: Choice = {},
  times: ClientTimes = clientTimes(heartbeat),
): CostRow[] {
  const sent = messages(site, times);
  const events = site.users * site.updates * DAYS;
  const opened = sockets(site, times);
  const calls = { connect: opened, disconnect: opened, default: sent.syncs / 2, notify: events };
  const names = Object.keys(calls) as (keyof typeof calls)[];
  const sum = (each: (name: keyof typeof calls) => number) =>
    names.reduce((total, name) => total + calls[name] * each(name), 0);
  const requests = sum(() => 1);
  const bytes = logBytes(site);
  const quantities: Record<Item, number> = {
    messages: sent.heartbeats + sent.syncs + sent.updates,
    "connection minutes": site.users * site.hours * 60 * DAYS,
    "Lambda requests": requests,
    "Lambda time": sum((name) => GB_SECONDS[name]),
    "DynamoDB writes": sum((name) => (name === "notify" ? updateWrites(bytes) : measured.units[name].write)),
    "DynamoDB reads": sum((name) => (name === "default" ? syncReads(bytes) : measured.units[name].read)),
    "DynamoDB storage": (site.users * (BYTES_PER_USER + bytes)) / 1e9,
    // Sent, received, deleted.
    "SQS requests": 3 * events + IDLE_POLLS,
    "log data": (requests * LOG_BYTES + accessLogBytes(site, times)) / 1e9,
    metrics: FIXED[observability].metrics,
    alarms: FIXED[observability].alarmMetrics,
    dashboards: FIXED[observability].dashboards,
  };
  return (Object.keys(PRICES) as Item[]).map((item) => {
    const quantity = quantities[item];
    const price = PRICES[item];
    const paid = Math.max(0, quantity - price.free);
    return { item, quantity, dollars: cost(price, quantity), afterFree: cost(price, paid) };
  });
}

/** The estimate as a table, and the parts of the messages and of the log data. */
export function table(site: Site, choice: Choice = {}): string {
  const rows = estimate(site, choice);
  const total = (of: "dollars" | "afterFree") => rows.reduce((sum, row) => sum + row[of], 0);
  const row = (name: string, quantity: string, list: number, paid: number) =>
    `${name.padEnd(20)}${column(quantity, 16)}${column(money(list), 12)}${column(money(paid), 14)}`;
  return [
    `${count(site.users)} users, each with ${site.updates} updates a day and a page open for ${site.hours} hours a day: US dollars a month`,
    `(observability: "${choice.observability ?? "free"}"; bodies of ${site.body} bytes, ${counted(site.topics, "topic")} for each user: an update is ${counted(updateWrites(logBytes(site)), "write unit")})`,
    "",
    `${"".padEnd(20)}${"quantity".padStart(16)}${"list price".padStart(12)}${"after free".padStart(14)}`,
    ...rows.map(({ item, quantity, dollars, afterFree }) => row(item, count(quantity), dollars, afterFree)),
    row("all", "", total("dollars"), total("afterFree")),
    "",
    shares(site, choice),
    `Not counted are logouts: a million, each with one page open, cost ${money(logouts(1e6))}.`,
  ].join("\n");
}

/** What so many logouts cost at the list price, each with one socket open, which revoke closes. */
export function logouts(quantity: number): number {
  const { read, write } = measured.units.revoke;
  const each: Partial<Record<Item, number>> = {
    "Lambda requests": 1,
    "Lambda time": GB_SECONDS.revoke,
    "DynamoDB reads": read,
    "DynamoDB writes": write,
    "log data": LOG_BYTES / 1e9,
  };
  const items = Object.entries(each) as [Item, number][];
  return items.reduce((sum, [item, units]) => sum + cost(PRICES[item], units * quantity), 0);
}

/** The parts of the messages and of the log data. */
function shares(site: Site, choice: Choice): string {
  const times = clientTimes(choice.heartbeat);
  const { heartbeats, syncs, updates } = messages(site, times);
  const percent = (part: number, all = heartbeats + syncs + updates) => `${Math.round((100 * part) / (all || 1))} %`;
  const logs = 1e9 * estimate(site, choice).find(({ item }) => item === "log data")!.quantity;
  return (
    `Of the messages, ${percent(heartbeats)} are heartbeats (after ${times.heartbeat} minutes of silence), ` +
    `${percent(syncs)} syncs (every ${times.sync} minutes), ${percent(updates)} updates.\n` +
    `Of the log data, ${percent(accessLogBytes(site, times), logs)} are the access log (accessLog: false switches it off).`
  );
}

/** How far the prices can be trusted. */
export function sources(): string {
  return [
    `Prices: ${SOURCE.region}, ${SOURCE.date}, some of them from general knowledge. They change: check them at`,
    ...PAGES.map((page) => `  ${page}`),
  ].join("\n");
}

/** To the right of a column, and with a blank before it however long it is. */
function column(text: string, width: number): string {
  return ` ${text}`.padStart(width);
}

function count(quantity: number): string {
  return quantity.toLocaleString("en-US", { maximumFractionDigits: quantity < 10 ? 3 : 0 });
}

function money(dollars: number): string {
  return dollars.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
