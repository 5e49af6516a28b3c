import { CloudFormationClient, GetTemplateCommand } from "@aws-sdk/client-cloudformation";
import {
  GetFunctionCommand,
  LambdaClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  waitUntilFunctionUpdatedV2,
  type FunctionConfiguration,
} from "@aws-sdk/client-lambda";
import { isDenied, QUICK } from "./aws";
import { deployed } from "./stack";
import { FUNCTION_NAMES } from "../lib/functions";
import type { Complete } from "../lib/settings";

/** Programs that `make deploy-code` put in the place of the stack's own. CloudFormation does not know of them. */

/** The tag of a function with such a program: when it got there. */
const TAG = "chatterbox:deploy-code";

/** What the programs are built for, as lib/functions.ts has it. */
const RUNTIME = "provided.al2023";

/** How long Lambda may take to put a program in place, in seconds. */
const PATIENCE = 60;

const lambda = new LambdaClient({ ...QUICK, maxAttempts: 3 });

/** Why this function's program cannot be replaced, or nothing. */
export async function hindrance({ stackName, architecture }: Complete, name: string): Promise<string | undefined> {
  const functionName = `${stackName}-${name}`;
  const there = await functionNamed(functionName);
  const region = await lambda.config.region();
  if (!there) {
    return `there is no function ${functionName} in ${region}, in the account of these credentials: make deploy makes it. If it is elsewhere, AWS_REGION, AWS_PROFILE or SETTINGS is another deployment's.`;
  }
  if (!(await isOfStack(stackName, functionName))) {
    return `${functionName} in ${region} is not a function of the stack ${stackName}: whoever made it has to replace its program, or to delete it.`;
  }
  const { PackageType, Runtime, Architectures } = there.configuration;
  if (PackageType === "Image") return `${functionName} is a container's image: whoever made it one has to replace its program.`;
  if (Runtime !== RUNTIME) {
    return `${functionName} has the runtime ${Runtime}, and the program is one for ${RUNTIME}: make deploy gives it that again.`;
  }
  const runs = Architectures?.[0] ?? "x86_64";
  return runs === architecture
    ? undefined
    : `${functionName} runs on ${runs}, and this would build for ${architecture}: make deploy-code FN=${name} ARCH=${runs}.`;
}

async function isOfStack(stackName: string, functionName: string): Promise<boolean> {
  try {
    return (await deployed(stackName))?.resources.has(functionName) ?? false;
  } catch (error) {
    if (isDenied(error)) return true;
    throw error;
  }
}

/** Notes at the function that its program is about to be replaced, once nothing else of it is being changed: Lambda would refuse. */
export async function mark({ stackName }: Complete, name: string): Promise<void> {
  await updated(`${stackName}-${name}`);
  const there = await functionNamed(`${stackName}-${name}`);
  const Tags = { [TAG]: new Date().toISOString() };
  await lambda.send(new TagResourceCommand({ Resource: there?.configuration.FunctionArn, Tags }));
}

/** Gives the functions that are marked the programs of the deployed stack, and returns their names. */
export async function putBack({ stackName }: Complete): Promise<string[]> {
  const found = await Promise.all(FUNCTION_NAMES.map((name) => functionNamed(`${stackName}-${name}`)));
  const marked = found.filter((one) => one !== undefined).filter(({ tags }) => TAG in tags);
  if (marked.length === 0) return [];
  const codes = await codeOf(stackName);
  return Promise.all(marked.map(({ configuration }) => putBackOne(configuration, codes)));
}

async function putBackOne(configuration: FunctionConfiguration, codes: Map<string, Code>): Promise<string> {
  const { FunctionName, FunctionArn } = configuration as Required<FunctionConfiguration>;
  const code = codes.get(FunctionName);
  if (!code) throw new Error(`the deployed template has no function ${FunctionName}`);
  const [, , , region, account] = FunctionArn.split(":");
  const S3Bucket = code.bucket.replaceAll("${AWS::AccountId}", account!).replaceAll("${AWS::Region}", region!);
  await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, S3Bucket, S3Key: code.key }));
  await updated(FunctionName);
  await lambda.send(new UntagResourceCommand({ Resource: FunctionArn, TagKeys: [TAG] }));
  return FunctionName;
}

async function updated(FunctionName: string): Promise<void> {
  await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: PATIENCE, minDelay: 1 }, { FunctionName });
}

/** Where a function's program is. */
interface Code {
  readonly bucket: string;
  readonly key: string;
}

/** Where the deployed template says that each function's program is, by the function's name. */
async function codeOf(stackName: string): Promise<Map<string, Code>> {
  const answer = await new CloudFormationClient(QUICK).send(new GetTemplateCommand({ StackName: stackName }));
  const resources: { Type: string; Properties: any }[] = Object.values(JSON.parse(answer.TemplateBody!).Resources);
  const functions = resources.filter(({ Type }) => Type === "AWS::Lambda::Function");
  return new Map(
    functions.map(({ Properties: { FunctionName, Code } }) => {
      // An account and a region that the settings leave open are variables in the bucket's name.
      return [FunctionName, { bucket: Code.S3Bucket["Fn::Sub"] ?? Code.S3Bucket, key: Code.S3Key }];
    }),
  );
}

async function functionNamed(FunctionName: string) {
  try {
    const { Configuration, Tags = {} } = await lambda.send(new GetFunctionCommand({ FunctionName }));
    return { configuration: Configuration!, tags: Tags };
  } catch (error) {
    if ((error as Error).name === "ResourceNotFoundException") return undefined;
    throw error;
  }
}
