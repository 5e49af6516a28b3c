import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { clientTimes, heartbeats, noticedWithin } from "../cost/client";
import { estimate, logouts, sources, table, type Site } from "../cost/estimate";
import { heartbeatTable } from "../cost/heartbeats";
import { FLOODS, floodCost, floodTable } from "../cost/flood";
import { cost, PAGES, PRICES, type Item } from "../cost/prices";
import { DEFAULT_THROTTLES } from "../lib/throttles";
import { livePage } from "./page";

const ROOT = join(__dirname, "../..");
const SMALL = { body: 200, topics: 1 };
const TIMES = { heartbeat: 4, sync: 15, socket: 105 };
const quantity = (site: Site, item: Item) => estimate(site, {}, TIMES).find((row) => row.item === item)!.quantity;

test("the estimate for a user with a page open for 105 minutes a day and one update is that of a calculation by hand", () => {
  const site = { users: 1, updates: 1, hours: 1.75, ...SMALL };
  // 30 days of 105 minutes; one socket a day; a sync when it opens and seven more; three heartbeats between two syncs.
  assert.equal(quantity(site, "connection minutes"), 3150);
  assert.equal(quantity(site, "messages"), 30 * (2 * 21 + 2 * 8 + 1.75 / 24));
  assert.equal(quantity(site, "Lambda requests"), 30 + 30 + 240 + 30);
  // $connect 5, $disconnect 2, notify 1; $connect and $disconnect 0.5, a sync 2, notify 1.
  assert.equal(quantity(site, "DynamoDB writes"), 30 * 8);
  assert.equal(quantity(site, "DynamoDB reads"), 30 * (0.5 + 0.5) + 240 * 2 + 30);
});

test("a heartbeat is counted only after its time of silence", () => {
  const anHour = (heartbeat: number) => heartbeats({ ...TIMES, heartbeat }, 60);
  assert.deepEqual([4, 8, 15, 20, 5].map(anHour), [12, 4, 4, 0, 12]);
});

for (const minutes of [undefined, 1, 5, 8.5]) {
  test(`the browser client sends as many heartbeats and syncs as the estimate says, with heartbeat ${minutes ?? "left out"}`, async (t) => {
    const times = clientTimes(minutes);
    const page = await livePage(t, 0.5, minutes && minutes * 60_000);
    await page.live(4 * times.sync);
    assert.equal(page.sent("ping"), heartbeats(times, 4 * times.sync));
    // One sync when the socket opens, and one at the end of each period.
    assert.equal(page.sent("sync"), 1 + 4);
  });
}

test("100 users cost at most 40 cents a month after what is free", () => {
  const total = estimate({ users: 100, updates: 4, hours: 2, ...SMALL }).reduce((sum, { afterFree }) => sum + afterFree, 0);
  assert(total <= 0.4, `${total}`);
});

test("a shorter heartbeat costs more and notices sooner, a longer one less and later", () => {
  const total = (heartbeat: number) =>
    estimate({ users: 100, updates: 4, hours: 2, ...SMALL }, { heartbeat }).reduce((sum, { afterFree }) => sum + afterFree, 0);
  assert(total(1) > total(4) && total(4) > total(8));
  // The silence, half a minute to the next look at it, and ten seconds for the answer.
  assert(Math.abs(noticedWithin(4) - (4 + 0.5 + 1 / 6)) < 1e-9);
});

test("full and none cost what their metrics, alarms and dashboards do", () => {
  const site = { users: 10_000, updates: 4, hours: 2, ...SMALL };
  const sum = (observability: "free" | "full" | "none", of: "dollars" | "afterFree") =>
    estimate(site, { observability }).reduce((all, row) => all + row[of], 0);
  const close = (dollars: number, expected: number) => assert(Math.abs(dollars - expected) < 1e-9, `${dollars}`);
  close(sum("full", "afterFree") - sum("free", "afterFree"), 26 * 0.3 + 28 * 0.1);
  close(sum("free", "dollars") - sum("none", "dollars"), 10 * 0.3 + 10 * 0.1 + 3);
});

test("the browser client changes its socket as often as the estimate says", async (t) => {
  const { socket } = clientTimes();
  // The estimate counts with the middle of the range from which the client draws.
  const changes = [];
  for (const drawn of [0.25, 0.5, 0.75]) {
    const page = await livePage(t, drawn);
    changes.push(await page.minutesUntilNextSocket());
    page.close();
  }
  const [later, middle, sooner] = changes as [number, number, number];
  assert.equal(middle, socket);
  assert.equal((later + sooner) / 2, socket);
});

test("the free tier is subtracted from the costs, up to the quantity used", () => {
  for (const { item, quantity, dollars, afterFree } of estimate({ users: 10_000, updates: 4, hours: 2, ...SMALL })) {
    const price = PRICES[item];
    assert(Math.abs(dollars - quantity * price.dollars) < 1e-9);
    assert(Math.abs(dollars - afterFree - Math.min(quantity, price.free) * price.dollars) < 1e-9, item);
  }
});

test("a volume discount applies only to the units beyond its threshold", () => {
  const price = { dollars: 1, unit: "message", free: 0, beyond: { units: 10, dollars: 0.5 } };
  assert.deepEqual([cost(price, 4), cost(price, 10), cost(price, 14)], [4, 10, 12]);
});

test("twice the users double every quantity that depends on users", () => {
  const [one, two] = [5_000, 10_000].map((users) => estimate({ users, updates: 4, hours: 2, ...SMALL }));
  const fixed: Item[] = ["metrics", "alarms", "dashboards"];
  for (const [n, { item, quantity }] of one!.entries()) {
    const idle = item === "SQS requests" ? 5 * 3 * 60 * 24 * 30 : 0;
    const expected = fixed.includes(item) ? quantity : 2 * quantity - idle;
    assert(Math.abs(two![n]!.quantity - expected) < 1e-6, item);
  }
});

/** The document contains the command's output for three sites, between two marks. */
test("an update is billed by its login's whole log, and a sync reads all of it", () => {
  const units = (body: number, topics: number) => {
    const site = { users: 1, updates: 1, hours: 1.75, body, topics };
    const [events, syncs] = [30, 240];
    return [(quantity(site, "DynamoDB writes") - 30 * 7) / events, (quantity(site, "DynamoDB reads") - 30 * 1 - events) / syncs];
  };
  assert.deepEqual(units(200, 1), [1, 2]);
  assert.deepEqual(units(2_000, 1), [3, 2]);
  // As measured: 127 write units, and 33 read units for a sync.
  assert.deepEqual(units(8_000, 16), [127, 33]);
});

test("a thousand of each flood's attempts cost what a calculation by hand says", () => {
  const thousands = Object.fromEntries(FLOODS.map((flood) => [flood.what, floodCost(flood, 1_000, { body: 8_000, topics: 16 })]));
  const log = (1_450 * 0.5) / 1e6;
  const run = 0.0002 + log;
  const close = (what: string, dollars: number) => assert(Math.abs(thousands[what]! - dollars) < 1e-9, `${what} ${thousands[what]}`);
  close("handshakes with wrong credentials", run + 5 * 0.0000133334 + 0.000125);
  close("sockets opened and given up by one user", 2 * run + 10 * 0.0000133334 + 1 * 0.000125 + 7 * 0.000625);
  close("syncs without a cursor by one user", run + 3.75 * 0.0000133334 + 33 * 0.000125 + 0.002);
  close("messages that are none of the protocol", run + 3.75 * 0.0000133334 + 0.002);
  close("sockets beyond what a login may have", run + 5 * 0.0000133334 + 3 * 0.000125);
});

test("a thousand logouts cost what a calculation by hand says", () => {
  const byHand = 0.0002 + 300 * 0.0000133334 + 3 * 0.000125 + 2 * 0.000625 + (1_100 * 0.5) / 1e6;
  assert(Math.abs(logouts(1_000) - byHand) < 1e-9, `${logouts(1_000)}`);
});

test("throttles make every flood cheaper than an account's own limits do", () => {
  for (const { what, route, unbounded } of FLOODS) assert(DEFAULT_THROTTLES[route].rate <= unbounded / 2, what);
});

test("the document about attacks has the floods as the command prints them", () => {
  const printed = [{ body: 8_000, topics: 16 }].map(floodTable).join("\n\n").replace(/^(?=.)/gm, "    ");
  assertPrinted("docs/under-attack.md", printed);
});

/** That a document has this text between its two marks. UPDATE_SNAPSHOT=1 puts it there. */
function assertPrinted(document: string, printed: string): void {
  const path = join(ROOT, document);
  const [before, , after] = readFileSync(path, "utf8").split(/(?<=<!-- make cost -->\n)([^]*?)(?=<!-- so far -->)/);
  assert(after, `${document} has no marks <!-- make cost --> and <!-- so far --> around the numbers`);
  const expected = `${before}\n${printed}\n\n${after}`;
  if (process.env.UPDATE_SNAPSHOT) writeFileSync(path, expected);
  assert.equal(readFileSync(path, "utf8"), expected, "UPDATE_SNAPSHOT=1 writes it anew: read the difference");
}

test("the document's numbers are what the command prints", () => {
  const sites = [100, 10_000, 1_000_000].map((users) => ({ users, updates: 4, hours: 2, ...SMALL }));
  const tables = sites.map((site) => table(site));
  assertPrinted("docs/deploy.md", [...tables, heartbeatTable(sites[1]!), sources()].join("\n\n").replace(/^(?=.)/gm, "    "));
});

test("the command prints the estimate, the prices' source, and the pages to look them up", () => {
  const { status, stdout } = run("100", "4", "2", "8000", "16", "5", "full");
  const choice = { heartbeat: 5, observability: "full" } as const;
  const site = { users: 100, updates: 4, hours: 2, body: 8_000, topics: 16 };
  assert.deepEqual([status, stdout], [0, `${[table(site, choice), heartbeatTable(site, choice), floodTable(site), sources()].join("\n\n")}\n`]);
  for (const page of PAGES) assert(stdout.includes(page));
  assert.match(stdout, /us-east-1, November 2026, some of them from general knowledge/);
});

const RIGHT = ["100", "4", "2", "200", "1", "4", "free"];
const WRONG = [
  [0, "many"],
  [0, ""],
  [0, "-1"],
  [0, "9".repeat(400)],
  [1, "86401"],
  [2, "25"],
  [3, "8193"],
  [4, "17"],
  [4, "0"],
  [5, "0.5"],
  [5, "9"],
  [6, "cheap"],
] as const;
test("the command refuses to run with fewer arguments", () => assert.equal(run(...RIGHT.slice(0, 5)).status, 1));
for (const [position, word] of WRONG) {
  test(`the command refuses ${JSON.stringify(word)} as its argument ${position + 1} and says why`, () => {
    const { status, stdout, stderr } = run(...RIGHT.with(position, word));
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, /USERS, UPDATES, HOURS, BODY, TOPICS and HEARTBEAT must be numbers/);
  });
}

test("columns stay apart, however much it is", () => {
  const { stdout } = run("10000000000", "86400", "24", "8192", "16", "1", "full");
  const rows = stdout.split("\n").filter((line) => /^(messages {2}|DynamoDB|log data|all {2})/.test(line));
  assert.equal(rows.length, 6);
  assert(rows.every((row) => row.slice(20).trim().split(/ +/).every((number) => /^\d{1,3}(,\d{3})*(\.\d+)?$/.test(number))));
});

function run(...words: string[]) {
  const options = { cwd: join(ROOT, "infra"), encoding: "utf8" } as const;
  return spawnSync("node", ["--import", "tsx", "cost/main.ts", ...words], options);
}
