import { Duration } from "aws-cdk-lib";
import { Dashboard, GraphWidget, Stats, type IMetric, type Metric } from "aws-cdk-lib/aws-cloudwatch";
import type { Construct } from "constructs";
import type { Api } from "./api";
import type { Functions } from "./functions";
import { apiMetric, type Metrics } from "./metrics";
import type { Queues } from "./queues";

interface Shown {
  readonly api: Api;
  readonly functions: Functions;
  readonly metrics: Metrics;
  readonly queues: Queues;
}

/** How many columns CloudWatch's page has. */
const COLUMNS = 24;

/** A dashboard that shows whether browsers are let in, whether and how soon they get updates, and what has failed. */
export function addDashboard(scope: Construct, { api, functions, metrics, queues }: Shown): Dashboard {
  const graph = (title: string, left: IMetric[], inRow = 3) =>
    new GraphWidget({ title, left, width: COLUMNS / inRow, height: 6 });
  const ofNotify = (...names: string[]) => names.map((name) => metrics.of(name, "notify"));
  const each = (read: (handler: Functions["notify"]) => Metric) =>
    functions.all().map(([name, handler]) => read(handler).with({ label: name }));
  return new Dashboard(scope, "Dashboard", {
    defaultInterval: Duration.hours(3),
    widgets: [
      [
        graph("Handshakes", [
          apiMetric(api, "ConnectCount"),
          metrics.of("Connects", "connect"),
          metrics.of("Disconnects", "disconnect"),
          metrics.of("Revocations", "revoke"),
          metrics.of("SocketsRevoked", "revoke"),
        ]),
        graph(
          "Refusals by reason",
          REASONS.map((reason) => metrics.of("Refusals", "connect", { reason }).with({ label: reason })),
        ),
        graph("Messages", [
          metrics.of("Syncs", "default"),
          metrics.of("NotUnderstood", "default"),
          apiMetric(api, "MessageCount"),
        ]),
      ],
      [
        graph("Updates", ofNotify("Updates", "Stale", "Deferred"), 4),
        graph("Events to look into", ofNotify("BadEvents", "NoRoom", "ClockAhead", "IgnoredRecords"), 4),
        graph("Posts", ofNotify("PostsSent", "PostsGone", "PostsEarly", "PostsFailed"), 4),
        graph(
          "An event's fan-out, in milliseconds",
          [50, 99].map((percent) => metrics.of("FanOut", "notify", { statistic: Stats.percentile(percent) })),
          4,
        ),
      ],
      [
        graph(
          "Errors",
          each((handler) => handler.metricErrors()),
          4,
        ),
        graph(
          "Turned away by a limit",
          [
            apiMetric(api, "ClientError").with({ label: "API Gateway" }),
            ...each((handler) => handler.metricThrottles()),
            ...(["connect", "disconnect", "default"] as const).map((name) =>
              metrics.of("Throttled", name).with({ label: `DynamoDB, asked by ${name}` }),
            ),
          ],
          4,
        ),
        graph(
          "Duration, 99th percentile",
          each((handler) => handler.metricDuration({ statistic: Stats.percentile(99) })),
          4,
        ),
        graph(
          "Waiting",
          [
            queues.updates.metricApproximateNumberOfMessagesVisible({ label: "events" }),
            queues.deadLetters.metricApproximateNumberOfMessagesVisible({ label: "dead letters" }),
            queues.outboxFailures.metricApproximateNumberOfMessagesVisible({ label: "outbox failures" }),
            queues.revokeFailures.metricApproximateNumberOfMessagesVisible({ label: "revoke failures" }),
          ],
          4,
        ),
      ],
    ],
  });
}

/** The reasons for which $connect refuses a handshake, as the functions count them. */
export const REASONS = [
  "malformed",
  "no-subprotocol",
  "topics",
  "origin",
  "origin-secret",
  "unknown",
  "expired",
  "bad-expiry",
  "too-many-sockets",
];
