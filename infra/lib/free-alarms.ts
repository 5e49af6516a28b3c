import { MathExpression, Metric, Stats, type IMetric } from "aws-cdk-lib/aws-cloudwatch";
import { DEAD_LETTERS, type AlarmPlan, type Watched } from "./alarm-plan";
import type { Api } from "./api";
import { apiMetric, FIVE_MINUTES, ONE_HOUR, QUARTER_HOUR, sum, TWO_HOURS, WAITING_SECONDS, type Metrics } from "./metrics";

/**
 * The alarms of `observability: "free"`. AWS bills an alarm by the metrics that it watches, and ten of them are free: so these
 * watch ten, of which some are sums that the functions make (crates/core/src/runtime/summary.rs). What the alarms of "full"
 * tell is told here too, but one alarm may have several causes; docs/operating.md has what is left out.
 */
export function freeAlarms({ api, metrics, queues }: Watched): AlarmPlan[] {
  return [
    { id: "Errors", watched: errors(api), threshold: 0, description: DESCRIPTIONS.errors },
    { id: "Trouble", watched: metrics.sum("Trouble"), threshold: 1, atThreshold: true, description: DESCRIPTIONS.trouble },
    { id: "Throttles", watched: apiMetric(api, "ClientError"), threshold: 100, description: DESCRIPTIONS.throttles },
    {
      id: "Refusals",
      watched: metrics.sum("RefusalExcess", QUARTER_HOUR),
      threshold: 19,
      description: DESCRIPTIONS.refusals,
    },
    { id: "Messages", watched: messages(api, metrics), threshold: 10_000, description: DESCRIPTIONS.messages },
    {
      id: "Undelivered",
      watched: metrics.sum("UndeliveredExcess", ONE_HOUR),
      threshold: 40,
      description: DESCRIPTIONS.undelivered,
    },
    { id: "Waiting", watched: queues.oldestEvent(), threshold: WAITING_SECONDS, description: DESCRIPTIONS.waiting },
    { id: "DeadLetters", watched: queues.waitingDeadLetters(), threshold: 0, description: DEAD_LETTERS },
  ];
}

const DESCRIPTIONS = {
  errors:
    "A function failed, or API Gateway could not call one: it may not, the function is gone, or the account runs as many at once " +
    "as it may. Look at the dashboard's graph of errors for which, and into that function's log at the levels ERROR and WARN, or " +
    "into API Gateway's execution log. This alarm counts all functions of the account and region: if none of the graph's has " +
    'failed, another one has, and observability: "full" watches Chatterbox\'s alone.',
  trouble:
    "One of several things has happened. Look at the dashboard's table of trouble for which, and how often. StoreFailures: DynamoDB did not do what connect, " +
    "default or disconnect asked; look into their logs. Throttled, from a hundred in five minutes on: a table, or one login's " +
    "items, was asked too much. BadEvents, NoRoom, ClockAhead: the pipeline's events cannot be read, name more topics than a " +
    "login may have, or come from a clock that is ahead; notify's log has each. LateRecords: a stream's records waited over ten " +
    "minutes; see whether notify, or revoke, fails or is throttled. None of them: half of the handshakes that the throttle lets " +
    "in came within five minutes; pages come back after an outage, and otherwise see docs/under-attack.md.",
  throttles:
    "More than a hundred requests in five minutes were turned away by a route's throttle, or by the account's limit of requests " +
    "to API Gateway. If the site has grown, ask for a higher quota or set throttle higher; if it is an attack, see " +
    "docs/under-attack.md. What Lambda turned away is an error, and what DynamoDB did is Trouble.",
  refusals:
    "Within a quarter of an hour at least twenty more handshakes were refused than let in. Look at the dashboard's table of " +
    "reasons: unknown and expired are chatter IDs that the backend did not issue as it should, bad-expiry is an expires_at that " +
    "is not in seconds, origin is a page that allowedOrigins does not list, origin-secret is somebody who does not come through " +
    "CloudFront, too-many-sockets is a login that opens one after another, and the others are a client that sends something wrong.",
  messages:
    "Within two hours there were over 10,000 messages more than pages have a reason for, which is 200 for each handshake beside " +
    "their updates: somebody sends as fast as he can. Look at the dashboard for which kind, then see docs/under-attack.md.",
  undelivered:
    "In an hour more than one update in ten was stale, or more than one post in twenty was given up. Look at the log of notify, " +
    "whose lines have stale and failed. Stale updates were older than what their login already had and were shown to nobody: " +
    "clocks in the pipeline disagree, or its events hold a wrong time in the field at. Posts that were given up reach their pages " +
    "by the next sync: compare the account's requests to API Gateway with its quota, and see whether notify may still post.",
  waiting:
    "An event has waited in notify's queue for longer than five tries take. Look at the dashboard: if nothing is taken out, the " +
    "event source mapping is disabled, or may not read; if little is, raise notifyConcurrency, or the account's functions at " +
    "once. The queue keeps events for two weeks.",
};

/** Functions that failed, whosever they are: Lambda has the sum of them as one metric. And calls of API Gateway that reached none. */
function errors(api: Api): IMetric {
  const ofAccount = { namespace: "AWS/Lambda", metricName: "Errors", statistic: Stats.SUM, period: FIVE_MINUTES };
  return sum("errors", [new Metric(ofAccount), apiMetric(api, "ExecutionError")]);
}

/** The messages, each way, beyond those that pages and notify have a reason for, in the two hours that a socket may live. */
function messages(api: Api, metrics: Metrics): IMetric {
  return new MathExpression({
    label: "messages without a reason",
    expression: "FILL(all, 0) - FILL(expected, 0)",
    usingMetrics: { all: apiMetric(api, "MessageCount", TWO_HOURS), expected: metrics.sum("ExpectedMessages", TWO_HOURS) },
    period: TWO_HOURS,
  });
}
