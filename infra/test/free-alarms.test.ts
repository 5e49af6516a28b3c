import assert from "node:assert/strict";
import { test } from "node:test";
import { summaries, summary } from "./rust";
import { Readable, stack } from "./stack";
import { asked, goesOffAt, watched } from "./watched";

const plain = new Readable(stack());
const FIVE_MINUTES = 300;
const QUARTER_HOUR = 900;
const HOUR = 3600;
const TWO_HOURS = 7200;

/** Whether the alarm on a sum goes off where the functions counted so many of each metric. */
function goesOff(alarm: string, sum: string, counts: Record<string, number>, period: number): boolean {
  const [{ MetricName }] = watched(plain.resources[`Alarms/${alarm}`]!.Properties) as [Record<string, any>];
  assert.equal(MetricName, sum);
  return goesOffAt(plain, alarm, { only: summary(sum, counts) }, period);
}

test("alarms and dashboard read sums that the functions print, without dimensions, where they print them", () => {
  const { alarms, dashboard } = asked(plain);
  const { METRICS_NAMESPACE } = plain.resources["Functions/notify"]!.Properties.Environment.Variables;
  for (const [namespace, name, dimensions] of [...alarms, ...dashboard]) {
    assert(name in summaries, name);
    assert.deepEqual([namespace, dimensions], [METRICS_NAMESPACE, {}]);
  }
  const read = new Set([...alarms, ...dashboard].map(([, name]) => name));
  assert.deepEqual([...read].sort(), Object.keys(summaries).sort());
});

/** Each cause that an alarm of "full" tells of, and the alarm of "free" that tells of it too. */
const TROUBLE: [string, Record<string, number>, boolean][] = [
  ["nothing", {}, false],
  ["a table that did not answer", { StoreFailures: 1 }, true],
  ["an event that cannot be read", { BadEvents: 1 }, true],
  ["a login without room for a topic", { NoRoom: 1 }, true],
  ["a clock that is ahead", { ClockAhead: 1 }, true],
  ["a stream that is not worked off", { LateRecords: 1 }, true],
  ["a user who makes a table throttle", { Throttled: 99 }, false],
  ["tables that throttle a hundred requests", { Throttled: 100 }, true],
  ["a third of the handshakes that the throttle lets in", { Connects: 20_000, Refusals: 5_000 }, false],
  ["more than half of them", { Connects: 37_501 }, true],
  ["as many that are refused", { Refusals: 37_501 }, true],
  ["a busy day", { Connects: 5_000, Syncs: 9_000, Updates: 90_000, PostsSent: 90_000, Deferred: 50, Stale: 900 }, false],
];

for (const [what, counts, expected] of TROUBLE) {
  test(`the alarm Trouble ${expected ? "goes off" : "is silent"} for ${what}`, () =>
    assert.equal(goesOff("Trouble", "Trouble", counts, FIVE_MINUTES), expected));
}

/** A quarter of an hour's handshakes. */
const HANDSHAKES: [string, { Refusals?: number; Connects?: number }, boolean][] = [
  ["nobody is there", {}, false],
  ["one page has a wrong chatter ID, and tries again", { Refusals: 10 }, false],
  ["three pages have", { Refusals: 20 }, true],
  ["half of a busy site's are refused", { Refusals: 5_000, Connects: 5_000 }, false],
  ["more than half are", { Refusals: 5_100, Connects: 4_900 }, true],
];

for (const [what, counts, expected] of HANDSHAKES) {
  test(`the alarm Refusals ${expected ? "goes off" : "is silent"} when ${what}`, () =>
    assert.equal(goesOff("Refusals", "RefusalExcess", counts, QUARTER_HOUR), expected));
}

/** An hour of notify. */
const UPDATES: [string, { Updates: number; Stale?: number; PostsSent?: number; PostsFailed?: number }, boolean][] = [
  ["a pipeline tried again now and then", { Updates: 1_000, Stale: 95, PostsSent: 900 }, false],
  ["four updates are stale, of four", { Updates: 4, Stale: 4 }, false],
  ["five are, of five", { Updates: 5, Stale: 5 }, true],
  ["a quarter is stale, and all others reach a page", { Updates: 1_000, Stale: 250, PostsSent: 750 }, true],
  ["two browsers are slow", { Updates: 10, PostsFailed: 2, PostsSent: 3 }, false],
  ["no post arrives on a small site, where one user in twelve is on line", { Updates: 100, PostsFailed: 8 }, true],
  ["a seventh of the posts is given up on a busy one", { Updates: 10_000, PostsFailed: 1_500, PostsSent: 9_000 }, true],
  ["one post in fifty is", { Updates: 10_000, PostsFailed: 200, PostsSent: 9_800 }, false],
];

for (const [what, counts, expected] of UPDATES) {
  test(`the alarm Undelivered ${expected ? "goes off" : "is silent"} when ${what}`, () =>
    assert.equal(goesOff("Undelivered", "UndeliveredExcess", counts, HOUR), expected));
}

/** Two hours of a stage. */
const EXCHANGES: [string, { all?: number; handshakes?: number; posts?: number }, boolean][] = [
  ["nobody is there", {}, false],
  ["a page has been open all the time", { all: 76, handshakes: 1 }, false],
  ["100,000 pages are looked at, and get ten updates each", { all: 8_600_000, posts: 1_000_000, handshakes: 100_000 }, false],
  ["a hundred pages get ten thousand updates each", { all: 1_007_600, posts: 1_000_000, handshakes: 100 }, false],
  ["a few pages are open since before", { all: 9_999 }, false],
  ["one user sends a hundred syncs a second for three minutes", { all: 36_000, handshakes: 90 }, true],
  ["one user asks for an hour, and nobody connects", { all: 720_000 }, true],
];

for (const [what, { all, handshakes, posts }, expected] of EXCHANGES) {
  test(`the alarm Messages ${expected ? "goes off" : "is silent"} when ${what}`, () => {
    const counts = { Connects: handshakes ?? 0, PostsSent: posts ?? 0 };
    const values = { all, expected: summary("ExpectedMessages", counts) || undefined };
    assert.equal(goesOffAt(plain, "Messages", values, TWO_HOURS), expected);
  });
}

test("the alarm Errors tells of a function that failed, and of a call that reached none", () => {
  assert.deepEqual([{}, { m0: 1 }, { m1: 1 }].map((values) => goesOffAt(plain, "Errors", values, FIVE_MINUTES)), [false, true, true]);
  const named = watched(plain.resources["Alarms/Errors"]!.Properties).map(({ Namespace, MetricName }) => `${Namespace} ${MetricName}`);
  assert.deepEqual(named, ["AWS/Lambda Errors", "AWS/ApiGateway ExecutionError"]);
});

test("the alarm Throttles tells of more than a hundred requests that API Gateway turned away", () => {
  const { MetricName } = plain.resources["Alarms/Throttles"]!.Properties;
  assert.equal(MetricName, "ClientError");
  assert.deepEqual([100, 101].map((only) => goesOffAt(plain, "Throttles", { only }, FIVE_MINUTES)), [false, true]);
});

test("the alarm Waiting tells of a queue that is not worked off, and not of five tries", () => {
  const { MetricName, Statistic, Dimensions } = plain.resources["Alarms/Waiting"]!.Properties;
  assert.deepEqual([MetricName, Statistic, Dimensions[0].Value], ["ApproximateAgeOfOldestMessage", "Maximum", "${Queues/Updates.QueueName}"]);
  assert.deepEqual([1_800, 2_701].map((only) => goesOffAt(plain, "Waiting", { only }, FIVE_MINUTES)), [false, true]);
});

test("the alarm DeadLetters tells of a single one", () => {
  assert.deepEqual([0, 1].map((only) => goesOffAt(plain, "DeadLetters", { only }, FIVE_MINUTES)), [false, true]);
});
