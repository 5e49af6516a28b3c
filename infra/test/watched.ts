import assert from "node:assert/strict";
import { Readable } from "./stack";

/** The metrics that an alarm watches. */
export function watched({ MetricName, Namespace, Dimensions, Metrics }: Record<string, any>): Record<string, any>[] {
  if (MetricName) return [{ MetricName, Namespace, Dimensions }];
  return Metrics.flatMap(({ MetricStat }: Record<string, any>) => (MetricStat ? [MetricStat.Metric] : []));
}

/** The metrics that graphs of the dashboard show: namespace, name, dimensions. */
function shown(of: Readable): [string, string, string[][]][] {
  const { widgets } = JSON.parse(of.only("AWS::CloudWatch::Dashboard").DashboardBody);
  const graphs = widgets.flatMap((widget: Record<string, any>) => widget.properties.metrics ?? []);
  const pairs = (words: unknown[]) =>
    words.flatMap((word, n) => (n % 2 === 0 && typeof word === "string" ? [[word, words[n + 1] as string]] : []));
  return graphs.map(([space, name, ...rest]: string[]) => [space, name, pairs(rest)]);
}

/** How many metrics the dashboard shows. AWS's own examples count what is shown twice, by two statistics, once; here it counts twice. */
export const shownMetrics = (of: Readable): number => shown(of).length;

/** Our own metrics that alarms and the dashboard read: namespace, name, dimensions. AWS's are left out. */
export function asked(of: Readable): Record<"alarms" | "dashboard", [string, string, Record<string, string>][]> {
  const alarms = of.ofType("AWS::CloudWatch::Alarm").flatMap(([, alarm]) => watched(alarm));
  const named = (pairs: { Name: string; Value: string }[]) => pairs.map(({ Name, Value }) => [Name, Value]);
  const ours = (metrics: [string, string, string[][]][]) =>
    metrics
      .filter(([namespace]) => !namespace.startsWith("AWS/"))
      .map(([space, name, by]) => [space, name, Object.fromEntries(by)] as [string, string, Record<string, string>]);
  return {
    alarms: ours(alarms.map((metric) => [metric.Namespace, metric.MetricName, named(metric.Dimensions ?? [])])),
    dashboard: ours(shown(of)),
  };
}

/**
 * Whether an alarm goes off when its metrics have these values in a period of so many seconds; what is absent has none. Its
 * CloudWatch expression is evaluated as JavaScript. An alarm on one metric has it by the name `only`.
 */
export function goesOffAt(of: Readable, name: string, values: Record<string, number | undefined>, period: number): boolean {
  const alarm = of.resources[`Alarms/${name}`]!.Properties;
  const { ComparisonOperator, Threshold, TreatMissingData } = alarm;
  assert.equal(TreatMissingData, "notBreaching");
  const result = alarm.MetricName ? only(alarm, values, period) : evaluated(alarm.Metrics, values, period);
  if (result === undefined) return false;
  const comparisons: Record<string, boolean> = {
    GreaterThanThreshold: result > Threshold,
    GreaterThanOrEqualToThreshold: result >= Threshold,
  };
  assert(ComparisonOperator in comparisons, ComparisonOperator);
  return comparisons[ComparisonOperator]!;
}

function only({ Period }: Record<string, any>, values: Record<string, number | undefined>, period: number): number | undefined {
  assert.equal(Period, period);
  assert.deepEqual(Object.keys(values).filter((id) => id !== "only"), []);
  return values.only;
}

function evaluated(metrics: Record<string, any>[], values: Record<string, number | undefined>, period: number): number {
  const read = metrics.filter((one) => one.MetricStat);
  assert.deepEqual(Object.keys(values).filter((id) => !read.some((one) => one.Id === id)), []);
  for (const { MetricStat } of read) assert.equal(MetricStat.Period, period);
  const math = metrics.find((one) => one.Expression)!.Expression;
  const ids: string[] = read.map((one) => one.Id);
  const functions = {
    IF: (condition: boolean, then: number, otherwise: number) => (condition ? then : otherwise),
    FILL: (value: number | undefined, otherwise: number) => value ?? otherwise,
    MAX: (list: number[]) => Math.max(...list),
    SUM: () => ids.reduce((all, id) => all + (values[id] ?? 0), 0),
    METRICS: () => ids,
  };
  const names = Object.keys(functions);
  return new Function(...names, ...ids, `return ${math}`)(...Object.values(functions), ...ids.map((id) => values[id]));
}
