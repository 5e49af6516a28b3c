import { CloudFormationClient, DescribeStacksCommand, paginateListStackResources, type Stack } from "@aws-sdk/client-cloudformation";
import { careful, well, wrong, type Answer } from "./answer";
import { QUICK } from "./aws";

/** A stack as CloudFormation has it. */
export interface Deployed {
  readonly status: string;
  /** What it consists of, by the names or ids that AWS knows it by. */
  readonly resources: ReadonlySet<string>;
}

/** The deployed stack of this name, or nothing where there is none. */
export async function deployed(name: string): Promise<Deployed | undefined> {
  const client = new CloudFormationClient(QUICK);
  const stack = await described(client, name);
  if (!stack) return undefined;
  const resources = new Set<string>();
  for await (const page of paginateListStackResources({ client }, { StackName: name })) {
    for (const { PhysicalResourceId, ResourceStatus } of page.StackResourceSummaries ?? []) {
      if (PhysicalResourceId && ResourceStatus !== "DELETE_COMPLETE") resources.add(PhysicalResourceId.replace(/\.$/, ""));
    }
  }
  return { status: stack.StackStatus!, resources };
}

async function described(client: CloudFormationClient, name: string): Promise<Stack | undefined> {
  try {
    return (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0];
  } catch (error) {
    // CloudFormation has no error of its own for a stack that there is not.
    if (/does not exist/.test((error as Error).message)) return undefined;
    throw error;
  }
}

/** Whether a stack in this state can be deployed to. */
export function stackState(name: string, status: string | undefined): Answer {
  if (status === undefined) return well(`There is no stack ${name} yet.`);
  if (/^ROLLBACK_(COMPLETE|FAILED)$/.test(status)) {
    return careful(
      `The first deployment of ${name} failed (${status}): CDK deletes what is left of it and begins anew. Tables that were kept ` +
        "stay as they are, under names of their own.",
    );
  }
  if (status === "UPDATE_ROLLBACK_FAILED") {
    return wrong(`The stack ${name} is stuck half-way (${status}): aws cloudformation continue-update-rollback --stack-name ${name}.`);
  }
  if (status === "DELETE_FAILED") return wrong(`The stack ${name} was not deleted in full: make destroy, once more.`);
  if (/_FAILED$/.test(status)) return wrong(`The stack ${name} is in the state ${status}: npm --prefix infra run cdk -- rollback ${name}.`);
  // What a change set that nobody has executed leaves behind is as good as no stack.
  if (/_IN_PROGRESS$/.test(status) && status !== "REVIEW_IN_PROGRESS") {
    return wrong(`The stack ${name} is being changed right now (${status}): wait until that has ended.`);
  }
  return well(`The stack ${name} can be deployed to (${status}).`);
}
