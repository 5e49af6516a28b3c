import type { IMetric } from "aws-cdk-lib/aws-cloudwatch";
import type { Api } from "./api";
import type { Functions } from "./functions";
import type { Metrics } from "./metrics";
import type { Queues } from "./queues";

/** What alarms and the dashboard look at. */
export interface Watched {
  readonly api: Api;
  readonly functions: Functions;
  readonly metrics: Metrics;
  readonly queues: Queues;
}

/** An alarm: what it watches, above which value it goes off, and what it says. */
export interface AlarmPlan {
  readonly id: string;
  readonly watched: IMetric;
  readonly threshold: number;
  readonly description: string;
  /** In how many periods in a row the value has to be above. @default 1 */
  readonly periods?: number;
  /** Whether it goes off at the threshold itself. @default false */
  readonly atThreshold?: boolean;
}

/** What the alarm for dead letters says. */
export const DEAD_LETTERS =
  "Events, or records of a table's stream, failed until nobody tried again, and are in the dead-letter queue for two weeks. Of " +
  "items of the outbox and of chatter IDs that were deleted it holds where they are in the stream, which keeps them for a day. " +
  "Look into the log of notify, or of revoke, for the reason, mend it, and send them again as docs/operating.md says. This alarm " +
  "tells once, and is silent about further ones until the queue is empty.";
