import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { GB_SECONDS } from "../cost/estimate";
import { floodContract } from "../cost/flood";
import measured from "../cost/measured.json";
import { PRICES } from "../cost/prices";
import { ROUTE_SELECTION, ROUTES, routeKey } from "../lib/routes";
import { DEFAULT_THROTTLES } from "../lib/throttles";
import { Readable, stack } from "./stack";

const FILE = join(__dirname, "../contract.json");

/** What is deployed and what it costs, for programs that reckon with it (`scale`). WRITE_CONTRACT=1 writes the file. */
test("contract.json has the numbers of the template and of the cost estimate", () => {
  const now = `${JSON.stringify(contract(new Readable(stack())), null, 2)}\n`;
  if (process.env.WRITE_CONTRACT) writeFileSync(FILE, now);
  assert.equal(now, readFileSync(FILE, "utf8"), "WRITE_CONTRACT=1 npm --prefix infra test writes it anew");
});

function contract(plain: Readable) {
  const notify = plain.resources["Functions/notify"]!.Properties;
  const queue = plain.resources["Queues/Updates"]!.Properties;
  const [source] = plain
    .ofType("AWS::Lambda::EventSourceMapping")
    .map(([, properties]) => properties)
    .filter(({ EventSourceArn }) => EventSourceArn === "${Queues/Updates.Arn}");
  return {
    notify: {
      memoryMegabytes: notify.MemorySize,
      batch: source!.BatchSize,
      concurrency: source!.ScalingConfig.MaximumConcurrency,
      visibilitySeconds: queue.VisibilityTimeout,
      receives: queue.RedrivePolicy.maxReceiveCount,
    },
    routeSelection: ROUTE_SELECTION,
    routeKeys: Object.fromEntries(ROUTES.map((route) => [route, routeKey(route)])),
    throttle: DEFAULT_THROTTLES,
    floods: floodContract({ body: 200, topics: 1 }),
    gigabyteSeconds: GB_SECONDS,
    units: measured.units,
    // Of a million units, and without the last bits, which are a product's rounding.
    dollarsAMillion: Object.fromEntries(
      Object.entries(PRICES).map(([item, { dollars }]) => [item, Number((1e6 * dollars).toPrecision(9))]),
    ),
  };
}
