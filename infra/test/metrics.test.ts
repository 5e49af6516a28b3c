import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FIXED } from "../cost/estimate";
import { OBSERVABILITIES } from "../lib/observability";
import { FUNCTION_NAMES } from "../lib/functions";
import { customMetrics } from "./rust";
import { Readable, stack } from "./stack";
import { shownMetrics, watched } from "./watched";

const ON_CALL = "arn:aws:sns:eu-central-1:123456789012:on-call";
const of = Object.fromEntries(OBSERVABILITIES.map((observability) => [observability, new Readable(stack({ observability }))]));
const withAlarms = [of.free!, of.full!];
const alarms = (readable: Readable) => readable.ofType("AWS::CloudWatch::Alarm");

for (const observability of OBSERVABILITIES) {
  test(`the estimate for "${observability}" counts every metric that is printed, every one that an alarm watches, and the dashboard`, () => {
    const readable = of[observability]!;
    assert.deepEqual(FIXED[observability], {
      metrics: customMetrics(observability),
      alarmMetrics: alarms(readable).reduce((sum, [, alarm]) => sum + watched(alarm).length, 0),
      dashboards: readable.ofType("AWS::CloudWatch::Dashboard").length,
    });
  });

  test(`with "${observability}" every function is told so`, () => {
    for (const name of FUNCTION_NAMES) {
      const { OBSERVABILITY } = of[observability]!.resources[`Functions/${name}`]!.Properties.Environment.Variables;
      assert.equal(OBSERVABILITY, observability);
    }
  });
}

test("nothing is set, and no metric, alarm or dashboard costs anything in an account that has no others", () => {
  const plain = new Readable(stack());
  assert.deepEqual(alarms(plain).map(([name]) => name), alarms(of.free!).map(([name]) => name));
  const { metrics, alarmMetrics, dashboards } = FIXED.free;
  assert(metrics <= 10 && alarmMetrics <= 10 && dashboards <= 1);
});

test("a dashboard shows at most the fifty metrics that a free one may, and no alarm watches more than ten", () => {
  for (const readable of withAlarms) {
    assert(shownMetrics(readable) <= 50, `${shownMetrics(readable)}`);
    for (const [name, alarm] of alarms(readable)) assert(watched(alarm).length <= 10, name);
  }
});

test("without observability there is no alarm and no dashboard", () => {
  assert.deepEqual(of.none!.ofType("AWS::CloudWatch::Alarm"), []);
  assert.deepEqual(of.none!.ofType("AWS::CloudWatch::Dashboard"), []);
});

const DOCUMENT = readFileSync(join(__dirname, "../../docs/operating.md"), "utf8");

test("every alarm's description says what happened and what to do, and docs/operating.md lists every alarm", () => {
  for (const [name, { AlarmDescription }] of withAlarms.flatMap(alarms)) {
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
  for (const observability of ["free", "full"] as const) {
    const named = new Readable(stack({ observability, alarmTopicArn: ON_CALL }));
    for (const [name, alarm] of alarms(named)) assert.deepEqual(alarm.AlarmActions, [ON_CALL], name);
    assert(alarms(of[observability]!).every(([, alarm]) => alarm.AlarmActions === undefined));
  }
});
