import { GetAccountSettingsCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { careful, well, type Answer } from "./answer";
import { QUICK } from "./aws";
import type { Question } from "./question";

/** How many invocations a table's stream may cause at once: one for each shard, of which a new table on demand has four. */
const STREAM = 4;

/** How many of the functions that serve sockets run at once where browsers do what the default throttles let them. */
const SOCKETS = 12;

/** How many functions may run at once, and what the queue and the streams leave of that for handshakes and syncs. */
export async function concurrency({ settings, planned, place }: Question): Promise<Answer[]> {
  const { AccountLimit } = await new LambdaClient(QUICK).send(new GetAccountSettingsCommand());
  const all = AccountLimit?.ConcurrentExecutions ?? 0;
  const free = AccountLimit?.UnreservedConcurrentExecutions ?? all;
  const streams = planned.resources.filter(
    ({ Type, Properties }) => Type === "AWS::Lambda::EventSourceMapping" && "StartingPosition" in Properties,
  ).length;
  const taken = settings.notifyConcurrency + streams * STREAM;
  const counted =
    `Lambda runs ${all.toLocaleString("en")} invocations of all functions at once in this account` +
    `${free < all ? `, ${free.toLocaleString("en")} of them not reserved` : ""}, and ${taken} may be taken ` +
    `(${settings.notifyConcurrency} by the queue, ${STREAM} by each of ${streams} tables' streams)`;
  if (free - taken >= SOCKETS) return [well(`${counted}.`)];
  const left = Math.max(0, free - taken);
  return [
    careful(
      `${counted}: that leaves ${left} for handshakes and syncs, and what is beyond them fails. Ask for more, which costs nothing: ` +
        `https://${place.region}.console.aws.amazon.com/servicequotas/home/services/lambda/quotas/L-B99A9384.`,
    ),
  ];
}
