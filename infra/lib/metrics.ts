import { Duration } from "aws-cdk-lib";
import { Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import type { FunctionName } from "./functions";

/** The period of graphs and of most alarms. */
export const FIVE_MINUTES = Duration.minutes(5);

/** The period for events that are too rare for five minutes on a small site. */
export const ONE_HOUR = Duration.hours(1);

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
