import { Duration } from "aws-cdk-lib";
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { FilterCriteria, FilterRule, StartingPosition, type Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { acknowledgeWildcard } from "./acknowledge";
import type { Queues } from "./queues";

export interface Sources {
  readonly notify: LambdaFunction;
  readonly queues: Queues;
  readonly outbox: Table;
  /** How many invocations work on the queue at once, 2 to 1,000. */
  readonly queueConcurrency: number;
}

/**
 * The event sources of notify: asynchronous invocations, the queue, the outbox. Each retries, and each leaves events
 * that failed for good in a dead-letter queue with an alarm.
 *
 * CDK's event sources would allow notify more than Lambda asks for (the URL of a queue, the streams of all tables), so
 * the rights are written out here: those of AWS's own execution policies, on these queues and this stream.
 */
export function addSources({ notify, queues, outbox, queueConcurrency }: Sources): void {
  const allow = (actions: string[], ...resources: string[]) =>
    notify.addToRolePolicy(new PolicyStatement({ actions, resources }));

  allow(["sqs:SendMessage"], queues.deadLetters.queueArn, queues.outboxFailures.queueArn);
  notify.configureAsyncInvoke({
    retryAttempts: 2,
    maxEventAge: Duration.hours(1),
    onFailure: to(queues.deadLetters),
  });

  allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queues.updates.queueArn);
  notify.addEventSourceMapping("Queue", {
    eventSourceArn: queues.updates.queueArn,
    batchSize: 10,
    // Lambda would add invocations for as long as messages wait, and their posts together would meet the account's
    // limit, which a site's other APIs share. A message that waits is not received, and so uses up none of its tries.
    maxConcurrency: queueConcurrency,
    reportBatchItemFailures: true,
  });

  const streams = `${outbox.tableArn}/stream/*`;
  allow(
    ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
    streams,
  );
  acknowledgeWildcard(
    notify.role!,
    streams,
    "A stream's name is the time when it was enabled: nobody knows it before.",
  );
  notify.addEventSourceMapping("Outbox", {
    eventSourceArn: outbox.tableStreamArn!,
    batchSize: 10,
    // Begins at the oldest record, so that items put while the mapping was being made are not skipped.
    startingPosition: StartingPosition.TRIM_HORIZON,
    // An item that is put again under its key is a MODIFY. notify compares its event with the one before: if it differs,
    // it is a new event. Expiry and deletion are REMOVE, which carry no event.
    filters: [FilterCriteria.filter({ eventName: FilterRule.or("INSERT", "MODIFY") })],
    // A record that fails blocks its shard, so there are few retries, and a failed batch is split.
    retryAttempts: 5,
    maxRecordAge: Duration.hours(1),
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    onFailure: to(queues.outboxFailures),
  });
}

/** A destination for failed events, by its ARN only. CDK's own destinations would grant more than sending. */
function to(queue: IQueue) {
  return { bind: () => ({ destination: queue.queueArn }) };
}
