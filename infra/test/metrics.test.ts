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
    assert.deepEqual([alarms.length, dashboard.length], [11, 23]);
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

test("every function that counts failures of its tables has an alarm for them", () => {
  const watched = asked(plain).alarms.filter(([, name]) => name === "StoreFailures");
  const printing = FUNCTION_NAMES.filter((name) => metrics(name).has("StoreFailures"));
  assert.deepEqual(watched.map(([, , { Function: by }]) => by).sort(), [...printing].sort());
});

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
    const alarm = plain.resources["Alarms/Stale"]!.Properties;
    const math = alarm.Metrics.find((one: { Expression?: string }) => one.Expression).Expression;
    const choose = (condition: boolean, then: number, otherwise: number) => (condition ? then : otherwise);
    const share = new Function("IF", "stale", "updates", `return ${math}`)(choose, stale, updates);
    assert.equal(alarm.ComparisonOperator, "GreaterThanThreshold");
    assert.equal(share > alarm.Threshold, goesOff, `${share} %`);
    for (const { MetricStat: read } of alarm.Metrics) if (read) assert.deepEqual([read.Period, read.Stat], [3600, "Sum"]);
  });
}

test("an alarm goes off for a single event whose time is ahead", () => {
  const { MetricName, Threshold, Period, Statistic, TreatMissingData } = plain.resources["Alarms/ClockAhead"]!.Properties;
  assert.deepEqual([MetricName, Threshold, Period, Statistic], ["ClockAhead", 0, 3600, "Sum"]);
  assert.equal(TreatMissingData, "notBreaching");
});

const DOCUMENT = readFileSync(join(__dirname, "../../docs/operating.md"), "utf8");

test("every alarm's description says what happened and what to do, and docs/deploy.md lists every alarm", () => {
  for (const [name, { AlarmDescription }] of plain.ofType("AWS::CloudWatch::Alarm")) {
    // At least two sentences, and at most CloudWatch's limit of 1,024 characters.
    assert.match(AlarmDescription, /^[A-Z].*\. .*\b(Look|Ask|Compare|set)\b.*\.$/, name);
    assert(AlarmDescription.length <= 1024, name);
    const alarm = name.replace("Alarms/", "").replace(/^(connect|disconnect|default|notify)Errors$/, "…Errors");
    assert(DOCUMENT.includes(`| \`${alarm}\` |`), `docs/operating.md does not say what ${alarm} is`);
  }
});

test("docs/deploy.md explains the metrics whose names do not explain themselves", () => {
  for (const name of ["Stale", "ClockAhead", "IgnoredRecords", "NoRoom", "BadEvents", "Deferred", "PostsEarly", "PostsGone"]) {
    assert(DOCUMENT.includes(`\`${name}\``), name);
  }
});

test("alarms notify the SNS topic if one is set, and nobody otherwise", () => {
  for (const [name, alarm] of named.ofType("AWS::CloudWatch::Alarm")) {
    assert.deepEqual(alarm.AlarmActions, [ON_CALL], name);
  }
  assert(plain.ofType("AWS::CloudWatch::Alarm").every(([, alarm]) => alarm.AlarmActions === undefined));
});
