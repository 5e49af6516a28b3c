import assert from "node:assert/strict";
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
  const functions = new Map(FUNCTION_NAMES.map((name) => [metricsDimension(name)[1], name]));
  for (const of of [plain, named]) {
    const { alarms, dashboard } = asked(of);
    assert.deepEqual([alarms.length, dashboard.length], [7, 18]);
    for (const [namespace, name, { Function: by, Reason, ...others }] of [...alarms, ...dashboard]) {
      const from = functions.get(by!)!;
      assert(metrics(from).has(name), `${from} does not print ${name}`);
      const { Environment } = of.resources[`Functions/${from}`]!.Properties;
      assert.equal(namespace, Environment.Variables.METRICS_NAMESPACE);
      assert.deepEqual([others, Reason === undefined || name === "Refusals"], [{}, true]);
    }
  }
  for (const name of FUNCTION_NAMES) assert.deepEqual(metricsDimension(name), ["Function", name]);
  assert.deepEqual(REASONS, refusalReasons());
});

test("an alarm goes off for every function that can find its table not answering", () => {
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

test("an alarm tells the topic where one is set, and nobody else", () => {
  for (const [name, alarm] of named.ofType("AWS::CloudWatch::Alarm")) {
    assert.deepEqual(alarm.AlarmActions, [ON_CALL], name);
  }
  assert(plain.ofType("AWS::CloudWatch::Alarm").every(([, alarm]) => alarm.AlarmActions === undefined));
});
