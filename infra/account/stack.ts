import { CloudFormationClient, DescribeStacksCommand, paginateListStackResources, type Stack } from "@aws-sdk/client-cloudformation";
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
      if (PhysicalResourceId && ResourceStatus !== "DELETE_COMPLETE") resources.add(PhysicalResourceId);
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
