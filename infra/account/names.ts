import { APIGatewayClient, GetDomainNameCommand } from "@aws-sdk/client-api-gateway";
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { ListResourceRecordSetsCommand, Route53Client } from "@aws-sdk/client-route-53";
import { unknown, well, wrong, type Answer } from "./answer";
import { asked, QUICK } from "./aws";
import type { Resource } from "./planned";
import type { Question } from "./question";

/** A kind of resource whose name the template gives, and which cannot be made where there is one of that name. */
interface Kind {
  readonly word: string;
  readonly property: string;
  readonly exists: (name: string, resource: Resource) => Promise<boolean>;
  readonly remedy: (name: string) => string;
}

const [lambda, logs, apis, route53] = [
  new LambdaClient(QUICK),
  new CloudWatchLogsClient(QUICK),
  new APIGatewayClient(QUICK),
  new Route53Client(QUICK),
];

const OTHER_STACK = "or choose another stackName";

const KINDS: Record<string, Kind> = {
  "AWS::Lambda::Function": {
    word: "function",
    property: "FunctionName",
    exists: (FunctionName) => there(lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))),
    remedy: (name) => `aws lambda delete-function --function-name ${name}, ${OTHER_STACK}`,
  },
  "AWS::Logs::LogGroup": {
    word: "log group",
    property: "LogGroupName",
    exists: async (logGroupNamePrefix) => {
      const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix }));
      return logGroups.some(({ logGroupName }) => logGroupName === logGroupNamePrefix);
    },
    remedy: (name) => `aws logs delete-log-group --log-group-name ${name}, ${OTHER_STACK}`,
  },
  "AWS::ApiGatewayV2::DomainName": {
    word: "hostname of an API",
    property: "DomainName",
    exists: (domainName) => there(apis.send(new GetDomainNameCommand({ domainName }))),
    remedy: (name) => `aws apigatewayv2 delete-domain-name --domain-name ${name}, if nothing uses it, or choose another host`,
  },
  "AWS::Route53::RecordSet": {
    word: "record",
    property: "Name",
    exists: async (name, { Properties: { HostedZoneId, Type } }) => {
      const start = { StartRecordName: name, StartRecordType: Type as "A", MaxItems: 1 };
      const answer = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: String(HostedZoneId), ...start }));
      return (answer.ResourceRecordSets ?? []).some((one) => one.Type === Type && bare(one.Name ?? "") === bare(name));
    },
    remedy: () => "delete it in its zone, if nothing uses it, or choose another host",
  },
};

/** Whether names that the stack gives to its resources are taken: CloudFormation would find out at the end of a deployment. */
export async function names({ planned, isOwn }: Question): Promise<Answer[]> {
  const answers = planned.resources.map((resource) => {
    const kind = KINDS[resource.Type];
    const name = kind && resource.Properties[kind.property];
    return kind && typeof name === "string" ? check(kind, name, resource, isOwn) : [];
  });
  const found = (await Promise.all(answers)).flat();
  return found.length > 0 ? found : [well("No name that the stack needs is taken by something else.")];
}

function check(kind: Kind, name: string, resource: Resource, isOwn: Question["isOwn"]): Promise<Answer[]> {
  return asked(`the ${kind.word} ${name}`, async () => {
    const own = isOwn(bare(name));
    if (own || !(await kind.exists(name, resource))) return [];
    if (own === undefined) return [unknown(`There is a ${kind.word} ${name}; whether it is the stack's own, nobody here may ask.`)];
    return [wrong(`There is a ${kind.word} ${bare(name)} already, which is not the stack's: ${kind.remedy(bare(name))}.`)];
  });
}

/** A name of the DNS without the dot at its end. */
function bare(name: string): string {
  return name.replace(/\.$/, "");
}

async function there(asking: Promise<unknown>): Promise<boolean> {
  try {
    await asking;
    return true;
  } catch (error) {
    if (/NotFound/.test((error as Error).name)) return false;
    throw error;
  }
}
