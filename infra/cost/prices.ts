/** A price. */
export interface Price {
  /** Dollars for each unit. */
  readonly dollars: number;
  readonly unit: string;
  /** Units that are free each month without a time limit. Free tiers of the first year are left out. */
  readonly free: number;
  /** Where a lower price begins, and what it is. */
  readonly beyond?: { readonly units: number; readonly dollars: number };
}

const price = (dollars: number, unit: string, free = 0, beyond?: Price["beyond"]): Price => ({
  dollars,
  unit,
  free,
  beyond,
});

/** Which prices these are. Some come from general knowledge, and AWS changes them: they have to be checked. */
export const SOURCE = { region: "us-east-1", date: "November 2026" };

/** AWS's page with the prices of a service. */
export const PAGES = ["api-gateway", "lambda", "dynamodb", "sqs", "cloudwatch"].map(
  (service) => `https://aws.amazon.com/${service}/pricing/`,
);

export const PRICES = {
  messages: price(1.0 / 1e6, "message, each way, for every 32 KB", 0, { units: 1e9, dollars: 0.8 / 1e6 }),
  "connection minutes": price(0.25 / 1e6, "minute of an open socket"),
  "Lambda requests": price(0.2 / 1e6, "invocation", 1e6),
  "Lambda time": price(0.0000133334, "GB-second on arm64", 400_000),
  "DynamoDB writes": price(0.625 / 1e6, "write request unit"),
  "DynamoDB reads": price(0.125 / 1e6, "read request unit"),
  "DynamoDB storage": price(0.25 + 0.2, "GB-month, with point-in-time recovery"),
  "SQS requests": price(0.4 / 1e6, "request", 1e6),
  "log data": price(0.5, "GB taken in", 5),
  metrics: price(0.3, "custom metric", 10),
  alarms: price(0.1, "metric that an alarm watches", 10),
  dashboards: price(3, "dashboard", 3),
} as const;

export type Item = keyof typeof PRICES;

/** The list price of so many units, in dollars. */
export function cost({ dollars, beyond }: Price, units: number): number {
  if (!beyond || units <= beyond.units) return units * dollars;
  return beyond.units * dollars + (units - beyond.units) * beyond.dollars;
}
