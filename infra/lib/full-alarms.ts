import { MathExpression, Stats, type IMetric } from "aws-cdk-lib/aws-cloudwatch";
import { DEAD_LETTERS, type AlarmPlan, type Watched } from "./alarm-plan";
import type { Api } from "./api";
import type { FunctionName, Functions } from "./functions";
import { accountThrottles, apiMetric, FIVE_MINUTES, LATE_MILLISECONDS, ONE_HOUR, sum, TWO_HOURS, WAITING_SECONDS, type Metrics } from "./metrics";
import type { Queues } from "./queues";

/** The alarms of `observability: "full"`: one for each thing that can go wrong, each over as many metrics as tell it exactly. */
export function fullAlarms({ api, functions, metrics, queues }: Watched): AlarmPlan[] {
  const plan = (id: string, watched: IMetric, threshold: number, description: string, periods = 1): AlarmPlan => ({
    id,
    watched,
    threshold,
    description,
    periods,
  });
  return [
    plan("Errors", errors(functions), 0, DESCRIPTIONS.errors),
    plan("Integration", integration(api, metrics), 10, DESCRIPTIONS.integration),
    plan("Throttles", throttles(api, metrics), 100, DESCRIPTIONS.throttles),
    plan("Connects", connects(api, metrics), 50, DESCRIPTIONS.connects, 3),
    plan("Messages", messages(api, metrics), MOST_MESSAGES, DESCRIPTIONS.messages),
    plan("StoreFailures", storeFailures(metrics), 0, DESCRIPTIONS.storeFailures),
    plan("Refusals", refusals(metrics), 50, DESCRIPTIONS.refusals, 3),
    plan("FailedPosts", failedPosts(metrics), 5, DESCRIPTIONS.failedPosts, 3),
    plan("Stale", stale(metrics), 10, DESCRIPTIONS.stale),
    plan("OddEvents", oddEvents(metrics), 0, DESCRIPTIONS.oddEvents),
    plan("Waiting", waiting(functions, queues), 1, DESCRIPTIONS.waiting),
    plan("Dropped", dropped(functions), 0, DESCRIPTIONS.dropped),
    plan("DeadLetters", queues.waitingDeadLetters(), 0, DESCRIPTIONS.deadLetters),
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
  integration:
    "API Gateway called a function and had no answer of its own making: it may not call it, the function is gone, failed or " +
    "took too long, or the account's functions run as often at once as they may. Browsers were not let in, or not answered; they " +
    "try again. Look at the dashboard for whether a function failed or was throttled, and into API Gateway's execution log.",
  waiting:
    "Events wait in notify's queue for longer than five tries take, or records in a table's stream for more than ten minutes. Look " +
    "at the dashboard: if nothing is taken out, the event source mapping is disabled, or may not read; if little is, raise " +
    "notifyConcurrency, or the account's functions at once. The queue keeps events for two weeks, a stream its records for a day.",
  dropped:
    "Asynchronous invocations of notify were given up: they failed three times, or waited for an hour. Those that are in the " +
    "dead-letter queue can be sent again. Look at its metrics: what could not be put there is lost, and notify's role has to be mended.",
  deadLetters: DEAD_LETTERS,
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
    accountThrottles(),
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

/** What API Gateway counts as an integration's errors, without the answers that `$connect` itself gave: 4xx and 500. */
function integration(api: Api, metrics: Metrics): IMetric {
  return new MathExpression({
    label: "calls without an answer",
    expression: "FILL(calls, 0) + MAX([FILL(answers, 0) - FILL(refused, 0) - FILL(failed, 0) - FILL(throttled, 0), 0])",
    usingMetrics: {
      calls: apiMetric(api, "ExecutionError"),
      answers: apiMetric(api, "IntegrationError"),
      refused: metrics.of("Refusals", "connect"),
      failed: metrics.of("StoreFailures", "connect"),
      throttled: metrics.of("Throttled", "connect"),
    },
    period: FIVE_MINUTES,
  });
}

/** The longest wait, in shares of what is normal. */
function waiting({ notify, revoke }: Functions, queues: Queues): IMetric {
  const age = (name: "notify" | "revoke", handler: Functions["notify"]) =>
    ({ [name]: handler.metric("IteratorAge", { statistic: Stats.MAXIMUM, period: FIVE_MINUTES }) });
  return new MathExpression({
    label: "the longest wait, in shares of what is normal",
    expression:
      `MAX([FILL(queue, 0) / ${WAITING_SECONDS}, FILL(notify, 0) / ${LATE_MILLISECONDS}, FILL(revoke, 0) / ${LATE_MILLISECONDS}])`,
    usingMetrics: { queue: queues.oldestEvent(), ...age("notify", notify), ...age("revoke", revoke) },
    period: FIVE_MINUTES,
  });
}

/** Asynchronous events that Lambda gave up, and those that it could not put into the dead-letter queue. */
function dropped({ notify }: Functions): IMetric {
  const options = { statistic: Stats.SUM, period: FIVE_MINUTES };
  return sum("dropped", [
    notify.metric("AsyncEventsDropped", options),
    notify.metric("DestinationDeliveryFailures", options),
  ]);
}
