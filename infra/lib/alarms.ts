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
import { FIVE_MINUTES, type Metrics } from "./metrics";
import type { Queues } from "./queues";

interface Watched {
  readonly functions: Functions;
  readonly metrics: Metrics;
  readonly queues: Queues;
  readonly topic?: ITopic;
}

/** What somebody should look at. Nothing here goes off for a single slow browser, or for one user's wrong password. */
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
      return add(`${name}Errors`, errors, 0, `The function ${name} failed: an error, a time-out, or a bad event.`);
    }),
    add("Throttles", throttles(functions), 0, "Lambda had no room for a function: raise the account's concurrency."),
    add("StoreFailures", storeFailures(metrics), 0, "DynamoDB did not answer a function that serves sockets."),
    add(
      "Refusals",
      refusals(metrics),
      50,
      "More than half of at least twenty handshakes were refused, three times in a row.",
      3,
    ),
    add("FailedPosts", failedPosts(metrics), 5, "More than one post in twenty was given up, three times in a row.", 3),
    add("DeadLetters", waiting(queues.deadLetters), 0, "Events for notify failed until nobody tried again."),
    add("OutboxFailures", waiting(queues.outboxFailures), 0, "Outbox records failed; the stream keeps them for a day."),
  ];
}

function throttles(functions: Functions): IMetric {
  return sum(
    "throttles",
    functions.all().map(([, handler]) => handler.metricThrottles({ period: FIVE_MINUTES })),
  );
}

/** notify is not among them: there, an update that cannot be recorded is an error of the function, or of its record. */
function storeFailures(metrics: Metrics): IMetric {
  const from: FunctionName[] = ["connect", "disconnect", "default"];
  return sum(
    "store failures",
    from.map((name) => metrics.of("StoreFailures", name)),
  );
}

/** A share, since a busy site has more wrong credentials than a quiet one; and only of enough handshakes to be one. */
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

function waiting(queue: Queues["deadLetters"]): IMetric {
  return queue.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: Stats.MAXIMUM });
}

function sum(label: string, metrics: IMetric[]): IMetric {
  const usingMetrics = Object.fromEntries(metrics.map((one, n) => [`m${n}`, one]));
  return new MathExpression({ label, expression: "SUM(METRICS())", usingMetrics, period: FIVE_MINUTES });
}
