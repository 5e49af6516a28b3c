import { APIGatewayClient, GetAccountCommand, type GetAccountCommandOutput } from "@aws-sdk/client-api-gateway";
import { careful, well, wrong, type Answer } from "./answer";
import { QUICK } from "./aws";
import type { Question } from "./question";

/** API Gateway's settings of an account and region: the role by which it writes logs, and how many requests it takes. */
export async function apiGateway(question: Question): Promise<Answer[]> {
  const account = await new APIGatewayClient(QUICK).send(new GetAccountCommand());
  return [logRole(question, account.cloudwatchRoleArn), requests(question, account)];
}

function logRole({ settings, isOwn, place }: Question, arn: string | undefined): Answer {
  if (!settings.accessLog) return well("API Gateway writes no access log, and needs no role for it.");
  if (!settings.apiGatewayLogRole) {
    return arn
      ? well(`API Gateway writes its logs as ${arn}.`)
      : wrong(`API Gateway has no role by which it could write the access log: take out apiGatewayLogRole: false, or set accessLog: false.`);
  }
  if (!arn) return well("API Gateway has no role to write logs with; the stack makes one.");
  const role = arn.split("/").at(-1)!;
  const own = isOwn(role);
  if (own) return well("API Gateway writes its logs by the stack's own role.");
  // It is kept when its stack is destroyed.
  const isLeft = role.startsWith(`${settings.stackName}-ApiGatewayLogs`);
  if (isLeft) return well(`API Gateway writes its logs as ${arn}, which an earlier stack of this name has made.`);
  if (own === undefined) return well(`API Gateway writes its logs as ${arn}, which may be the stack's own.`);
  return wrong(
    `API Gateway writes logs as ${arn}; the stack would replace that by a role of its own, for all APIs in ${place.region}: ` +
      "set apiGatewayLogRole: false, which leaves it. If that role is to be replaced, take it out first: " +
      "aws apigateway update-account --patch-operations op=remove,path=/cloudwatchRoleArn",
  );
}

/** Posts to sockets draw on the account's limit alone: where the routes' throttles use it up, a flood of requests turns them away. */
function requests({ settings: { throttle }, place }: Question, { throttleSettings }: GetAccountCommandOutput): Answer {
  const sum = (part: "rate" | "burst") => Object.values(throttle).reduce((all, one) => all + one[part], 0);
  const [rate, burst] = [sum("rate"), sum("burst")];
  const { rateLimit = 0, burstLimit = 0 } = throttleSettings ?? {};
  const limits =
    `API Gateway takes ${rateLimit.toLocaleString("en")} requests a second and ${burstLimit.toLocaleString("en")} at once ` +
    `from all APIs of the account, and the routes' throttles allow ${rate.toLocaleString("en")} and ${burst.toLocaleString("en")}`;
  if (rate < rateLimit && burst < burstLimit) return well(`${limits}; the rest is for posts to sockets.`);
  return careful(
    `${limits}, which leaves none for posts to sockets: lower the setting throttle, or ask for more at ` +
      `https://${place.region}.console.aws.amazon.com/servicequotas/home/services/apigateway/quotas.`,
  );
}
