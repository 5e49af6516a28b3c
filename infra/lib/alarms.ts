import {
  Alarm,
  ComparisonOperator,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
  type IMetric,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { Api } from "./api";
import type { FunctionName, Functions } from "./functions";
import { apiMetric, FIVE_MINUTES, ONE_HOUR, TWO_HOURS, type Metrics } from "./metrics";
import type { Queues } from "./queues";

interface Watched {
  readonly api: Api;
  readonly functions: Functions;
  readonly metrics: Metrics;
  readonly queues: Queues;
  readonly topic?: ITopic;
}

/**
 * Alarms, for what an operator should look at. AWS bills each metric that one watches, and people stop reading where there are many. None goes off for a single slow browser or for one user's wrong password.
 * Each description says what has happened and what to do; docs/operating.md has a table of them.
 */
export function addAlarms(scope: Construct, { api, functions, metrics, queues, topic }: Watched): Alarm[] {
  const alarms = new Construct(scope, "Alarms");
  const add = (id: string, watched: IMetric, threshold: number, description: string, periods = 1) => {
    const alarm = new Alarm(alarms, id, {
      metric: watched,
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: description,
    });
    if (topic) alarm.addAlarmAction(new SnsAction(topic));
    return alarm;
  };
  return [
    add("Errors", errors(functions), 0, DESCRIPTIONS.errors),
    add("Throttles", throttles(api, metrics), 100, DESCRIPTIONS.throttles),
    add("Connects", connects(api, metrics), 50, DESCRIPTIONS.connects, 3),
    add("Messages", messages(api, metrics), MOST_MESSAGES, DESCRIPTIONS.messages),
    add("StoreFailures", storeFailures(metrics), 0, DESCRIPTIONS.storeFailures),
    add("Refusals", refusals(metrics), 50, DESCRIPTIONS.refusals, 3),
    add("FailedPosts", failedPosts(metrics), 5, DESCRIPTIONS.failedPosts, 3),
    add("Stale", stale(metrics), 10, DESCRIPTIONS.stale),
    add("OddEvents", oddEvents(metrics), 0, DESCRIPTIONS.oddEvents),
    add("DeadLetters", deadLetters(queues), 0, DESCRIPTIONS.deadLetters),
  ];
}

/**
 * The most messages for each handshake in the two hours that a socket may live. A page that is looked at sends and gets up
 * to 76 of them beside its updates: heartbeats, syncs and their answers (`make cost`), and opens at least one socket.
 */
const MOST_MESSAGES = 200;

const DESCRIPTIONS = {
  errors:
    "A function failed: an error, a time-out, or for notify an event that could not be read. The dashboard's graph of errors " +
    "says which. Look into its log for what it says at the levels ERROR and WARN.",
  throttles:
    "More than a hundred requests in five minutes were turned away by a limit: a route's throttle, the account's requests to " +
    "API Gateway, its functions that may run at once, or what a table or one login's items may do. Look at the dashboard " +
    "for which. If the site has grown, ask for a higher quota or set throttle higher; if it is an attack, see " +
    "docs/under-attack.md.",
  connects:
    "For a quarter of an hour there were more than half as many handshakes as the throttle of $connect lets in, or thousands of " +
    "sockets of which most asked for nothing, as every page does. Look at the dashboard: after an outage of the site all " +
    "pages come back at once, which ends by itself. Otherwise see docs/under-attack.md.",
  messages:
    `Within two hours browsers exchanged over ${MOST_MESSAGES} messages for each handshake, and pages have no reason for half as ` +
    "many: somebody sends as fast as he can. Look at the dashboard for which kind, then see docs/under-attack.md.",
  storeFailures:
    "DynamoDB did not do what a function that serves sockets asked, so browsers could not connect or catch up; they try " +
    "again. Users cannot bring this about by asking too much, which is counted as Throttled. " +
    "Look into the functions' logs for the error: an outage, a missing table, or a right that was taken away.",
  refusals:
    "More than half of at least twenty handshakes in five minutes were refused, three times in a row. " +
    "Look at the reason on the dashboard: unknown and expired are chatter IDs that the backend did not issue as it " +
    "should, bad-expiry is an expires_at that is not in seconds, origin is a page that allowedOrigins does not list, " +
    "origin-secret is somebody who does not come through CloudFront, too-many-sockets is a login that opens one after " +
    "another, and the others are a client that sends something wrong.",
  failedPosts:
    "More than one post to a socket in twenty was given up, three times in a row; those browsers catch up later. " +
    "Compare the account's requests to API Gateway with its quota, then ask for more or set notifyConcurrency lower.",
  stale:
    "Of the updates of an hour, more than one in ten, and at least five, were older than what their login already had " +
    "of the topic: they were dropped and shown to nobody. A few are normal where a pipeline tries again. " +
    "So many mean that clocks in the pipeline disagree, or that its events hold a wrong time in the field at. " +
    "Compare that time with the one when the event was sent; set the clocks, or leave the field out.",
  oddEvents:
    "Events were delivered that were not as they should be. NoRoom: they named topics beyond the sixteen that a login may " +
    "have, and were recorded and sent under the others only; use fewer topics. ClockAhead: their time was more than a " +
    "minute in the future and was taken for now, so of two updates of a topic the wrong one may stand; set that machine's " +
    "clock or time zone. Look into notify's log, which has each event's id, and for a clock the seconds.",
  deadLetters:
    "Events failed until nobody tried again. Those of notify's queue and of asynchronous invocations are kept in the " +
    "dead-letter queue for two weeks; of items of the outbox, and of chatter IDs that were deleted, two other queues hold " +
    "where they are in the table's stream, which keeps them for a day. Look into the log of notify, or of revoke, for the " +
    "reason, mend it, and send them again as docs/operating.md says.",
};

function errors(functions: Functions): IMetric {
  return sum(
    "errors",
    functions.all().map(([, handler]) => handler.metricErrors({ period: FIVE_MINUTES })),
  );
}

/** Requests that a limit turned away: API Gateway's, the account's of functions at once (whosever they are), and DynamoDB's. */
function throttles(api: Api, metrics: Metrics): IMetric {
  return sum("turned away", [
    apiMetric(api, "ClientError"),
    new Metric({ namespace: "AWS/Lambda", metricName: "Throttles", statistic: Stats.SUM, period: FIVE_MINUTES }),
    ...SERVING.map((name) => metrics.of("Throttled", name)),
  ]);
}

/**
 * Handshakes, in percent of what the throttle lets in; or 100 if most of thousands of sockets asked for nothing. Every page
 * syncs when its socket opens.
 */
function connects(api: Api, metrics: Metrics): IMetric {
  const most = api.throttles.$connect.rate * FIVE_MINUTES.toSeconds();
  return new MathExpression({
    label: "handshakes, in percent of the throttle",
    expression: `IF(FILL(opened, 0) >= 3000 && FILL(asked, 0) < FILL(opened, 0) / 2, 100, 100 * FILL(handshakes, 0) / ${most})`,
    usingMetrics: {
      handshakes: apiMetric(api, "ConnectCount"),
      opened: metrics.of("Connects", "connect"),
      asked: metrics.of("Syncs", "default"),
    },
    period: FIVE_MINUTES,
  });
}

/**
 * What browsers send and are answered, for each handshake, in the two hours that a socket may live: whoever had a socket in
 * that time had a handshake in it. API Gateway counts what notify posts too, which is subtracted. Too few messages to cost
 * a cent count as none.
 */
function messages(api: Api, metrics: Metrics): IMetric {
  const period = TWO_HOURS;
  return new MathExpression({
    label: "messages for each handshake",
    expression:
      "IF(FILL(all, 0) - FILL(posts, 0) >= 10000, " +
      "(FILL(all, 0) - FILL(posts, 0)) / IF(FILL(handshakes, 0) > 0, FILL(handshakes, 0), 1), 0)",
    usingMetrics: {
      all: apiMetric(api, "MessageCount", period),
      posts: metrics.of("PostsSent", "notify", { period }),
      handshakes: apiMetric(api, "ConnectCount", period),
    },
    period,
  });
}

/** Functions whose failed calls to DynamoDB are counted. notify is not one: there, a failed write fails the function or its record. */
const SERVING: FunctionName[] = ["connect", "disconnect", "default"];

function storeFailures(metrics: Metrics): IMetric {
  return sum(
    "store failures",
    SERVING.map((name) => metrics.of("StoreFailures", name)),
  );
}

/** The share of handshakes that are refused, not their number: a busy site has more wrong credentials. Too few handshakes count as none refused. */
function refusals(metrics: Metrics): IMetric {
  return new MathExpression({
    label: "refused handshakes, in percent",
    expression:
      "IF(FILL(refused, 0) + FILL(let_in, 0) >= 20, 100 * FILL(refused, 0) / (FILL(refused, 0) + FILL(let_in, 0)), 0)",
    usingMetrics: { refused: metrics.of("Refusals", "connect"), let_in: metrics.of("Connects", "connect") },
    period: FIVE_MINUTES,
  });
}

function failedPosts(metrics: Metrics): IMetric {
  return new MathExpression({
    label: "posts given up, in percent",
    expression: "IF(sent + failed > 0, 100 * failed / (sent + failed), 0)",
    usingMetrics: { sent: metrics.of("PostsSent", "notify"), failed: metrics.of("PostsFailed", "notify") },
    period: FIVE_MINUTES,
  });
}

/** The share of updates that are stale (older than a recorded one of their topic). Too few updates count as none stale. */
function stale(metrics: Metrics): IMetric {
  const period = ONE_HOUR;
  return new MathExpression({
    label: "stale updates, in percent",
    expression: "IF(stale >= 5, 100 * stale / updates, 0)",
    usingMetrics: {
      stale: metrics.of("Stale", "notify", { period }),
      updates: metrics.of("Updates", "notify", { period }),
    },
    period,
  });
}

function oddEvents(metrics: Metrics): IMetric {
  const period = ONE_HOUR;
  return sum(
    "odd events",
    ["NoRoom", "ClockAhead"].map((name) => metrics.of(name, "notify", { period })),
    period,
  );
}

function deadLetters({ deadLetters, outboxFailures, revokeFailures }: Queues): IMetric {
  const waiting = { period: FIVE_MINUTES, statistic: Stats.MAXIMUM };
  return sum(
    "dead letters",
    [deadLetters, outboxFailures, revokeFailures].map((queue) => queue.metricApproximateNumberOfMessagesVisible(waiting)),
  );
}

function sum(label: string, metrics: IMetric[], period = FIVE_MINUTES): IMetric {
  const usingMetrics = Object.fromEntries(metrics.map((one, n) => [`m${n}`, one]));
  return new MathExpression({ label, expression: "SUM(METRICS())", usingMetrics, period });
}
