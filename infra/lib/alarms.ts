import {
  Alarm,
  ComparisonOperator,
  MathExpression,
  Stats,
  TreatMissingData,
  type IMetric,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { FunctionName, Functions } from "./functions";
import { FIVE_MINUTES, ONE_HOUR, type Metrics } from "./metrics";
import type { Queues } from "./queues";

interface Watched {
  readonly functions: Functions;
  readonly metrics: Metrics;
  readonly queues: Queues;
  readonly topic?: ITopic;
}

/**
 * Alarms, for what an operator should look at. None goes off for a single slow browser or for one user's wrong password.
 * Each description says what has happened and what to do; docs/operating.md has a table of them.
 */
export function addAlarms(scope: Construct, { functions, metrics, queues, topic }: Watched): Alarm[] {
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
    ...functions.all().map(([name, handler]) => {
      const errors = handler.metricErrors({ period: FIVE_MINUTES });
      return add(`${name}Errors`, errors, 0, errorsDescription(name));
    }),
    add("Throttles", throttles(functions), 0, DESCRIPTIONS.throttles),
    add("StoreFailures", storeFailures(metrics), 0, DESCRIPTIONS.storeFailures),
    add("Refusals", refusals(metrics), 50, DESCRIPTIONS.refusals, 3),
    add("FailedPosts", failedPosts(metrics), 5, DESCRIPTIONS.failedPosts, 3),
    add("Stale", stale(metrics), 10, DESCRIPTIONS.stale),
    add("NoRoom", metrics.of("NoRoom", "notify", { period: ONE_HOUR }), 0, DESCRIPTIONS.noRoom),
    add("ClockAhead", metrics.of("ClockAhead", "notify", { period: ONE_HOUR }), 0, DESCRIPTIONS.clockAhead),
    add("DeadLetters", waiting(queues.deadLetters), 0, DESCRIPTIONS.deadLetters),
    add("OutboxFailures", waiting(queues.outboxFailures), 0, DESCRIPTIONS.outboxFailures),
  ];
}

function errorsDescription(name: FunctionName): string {
  const what =
    name === "notify" ? "an error, a time-out, or an event that could not be read" : "an error or a time-out";
  return `The function ${name} failed: ${what}. Look into its log for what it says at the levels ERROR and WARN.`;
}

const DESCRIPTIONS = {
  throttles:
    "Lambda had no room to run a function: as many run at once as the account may have. " +
    "Ask for a higher quota of concurrent executions, or set notifyConcurrency lower.",
  storeFailures:
    "DynamoDB did not answer a function that serves sockets, so browsers could not connect or catch up; they try again. " +
    "Look into the functions' logs for the error: throttling, an outage, or a right that was taken away.",
  refusals:
    "More than half of at least twenty handshakes in five minutes were refused, three times in a row. " +
    "Look at the reason on the dashboard: unknown and expired are chatter IDs that the backend did not issue as it " +
    "should, bad-expiry is an expires_at that is not in seconds, origin is a page that allowedOrigins does not list, " +
    "and the others are a client that sends something wrong.",
  failedPosts:
    "More than one post to a socket in twenty was given up, three times in a row; those browsers catch up later. " +
    "Compare the account's requests to API Gateway with its quota, then ask for more or set notifyConcurrency lower.",
  stale:
    "Of the updates of an hour, more than one in ten, and at least five, were older than what their login already had " +
    "of the topic: they were dropped and shown to nobody. A few are normal where a pipeline tries again. " +
    "So many mean that clocks in the pipeline disagree, or that its events hold a wrong time in the field at. " +
    "Compare that time with the one when the event was sent; set the clocks, or leave the field out.",
  noRoom:
    "Updates named topics beyond the sixteen that a login may have: they were recorded and sent under the topics that " +
    "there is room for, and under no others. Look into notify's log for the ids of these events, and use fewer topics.",
  clockAhead:
    "Events came with a time more than a minute in the future. They were delivered, and their time was taken for now, " +
    "but of two updates of a topic the wrong one may stand. " +
    "Look into notify's log, which has each event's id and by how many seconds it is ahead, and set that machine's " +
    "clock or time zone.",
  deadLetters:
    "Events for notify failed until nobody tried again, and are kept in the dead-letter queue for two weeks. " +
    "Look into notify's log for the reason, mend it, and send them again as docs/operating.md says.",
  outboxFailures:
    "Items of the outbox failed until nobody tried again; the queue holds where they are in the stream, which keeps " +
    "them for a day. Look into notify's log for the reason, mend it, and put the items into the outbox again.",
};

function throttles(functions: Functions): IMetric {
  return sum(
    "throttles",
    functions.all().map(([, handler]) => handler.metricThrottles({ period: FIVE_MINUTES })),
  );
}

/** Functions whose failed calls to DynamoDB are counted. notify is not one: there, a failed write fails the function or its record. */
function storeFailures(metrics: Metrics): IMetric {
  const from: FunctionName[] = ["connect", "disconnect", "default"];
  return sum(
    "store failures",
    from.map((name) => metrics.of("StoreFailures", name)),
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

function waiting(queue: Queues["deadLetters"]): IMetric {
  return queue.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: Stats.MAXIMUM });
}

function sum(label: string, metrics: IMetric[]): IMetric {
  const usingMetrics = Object.fromEntries(metrics.map((one, n) => [`m${n}`, one]));
  return new MathExpression({ label, expression: "SUM(METRICS())", usingMetrics, period: FIVE_MINUTES });
}
