import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { REASONS } from "../lib/dashboard";
import { FUNCTION_NAMES } from "../lib/functions";
import { metrics, metricsDimension, refusalReasons } from "./rust";
import { Readable, stack } from "./stack";

const ON_CALL = "arn:aws:sns:eu-central-1:123456789012:on-call";
const plain = new Readable(stack());
const named = new Readable(stack({ stackName: "Mine", alarmTopicArn: ON_CALL }));

/** The metrics that alarms and the dashboard read: namespace, name, dimensions. AWS's own are left out. */
function asked(of: Readable): Record<"alarms" | "dashboard", [string, string, Record<string, string>][]> {
  const alarms = of.ofType("AWS::CloudWatch::Alarm").flatMap(([, alarm]) => [
    ...(alarm.MetricName ? [alarm] : []),
    ...(alarm.Metrics ?? []).flatMap((one: Record<string, any>) => (one.MetricStat ? [one.MetricStat.Metric] : [])),
  ]);
  const named = (pairs: { Name: string; Value: string }[]) => pairs.map(({ Name, Value }) => [Name, Value]);
  const { widgets } = JSON.parse(of.only("AWS::CloudWatch::Dashboard").DashboardBody);
  const graphs = widgets.flatMap((widget: Record<string, any>) => widget.properties.metrics);
  const pairs = (words: unknown[]) =>
    words.flatMap((word, n) => (n % 2 === 0 && typeof word === "string" ? [[word, words[n + 1]]] : []));
  const ours = (metrics: [string, string, string[][]][]) =>
    metrics
      .filter(([namespace]) => !namespace.startsWith("AWS/"))
      .map(([space, name, by]) => [space, name, Object.fromEntries(by)] as [string, string, Record<string, string>]);
  return {
    alarms: ours(alarms.map((metric) => [metric.Namespace, metric.MetricName, named(metric.Dimensions ?? [])])),
    dashboard: ours(graphs.map(([space, name, ...rest]: string[]) => [space, name, pairs(rest)])),
  };
}

test("alarms and dashboard read metrics that the function in question prints, where it prints them", () => {
  for (const of of [plain, named]) {
    const { alarms, dashboard } = asked(of);
    assert.deepEqual([alarms.length, dashboard.length], [17, 31]);
    for (const [namespace, name, { [metricsDimension]: by, Reason, ...others }] of [...alarms, ...dashboard]) {
      const from = FUNCTION_NAMES.find((name) => name === by)!;
      assert(metrics(from).has(name), `${from} does not print ${name}`);
      const { Environment } = of.resources[`Functions/${from}`]!.Properties;
      assert.equal(namespace, Environment.Variables.METRICS_NAMESPACE);
      assert.deepEqual([others, Reason === undefined || name === "Refusals"], [{}, true]);
    }
  }
  assert.deepEqual(REASONS, refusalReasons);
});

for (const failure of ["StoreFailures", "Throttled"]) {
  test(`every function that counts ${failure} of its tables has an alarm for them`, () => {
    const watched = asked(plain).alarms.filter(([, name]) => name === failure);
    const printing = FUNCTION_NAMES.filter((name) => metrics(name).has(failure));
    assert.deepEqual(watched.map(([, , { Function: by }]) => by).sort(), [...printing].sort());
  });
}

test("what users can bring about by asking too much does not set off the alarm for the server's own faults", () => {
  const watched = plain.resources["Alarms/StoreFailures"]!.Properties.Metrics;
  const names = watched.flatMap((one: Record<string, any>) => (one.MetricStat ? [one.MetricStat.Metric.MetricName] : []));
  assert.deepEqual([...new Set(names)], ["StoreFailures"]);
});

test("there are ten alarms", () => assert.equal(plain.ofType("AWS::CloudWatch::Alarm").length, 10));

test("every metric that is printed is shown or watched", () => {
  const { alarms, dashboard } = asked(plain);
  const read = new Set([...alarms, ...dashboard].map(([, name, { Function: by }]) => `${name} of ${by}`));
  const printed = FUNCTION_NAMES.flatMap((from) => [...metrics(from)].map((name) => `${name} of ${from}`));
  assert.deepEqual([...read].sort(), printed.sort());
});

/** An hour's updates, and whether the alarm goes off. Its CloudWatch expression is evaluated as JavaScript. */
const HOURS: [string, { stale: number; updates: number }, boolean][] = [
  ["none is stale", { stale: 0, updates: 1_000 }, false],
  ["a pipeline tried again now and then", { stale: 100, updates: 1_000 }, false],
  ["more than one in ten is stale", { stale: 101, updates: 1_000 }, true],
  ["all are stale, of four", { stale: 4, updates: 4 }, false],
  ["all are stale, of five", { stale: 5, updates: 5 }, true],
  ["five are stale on a busy site", { stale: 5, updates: 10_000 }, false],
];

for (const [what, { stale, updates }, goesOff] of HOURS) {
  test(`the alarm for stale updates ${goesOff ? "goes off" : "is silent"} when ${what}`, () => {
    assert.equal(goesOffAt("Stale", { stale, updates }, 3600), goesOff);
  });
}

/** Whether an alarm goes off when its metrics have these values in a period of so many seconds; what is absent has none. */
function goesOffAt(name: string, values: Record<string, number | undefined>, period: number, of = plain): boolean {
  const { Metrics, ComparisonOperator, Threshold, TreatMissingData } = of.resources[`Alarms/${name}`]!.Properties;
  const read = Metrics.filter((one: { MetricStat?: object }) => one.MetricStat);
  assert.deepEqual(Object.keys(values).filter((id) => !read.some((one: { Id: string }) => one.Id === id)), []);
  for (const { MetricStat } of read) assert.deepEqual([MetricStat.Period, MetricStat.Stat], [period, "Sum"]);
  assert.deepEqual([ComparisonOperator, TreatMissingData], ["GreaterThanThreshold", "notBreaching"]);
  const math = Metrics.find((one: { Expression?: string }) => one.Expression).Expression;
  const ids: string[] = read.map((one: { Id: string }) => one.Id);
  const choose = (condition: boolean, then: number, otherwise: number) => (condition ? then : otherwise);
  const fill = (value: number | undefined, otherwise: number) => value ?? otherwise;
  const sum = () => ids.reduce((all, id) => all + (values[id] ?? 0), 0);
  const result = new Function("IF", "FILL", "SUM", "METRICS", ...ids, `return ${math}`);
  return result(choose, fill, sum, () => ids, ...ids.map((id) => values[id])) > Threshold;
}

/** Two hours of a stage, and whether the alarm for messages goes off. */
const EXCHANGES: [string, { all?: number; posts?: number; handshakes?: number }, boolean][] = [
  ["nobody is there", {}, false],
  ["a page has been open all the time", { all: 76, handshakes: 1 }, false],
  ["100,000 pages are looked at, and get ten updates each", { all: 8_600_000, posts: 1_000_000, handshakes: 100_000 }, false],
  ["a hundred pages get ten thousand updates each", { all: 1_007_600, posts: 1_000_000, handshakes: 100 }, false],
  ["one user sends a hundred syncs a second for a minute and a half", { all: 20_000, handshakes: 90 }, true],
  ["a few pages are open since before", { all: 9_999 }, false],
  ["one user asks for an hour, and nobody connects", { all: 720_000 }, true],
];

for (const [what, values, goesOff] of EXCHANGES) {
  test(`the alarm for messages ${goesOff ? "goes off" : "is silent"} when ${what}`, () =>
    assert.equal(goesOffAt("Messages", values, 7200), goesOff));
}

/** Five minutes of a stage whose throttle lets in 250 handshakes a second, and whether they count for the alarm. */
const HANDSHAKES: [string, { handshakes?: number; opened?: number; asked?: number }, boolean][] = [
  ["nobody is there", {}, false],
  ["pages come and ask", { handshakes: 30_000, opened: 30_000, asked: 36_000 }, false],
  ["more than half of what the throttle lets in has come", { handshakes: 37_501, opened: 37_000, asked: 37_000 }, true],
  ["half of it was refused", { handshakes: 40_000 }, true],
  ["sockets are opened and given up at once", { handshakes: 3_000, opened: 3_000, asked: 1_000 }, true],
  ["a few sockets ask for nothing", { handshakes: 2_000, opened: 2_000 }, false],
];

for (const [what, values, goesOff] of HANDSHAKES) {
  test(`the alarm for handshakes ${goesOff ? "counts five minutes" : "is silent"} when ${what}`, () =>
    assert.equal(goesOffAt("Connects", values, 300), goesOff));
}

test("the alarm for handshakes goes by the throttle that is set", () => {
  const small = new Readable(stack({ throttle: { $connect: { rate: 10, burst: 10 } } }));
  assert.deepEqual([1_500, 1_501].map((handshakes) => goesOffAt("Connects", { handshakes }, 300, small)), [false, true]);
});

test("the alarm for limits watches API Gateway's, Lambda's and DynamoDB's, and goes off beyond a hundred requests", () => {
  const { Metrics } = plain.resources["Alarms/Throttles"]!.Properties;
  const read = Metrics.filter((one: { MetricStat?: object }) => one.MetricStat);
  const named = read.map(({ MetricStat: { Metric } }: any) => [Metric.Namespace, Metric.MetricName, Metric.Dimensions?.length ?? 0]);
  assert.deepEqual(named, [
    ["AWS/ApiGateway", "ClientError", 2],
    ["AWS/Lambda", "Throttles", 0],
    ...["connect", "disconnect", "default"].map(() => ["Chatterbox", "Throttled", 1]),
  ]);
  assert.deepEqual([{ m0: 50, m1: 50 }, { m0: 50, m1: 50, m4: 1 }].map((of) => goesOffAt("Throttles", of, 300)), [false, true]);
});

test("an alarm goes off for a single event whose time is ahead, or for which there is no room", () => {
  assert.deepEqual([{}, { m0: 1 }, { m1: 1 }].map((values) => goesOffAt("OddEvents", values, 3600)), [false, true, true]);
});

const DOCUMENT = readFileSync(join(__dirname, "../../docs/operating.md"), "utf8");

test("every alarm's description says what happened and what to do, and docs/operating.md lists every alarm", () => {
  for (const [name, { AlarmDescription }] of plain.ofType("AWS::CloudWatch::Alarm")) {
    // At least two sentences, and at most CloudWatch's limit of 1,024 characters.
    assert.match(AlarmDescription, /^[A-Z].*\. .*\b(Look|Ask|Compare|set)\b.*\.$/, name);
    assert(AlarmDescription.length <= 1024, name);
    const alarm = name.replace("Alarms/", "");
    assert(DOCUMENT.includes(`| \`${alarm}\` |`), `docs/operating.md does not say what ${alarm} is`);
  }
});

test("docs/operating.md explains the metrics whose names do not explain themselves", () => {
  for (const name of ["Stale", "ClockAhead", "IgnoredRecords", "NoRoom", "BadEvents", "Deferred", "PostsEarly", "PostsGone", "Throttled"]) {
    assert(DOCUMENT.includes(`\`${name}\``), name);
  }
});

test("alarms notify the SNS topic if one is set, and nobody otherwise", () => {
  for (const [name, alarm] of named.ofType("AWS::CloudWatch::Alarm")) {
    assert.deepEqual(alarm.AlarmActions, [ON_CALL], name);
  }
  assert(plain.ofType("AWS::CloudWatch::Alarm").every(([, alarm]) => alarm.AlarmActions === undefined));
});
