import { Duration } from "aws-cdk-lib";
import { Dashboard, GraphWidget, LogQueryVisualizationType, LogQueryWidget, Stats, type IMetric, type IWidget, type Metric } from "aws-cdk-lib/aws-cloudwatch";
import type { Construct } from "constructs";
import type { Watched } from "./alarm-plan";
import type { Functions } from "./functions";
import { accountThrottles, apiMetric } from "./metrics";

/** How many columns CloudWatch's page has. */
const COLUMNS = 24;

/**
 * A dashboard that shows whether browsers are let in, whether and how soon they get updates, and what has failed. AWS counts one
 * as free that shows at most fifty metrics. `observability: "free"` has fewer metrics, and asks the functions' logs for the rest.
 */
export function addDashboard(scope: Construct, watched: Watched): Dashboard | undefined {
  const rows = { free: freeRows, full: fullRows, none: undefined }[watched.metrics.observability];
  if (!rows) return undefined;
  const widgets = [...rows(watched), ofAws(watched)];
  return new Dashboard(scope, "Dashboard", { defaultInterval: Duration.hours(3), widgets });
}

function graph(title: string, left: IMetric[], inRow = 3): IWidget {
  return new GraphWidget({ title, left, width: COLUMNS / inRow, height: 6 });
}

/** A table that CloudWatch makes of the functions' logs when somebody looks. */
function query(title: string, functions: Functions, lines: string[], of: readonly string[]): IWidget {
  const logGroupNames = functions.all().filter(([name]) => of.includes(name)).map(([, handler]) => handler.logGroup.logGroupName);
  const view = LogQueryVisualizationType.TABLE;
  return new LogQueryWidget({ title, logGroupNames, queryLines: lines, view, width: COLUMNS / 3, height: 6 });
}

const SUMMED = ["StoreFailures", "Throttled", "BadEvents", "NoRoom", "ClockAhead", "LateRecords"];

function freeRows({ api, functions, metrics }: Watched): IWidget[][] {
  const names = functions.all().map(([name]) => name);
  return [
    [
      graph("Handshakes", [apiMetric(api, "ConnectCount"), metrics.sum("Connects"), metrics.sum("Refusals")]),
      query("Refusals by reason", functions, ["filter ispresent(Refusals)", "stats sum(Refusals) as refused by Reason"], ["connect"]),
      graph("Messages", [metrics.sum("Syncs"), metrics.sum("ExpectedMessages"), apiMetric(api, "MessageCount")]),
    ],
    [
      graph("Updates, and posts of them", [metrics.sum("Updates"), metrics.sum("PostsSent"), metrics.sum("UndeliveredExcess")]),
      fanOut((statistic) => metrics.sum("FanOut", undefined, statistic), 3),
      query(
        "Trouble",
        functions,
        ["filter Trouble > 0", `stats sum(Trouble), ${SUMMED.map((name) => `sum(${name})`).join(", ")} by Function`],
        names,
      ),
    ],
  ];
}

function fullRows({ api, metrics }: Watched): IWidget[][] {
  const ofNotify = (...names: string[]) => names.map((name) => metrics.of(name, "notify"));
  return [
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
      graph("Events to look into", [
        ...ofNotify("BadEvents", "NoRoom", "ClockAhead", "IgnoredRecords", "LateRecords"),
        metrics.of("LateRecords", "revoke"),
      ], 4),
      graph("Posts", ofNotify("PostsSent", "PostsGone", "PostsEarly", "PostsFailed"), 4),
      fanOut((statistic) => metrics.of("FanOut", "notify", { statistic }), 4),
    ],
    [
      graph(
        "DynamoDB was asked too much",
        (["connect", "disconnect", "default"] as const).map((name) => metrics.of("Throttled", name).with({ label: name })),
        1,
      ),
    ],
  ];
}

function fanOut(metric: (statistic: string) => Metric, inRow: number): IWidget {
  const percentiles = [50, 99].map((percent) => metric(Stats.percentile(percent)));
  return graph("An event's fan-out, in milliseconds", percentiles, inRow);
}

/** What AWS counts for nothing. */
function ofAws({ api, functions, queues }: Watched): IWidget[] {
  const each = (read: (handler: Functions["notify"]) => Metric) =>
    functions.all().map(([name, handler]) => read(handler).with({ label: name }));
  return [
    graph("Errors", [...each((handler) => handler.metricErrors()), apiMetric(api, "ExecutionError")], 4),
    graph(
      "Turned away by a limit",
      [apiMetric(api, "ClientError").with({ label: "API Gateway" }), accountThrottles().with({ label: "Lambda, all functions" })],
      4,
    ),
    graph(
      "Duration, 99th percentile",
      // Those for which somebody waits.
      (["connect", "default", "notify"] as const).map((name) =>
        functions[name].metricDuration({ statistic: Stats.percentile(99), label: name }),
      ),
      4,
    ),
    graph(
      "Waiting",
      [
        queues.updates.metricApproximateNumberOfMessagesVisible({ label: "events" }),
        queues.oldestEvent().with({ label: "seconds that the oldest has waited" }),
        queues.waitingDeadLetters().with({ label: "dead letters" }),
      ],
      4,
    ),
  ];
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
