import { Duration } from "aws-cdk-lib";
import { Stats, type Metric } from "aws-cdk-lib/aws-cloudwatch";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { NOTIFY_TIMEOUT } from "./functions";

/** How often an event of notify's queue is tried. */
export const RECEIVES = 5;

/** Six times notify's own time, as the Lambda guide asks: else a slow batch is delivered a second time. */
export const VISIBILITY = NOTIFY_TIMEOUT.plus(Duration.seconds(5 * NOTIFY_TIMEOUT.toSeconds()));

/** The longest that SQS keeps messages. */
const TWO_WEEKS = Duration.days(14);

/** The queue before notify, and where failures end. */
export class Queues extends Construct {
  /** Events for notify: from the pipeline, and those that notify itself had no time for. */
  readonly updates: Queue;
  /**
   * The dead-letter queue: events of the queue and asynchronous invocations whose last retry failed; and of the streams that
   * notify and revoke read, for each batch that failed, its place in the stream, which keeps the records for a day. It is one
   * queue, which one alarm watches and one program reads (examples/replay/replay.py).
   */
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.deadLetters = this.queue("DeadLetters");
    // An event that waits loses nothing: one that something newer has overtaken is stale, and shown to nobody. Before these
    // two weeks are over, the alarm Waiting has told.
    this.updates = this.queue("Updates");
  }

  /** The age of the oldest event that waits, in seconds. */
  oldestEvent(): Metric {
    return this.updates.metricApproximateAgeOfOldestMessage({ statistic: Stats.MAXIMUM, period: Duration.minutes(5) });
  }

  /** How many dead letters wait for somebody. */
  waitingDeadLetters(): Metric {
    const options = { statistic: Stats.MAXIMUM, period: Duration.minutes(5) };
    return this.deadLetters.metricApproximateNumberOfMessagesVisible(options);
  }

  private queue(id: "DeadLetters" | "Updates"): Queue {
    const forNotify = id === "Updates" && {
      visibilityTimeout: VISIBILITY,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: RECEIVES },
    };
    return new Queue(this, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: TWO_WEEKS,
      ...forNotify,
    });
  }
}
