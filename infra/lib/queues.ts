import { Duration } from "aws-cdk-lib";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { acknowledge } from "./acknowledge";
import { NOTIFY_TIMEOUT } from "./functions";

/** The queues around notify, and where failures end. */
export class Queues extends Construct {
  /** Events for notify: from the pipeline, and those that notify itself had no time for. */
  readonly updates: Queue;
  /** The dead-letter queue: events from the queue and from asynchronous invocations whose last retry failed. */
  readonly deadLetters: Queue;
  /** The dead-letter queue of the outbox: for each batch that failed, its place in the stream, which keeps the records for a day. */
  readonly outboxFailures: Queue;

  /** The same for removed chatter IDs: for each batch that revoke failed at, its place in the stream. */
  readonly revokeFailures: Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.deadLetters = this.queue("DeadLetters");
    this.outboxFailures = this.queue("OutboxFailures");
    this.revokeFailures = this.queue("RevokeFailures");
    for (const queue of [this.outboxFailures, this.revokeFailures]) {
      acknowledge(queue, "SQS3", "It is itself where failures end, though a stream's and not a queue's.");
    }
    this.updates = new Queue(this, "Updates", {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // Six times the function's own time, as the Lambda guide asks: else a slow batch is delivered a second time.
      visibilityTimeout: NOTIFY_TIMEOUT.plus(Duration.seconds(5 * NOTIFY_TIMEOUT.toSeconds())),
      // An update that has waited a day is not worth delivering: browsers that were away ask for what they missed.
      retentionPeriod: Duration.days(1),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
    });
  }

  /** A queue that nothing reads but an operator. It keeps messages for two weeks, the longest that SQS allows. */
  private queue(id: string): Queue {
    return new Queue(this, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
  }
}
