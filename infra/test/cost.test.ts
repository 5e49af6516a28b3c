import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CLIENT, estimate, FIXED, table, type Site } from "../cost/estimate";
import { PRICES, type Item } from "../cost/prices";
import { customMetrics } from "./rust";
import { Readable, stack } from "./stack";

const ROOT = join(__dirname, "../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const quantity = (site: Site, item: Item) => estimate(site).find((line) => line.item === item)!.quantity;

test("a user with a page open for 105 minutes a day and one update costs what can be counted by hand", () => {
  const site = { users: 1, updates: 1, hours: 1.75 };
  // 30 days of 105 minutes; one socket a day; a sync when it opens and seven more; 26.25 heartbeats.
  assert.equal(quantity(site, "connection minutes"), 3150);
  assert.equal(quantity(site, "messages"), 2 * 787.5 + 2 * 240 + 30 * (1.75 / 24));
  assert.equal(quantity(site, "Lambda requests"), 30 + 30 + 240 + 30);
  // $connect 5, $disconnect 2, notify 1; $disconnect 0.5, a sync 2, notify 1.
  assert.equal(quantity(site, "DynamoDB writes"), 30 * 8);
  assert.equal(quantity(site, "DynamoDB reads"), 30 * 0.5 + 240 * 2 + 30);
});

test("what is free is taken off, and never more than there is", () => {
  for (const line of estimate({ users: 10_000, updates: 4, hours: 2 })) {
    const { dollars, free } = PRICES[line.item];
    assert(Math.abs(line.dollars - line.quantity * dollars) < 1e-9);
    assert(Math.abs(line.dollars - line.afterFree - Math.min(line.quantity, free) * dollars) < 1e-9, line.item);
  }
});

test("twice the users use twice as much of all that users use", () => {
  const [one, two] = [5_000, 10_000].map((users) => estimate({ users, updates: 4, hours: 2 }));
  const fixed: Item[] = ["metrics", "alarms", "dashboards"];
  for (const [n, { item, quantity }] of one!.entries()) {
    const idle = item === "SQS requests" ? 5 * 3 * 60 * 24 * 30 : 0;
    const expected = fixed.includes(item) ? quantity : 2 * quantity - idle;
    assert(Math.abs(two![n]!.quantity - expected) < 1e-6, item);
  }
});

test("the estimate knows the browser client's habits", () => {
  const client = read("web/chatter.js");
  const minutes = (name: string) => Number(client.match(new RegExp(`const ${name} = (\\d+) \\* MINUTE`))![1]);
  assert.deepEqual([CLIENT.heartbeat, CLIENT.sync], [minutes("HEARTBEAT"), minutes("SYNC_EVERY")]);
  // It changes over up to ten minutes before CHANGE_OVER, at random: five on average.
  assert.match(client, /CHANGE_OVER - Math\.random\(\) \* 10 \* MINUTE/);
  assert.equal(CLIENT.changeOver, minutes("CHANGE_OVER") - 5);
});

test("the estimate counts every metric that is printed, and every one that an alarm watches", () => {
  const alarms = new Readable(stack()).ofType("AWS::CloudWatch::Alarm").map(([, alarm]) => alarm);
  const watched = alarms.map(
    ({ Metrics }) => Metrics?.filter((one: { MetricStat?: object }) => one.MetricStat).length ?? 1,
  );
  assert.equal(
    FIXED.alarmMetrics,
    watched.reduce((sum, of) => sum + of),
  );
  assert.equal(FIXED.metrics, customMetrics());
});

test("the document's tables are what the command prints", () => {
  const document = read("docs/deploy.md");
  for (const users of [100, 10_000, 1_000_000]) {
    const printed = table({ users, updates: 4, hours: 2 });
    assert(document.includes(printed.replace(/^(?=.)/gm, "    ")), `docs/deploy.md should hold:\n${printed}`);
  }
});

test("the command says what is wrong with a number", () => {
  const cost = (...words: string[]) =>
    spawnSync("node", ["--import", "tsx", "cost/main.ts", ...words], { cwd: join(ROOT, "infra"), encoding: "utf8" });
  assert.match(cost("100", "4", "2").stdout, /^100 users/);
  const wrong = cost("many", "4", "2");
  assert.deepEqual([wrong.status, wrong.stdout], [1, ""]);
  assert.match(wrong.stderr, /must be numbers/);
});
