import type { Settings } from "../lib/settings";

/** Ways in of each kind. */
export const WAYS_IN = {
  topics: ["arn:aws:sns:eu-central-1:123456789012:stats", "arn:aws:sns:eu-central-1:123456789012:games"],
  rules: {
    plays: { pattern: { source: ["stats"], "detail-type": ["StatsUpdated"] } },
    games: { pattern: { source: ["games"] }, bus: "games" },
  },
  pipes: {
    plays: {
      source: "arn:aws:dynamodb:eu-central-1:123456789012:table/Plays/stream/2026-11-01T00:00:00.000",
      pattern: { eventName: ["INSERT", "MODIFY"] },
      template: '{"login": "<$.dynamodb.Keys.login.S>", "id": "<$.eventID>", "body": {"plays": "<$.dynamodb.NewImage.plays.N>"}}',
    },
    queue: { source: "arn:aws:sqs:eu-central-1:123456789012:stats" },
  },
};

/** Settings that between them create every kind of resource. A check of all these stacks covers every template. */
export const VARIANTS: Record<string, Partial<Settings>> = {
  plain: {},
  "without an access log": { accessLog: false },
  "with one alarm for each cause": { observability: "full" },
  "without alarms": { observability: "none" },
  "behind CloudFront alone": {
    site: { path: "/socks", example: { siteOrigin: "origin.example.com" } },
    originSecret: { version: 2 },
  },
  "with the tables that another left": {
    existingTables: {
      chatters: { name: "Old-Chatters", streamArn: "arn:aws:dynamodb:eu-central-1:123456789012:table/Old-Chatters/stream/2026-11-01T00:00:00.000" },
      updates: "Old-Updates",
    },
  },
  everything: {
    waysIn: WAYS_IN,
    protectTables: true,
    allowedOrigins: ["https://www.example.com"],
    cookies: { login: "user", chatter: "socks" },
    host: { name: "socks.example.com", zone: { id: "Z0123456789ABCDEFGHIJ", name: "example.com" } },
    site: { path: "/socks", example: { siteOrigin: "origin.example.com" } },
    vpc: { id: "vpc-0a1b2c3d", routeTableIds: ["rtb-0a1b2c3d"] },
    tableMaxima: { reads: 1_000, writes: 500 },
    budget: { dollars: 50, email: "on-call@example.com" },
    architecture: "x86_64",
    alarmTopicArn: "arn:aws:sns:eu-central-1:123456789012:on-call",
  },
};
