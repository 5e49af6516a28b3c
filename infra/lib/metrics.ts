import { Duration } from "aws-cdk-lib";
import { MathExpression, Metric, Stats, type IMetric } from "aws-cdk-lib/aws-cloudwatch";
import type { Api } from "./api";
import type { FunctionName } from "./functions";
import type { Observability } from "./observability";
import { RECEIVES, VISIBILITY } from "./queues";

/** The period of graphs and of most alarms. */
export const FIVE_MINUTES = Duration.minutes(5);

/** The period for pages that try again and again. */
export const QUARTER_HOUR = Duration.minutes(15);

/** The period for events that are too rare for five minutes on a small site. */
export const ONE_HOUR = Duration.hours(1);

/** The period in which every open socket had a handshake, since none lives longer. */
export const TWO_HOURS = Duration.hours(2);

/** How old an event in notify's queue may be: half as much again as the five tries take that it has. */
export const WAITING_SECONDS = 1.5 * RECEIVES * VISIBILITY.toSeconds();

/** How old a record may be that a stream hands over, as crates/core/src/notify/stream_wait.rs has it. */
export const LATE_MILLISECONDS = 10 * 60 * 1_000;

/**
 * Metrics of our own, which the functions print in CloudWatch's embedded format (crates/core/src/runtime/metrics.rs), into a
 * namespace that is this deployment's alone.
 */
export class Metrics {
  constructor(
    readonly namespace: string,
    readonly observability: Observability,
  ) {}

  /** A sum that all functions add to, of "free" (crates/core/src/runtime/summary.rs). */
  sum(name: string, period = FIVE_MINUTES, statistic: string = Stats.SUM): Metric {
    return new Metric({ namespace: this.namespace, metricName: name, statistic, period });
  }

  /** A metric of one function, of "full". Refusals can be told apart by their reason. */
  of(
    name: string,
    from: FunctionName,
    options: { statistic?: string; reason?: string; period?: Duration } = {},
  ): Metric {
    return new Metric({
      namespace: this.namespace,
      metricName: name,
      dimensionsMap: { Function: from, ...(options.reason && { Reason: options.reason }) },
      statistic: options.statistic ?? Stats.SUM,
      period: options.period ?? FIVE_MINUTES,
    });
  }
}

/**
 * A metric that API Gateway has of the stage: `MessageCount` (each way), `ConnectCount` (handshakes that `$connect` was asked
 * about), `ClientError` (requests that it turned away before any function, as throttles do).
 */
export function apiMetric(api: Api, metricName: string, period = FIVE_MINUTES): Metric {
  return new Metric({
    namespace: "AWS/ApiGateway",
    metricName,
    dimensionsMap: { ApiId: api.webSocketApi.apiId, Stage: api.stage.stageName },
    statistic: Stats.SUM,
    period,
  });
}

/** Invocations that Lambda turned away, whosever they are: all functions of an account share a number that may run at once. */
export function accountThrottles(): Metric {
  return new Metric({ namespace: "AWS/Lambda", metricName: "Throttles", statistic: Stats.SUM, period: FIVE_MINUTES });
}

/** Several metrics added up. */
export function sum(label: string, metrics: IMetric[], period = FIVE_MINUTES): IMetric {
  const usingMetrics = Object.fromEntries(metrics.map((one, n) => [`m${n}`, one]));
  return new MathExpression({ label, expression: "SUM(METRICS())", usingMetrics, period });
}
