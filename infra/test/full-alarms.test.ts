import assert from "node:assert/strict";
import { test } from "node:test";
import { REASONS } from "../lib/dashboard";
import { FUNCTION_NAMES } from "../lib/functions";
import { metrics, metricsDimension, refusalReasons } from "./rust";
import { Readable, stack } from "./stack";
import { asked, goesOffAt, watched } from "./watched";

const ON_CALL = "arn:aws:sns:eu-central-1:123456789012:on-call";
const plain = new Readable(stack({ observability: "full" }));
const named = new Readable(stack({ observability: "full", stackName: "Mine", alarmTopicArn: ON_CALL }));

test("alarms and dashboard read metrics that the function in question prints, where it prints them", () => {
  for (const of of [plain, named]) {
    const { alarms, dashboard } = asked(of);
    assert.deepEqual([alarms.length, dashboard.length], [20, 33]);
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
    const watching = asked(plain).alarms.filter(([, name]) => name === failure);
    const printing = FUNCTION_NAMES.filter((name) => metrics(name).has(failure));
    assert.deepEqual([...new Set(watching.map(([, , { Function: by }]) => by))].sort(), [...printing].sort());
  });
}

test("what users can bring about by asking too much does not set off the alarm for the server's own faults", () => {
  const names = watched(plain.resources["Alarms/StoreFailures"]!.Properties).map(({ MetricName }) => MetricName);
  assert.deepEqual([...new Set(names)], ["StoreFailures"]);
});

test("there are thirteen alarms, one for each cause", () => assert.equal(plain.ofType("AWS::CloudWatch::Alarm").length, 13));

test("every metric that is printed is shown or watched", () => {
  const { alarms, dashboard } = asked(plain);
  const read = new Set([...alarms, ...dashboard].map(([, name, { Function: by }]) => `${name} of ${by}`));
  const printed = FUNCTION_NAMES.flatMap((from) => [...metrics(from)].map((name) => `${name} of ${from}`));
  assert.deepEqual([...read].sort(), printed.sort());
});

/** An hour's updates, and whether the alarm goes off. */
const HOURS: [string, { stale: number; updates: number }, boolean][] = [
  ["none is stale", { stale: 0, updates: 1_000 }, false],
  ["a pipeline tried again now and then", { stale: 100, updates: 1_000 }, false],
  ["more than one in ten is stale", { stale: 101, updates: 1_000 }, true],
  ["all are stale, of four", { stale: 4, updates: 4 }, false],
  ["all are stale, of five", { stale: 5, updates: 5 }, true],
  ["five are stale on a busy site", { stale: 5, updates: 10_000 }, false],
];

for (const [what, { stale, updates }, expected] of HOURS) {
  test(`the alarm for stale updates ${expected ? "goes off" : "is silent"} when ${what}`, () => {
    assert.equal(goesOff("Stale", { stale, updates }, 3600), expected);
  });
}

const goesOff = (name: string, values: Record<string, number | undefined>, period: number, of = plain) => goesOffAt(of, name, values, period);

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

for (const [what, values, expected] of EXCHANGES) {
  test(`the alarm for messages ${expected ? "goes off" : "is silent"} when ${what}`, () =>
    assert.equal(goesOff("Messages", values, 7200), expected));
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

for (const [what, values, expected] of HANDSHAKES) {
  test(`the alarm for handshakes ${expected ? "counts five minutes" : "is silent"} when ${what}`, () =>
    assert.equal(goesOff("Connects", values, 300), expected));
}

test("the alarm for handshakes goes by the throttle that is set", () => {
  const small = new Readable(stack({ observability: "full", throttle: { $connect: { rate: 10, burst: 10 } } }));
  assert.deepEqual([1_500, 1_501].map((handshakes) => goesOff("Connects", { handshakes }, 300, small)), [false, true]);
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
  assert.deepEqual([{ m0: 50, m1: 50 }, { m0: 50, m1: 50, m4: 1 }].map((of) => goesOff("Throttles", of, 300)), [false, true]);
});

test("an alarm goes off for a single event whose time is ahead, or for which there is no room", () => {
  assert.deepEqual([{}, { m0: 1 }, { m1: 1 }].map((values) => goesOff("OddEvents", values, 3600)), [false, true, true]);
});

test("an alarm tells of calls that API Gateway had no answer to, and of no answer that $connect gave itself", () => {
  const cases: [Record<string, number>, boolean][] = [
    [{}, false],
    [{ answers: 900, refused: 850, failed: 20, throttled: 30 }, false],
    [{ answers: 900, refused: 889 }, true],
    [{ calls: 11 }, true],
    // Of a period's end, the one has come and the other has not.
    [{ answers: 5, refused: 900, calls: 5 }, false],
  ];
  for (const [values, expected] of cases) assert.equal(goesOff("Integration", values, 300), expected, JSON.stringify(values));
});

test("an alarm tells that the queue or a stream is not worked off", () => {
  const cases: [Record<string, number>, boolean][] = [
    [{}, false],
    // Five tries, six minutes apart.
    [{ queue: 1_800, notify: 600_000, revoke: 600_000 }, false],
    [{ queue: 2_701 }, true],
    [{ notify: 600_001 }, true],
    [{ revoke: 600_001 }, true],
  ];
  for (const [values, expected] of cases) assert.equal(goesOff("Waiting", values, 300), expected, JSON.stringify(values));
  const { Metrics } = plain.resources["Alarms/Waiting"]!.Properties;
  assert.deepEqual(Metrics.flatMap((one: any) => (one.MetricStat ? [one.MetricStat.Stat] : [])), ["Maximum", "Maximum", "Maximum"]);
});

test("an alarm tells of asynchronous events that were given up", () => {
  assert.deepEqual([{}, { m0: 1 }, { m1: 1 }].map((values) => goesOff("Dropped", values, 300)), [false, true, true]);
});
