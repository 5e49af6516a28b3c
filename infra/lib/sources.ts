import { Duration } from "aws-cdk-lib";
import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import {
  FilterCriteria,
  FilterRule,
  StartingPosition,
  type EventSourceMappingOptions,
  type Function as LambdaFunction,
} from "aws-cdk-lib/aws-lambda";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { acknowledgeWildcard } from "./acknowledge";
import type { Functions } from "./functions";
import type { Queues } from "./queues";
import type { Tables } from "./tables";

export interface Sources {
  readonly functions: Functions;
  readonly queues: Queues;
  readonly tables: Tables;
  /** How many invocations of notify work on the queue at once, 2 to 1,000. */
  readonly queueConcurrency: number;
}

/**
 * The event sources: of notify asynchronous invocations, the queue and the outbox; of revoke the table of chatter IDs. Each
 * retries, and each leaves what failed for good in the dead-letter queue, which has an alarm.
 *
 * CDK's event sources would allow the functions more than Lambda asks for (the URL of a queue, the streams of all tables),
 * so the rights are written out here: those of AWS's own execution policies, on these queues and these streams.
 */
export function addSources({ functions: { notify, revoke }, queues, tables, queueConcurrency }: Sources): void {
  allow(notify, ["sqs:SendMessage"], queues.deadLetters.queueArn);
  notify.configureAsyncInvoke({
    retryAttempts: 2,
    maxEventAge: Duration.hours(1),
    onFailure: to(queues.deadLetters),
  });

  allow(
    notify,
    ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
    queues.updates.queueArn,
  );
  notify.addEventSourceMapping("Queue", {
    eventSourceArn: queues.updates.queueArn,
    batchSize: 10,
    // Lambda would add invocations for as long as messages wait, and their posts together would meet the account's
    // limit, which a site's other APIs share. A message that waits is not received, and so uses up none of its tries.
    maxConcurrency: queueConcurrency,
    reportBatchItemFailures: true,
  });

  addStream("Outbox", notify, tables.outbox, queues.deadLetters, {
    batchSize: 10,
    // An item that is put again under its key is a MODIFY. notify compares its event with the one before: if it differs,
    // it is a new event. Expiry and deletion are REMOVE, which carry no event.
    filters: [FilterCriteria.filter({ eventName: FilterRule.or("INSERT", "MODIFY") })],
  });
  addStream("Chatters", revoke, tables.chatters, queues.deadLetters, {
    // Most have no socket, and then take a query.
    batchSize: 100,
    // What DynamoDB itself removes since it has expired comes too, and revoke ignores it. To leave it out here, the pattern
    // would have to ask for the absence of a field within an absent object, which is documented for no source, and which
    // the emulator of our tests takes for "never": then nothing would be revoked.
    filters: [FilterCriteria.filter({ eventName: FilterRule.or("REMOVE") })],
  });
}

/** A table's stream as an event source, with the right to read it. A record that fails blocks its shard, so there are few retries, and a failed batch is split. */
function addStream(
  id: string,
  handler: LambdaFunction,
  table: ITable,
  failures: IQueue,
  options: Pick<EventSourceMappingOptions, "batchSize" | "filters">,
): void {
  const streams = `${table.tableArn}/stream/*`;
  allow(
    handler,
    ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
    streams,
  );
  allow(handler, ["sqs:SendMessage"], failures.queueArn);
  acknowledgeWildcard(
    handler.role!,
    streams,
    "A stream's name is the time when it was enabled: nobody knows it before.",
  );
  handler.addEventSourceMapping(id, {
    ...options,
    eventSourceArn: table.tableStreamArn!,
    // Begins at the oldest record, so that items put while the mapping was being made are not skipped.
    startingPosition: StartingPosition.TRIM_HORIZON,
    retryAttempts: 5,
    maxRecordAge: Duration.hours(1),
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    onFailure: to(failures),
  });
}

function allow(handler: LambdaFunction, actions: string[], ...resources: string[]): void {
  handler.addToRolePolicy(new PolicyStatement({ actions, resources }));
}

/** A destination for failed events, by its ARN only. CDK's own destinations would grant more than sending. */
function to(queue: IQueue) {
  return { bind: () => ({ destination: queue.queueArn }) };
}
