import { Alarm, ComparisonOperator, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { Watched } from "./alarm-plan";
import { freeAlarms } from "./free-alarms";
import { fullAlarms } from "./full-alarms";

/**
 * Alarms, for what an operator should look at. None goes off for a single slow browser or for one user's wrong password.
 * Each description says what has happened and what to do; docs/operating.md has tables of them.
 */
export function addAlarms(scope: Construct, watched: Watched, topic?: ITopic): Alarm[] {
  const plans = { free: freeAlarms, full: fullAlarms, none: () => [] }[watched.metrics.observability](watched);
  const alarms = new Construct(scope, "Alarms");
  return plans.map(({ id, watched, threshold, description, periods = 1, atThreshold }) => {
    const alarm = new Alarm(alarms, id, {
      metric: watched,
      threshold,
      comparisonOperator: atThreshold
        ? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        : ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: description,
    });
    if (topic) alarm.addAlarmAction(new SnsAction(topic));
    return alarm;
  });
}
