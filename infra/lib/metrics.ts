import { Duration } from "aws-cdk-lib";
import { Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import type { Api } from "./api";
import type { FunctionName } from "./functions";

/** The period of graphs and of most alarms. */
export const FIVE_MINUTES = Duration.minutes(5);

/** The period for events that are too rare for five minutes on a small site. */
export const ONE_HOUR = Duration.hours(1);

/** The period in which every open socket had a handshake, since none lives longer. */
export const TWO_HOURS = Duration.hours(2);

/**
 * Metrics of our own, which the functions print in CloudWatch's embedded format (crates/core/src/runtime/metrics.rs), into a
 * namespace that is this deployment's alone.
 */
export class Metrics {
  constructor(readonly namespace: string) {}

  /** A metric of one function. Refusals can be told apart by their reason. */
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
