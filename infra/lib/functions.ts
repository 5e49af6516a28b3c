import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  Architecture,
  ApplicationLogLevel,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { ArchitectureName } from "./architecture";

/** The five functions, by the names of their packages and programs. */
export const FUNCTION_NAMES = ["connect", "disconnect", "default", "notify", "revoke"] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/**
 * notify's time limit. It stops two seconds before, and defers the rest to a later invocation. A post takes
 * milliseconds, and five seconds at worst, so a minute is enough for thousands of sockets.
 */
export const NOTIFY_TIMEOUT = Duration.seconds(60);

/**
 * revoke's time limit. It closes the sockets of many logins at once, of each twice, a second apart; it stops two seconds
 * before, and what is left is delivered again.
 */
const REVOKE_TIMEOUT = Duration.seconds(60);

/**
 * The time limit of the three functions that serve sockets. DynamoDB answers in milliseconds, and three tries fit in. The
 * protocol relies on `$connect` taking no longer (docs/protocol.md, R3).
 */
const SOCKET_TIMEOUT = Duration.seconds(10);

/** Memory of all functions but notify, in MB. Lambda gives processor time in proportion, and TLS and signatures are slow with 128. */
const MEMORY = 256;

/** Memory of notify, in MB: it sends hundreds of posts at once. */
const NOTIFY_MEMORY = 512;

const TIMEOUTS: Record<FunctionName, Duration> = {
  connect: SOCKET_TIMEOUT,
  disconnect: SOCKET_TIMEOUT,
  default: SOCKET_TIMEOUT,
  notify: NOTIFY_TIMEOUT,
  revoke: REVOKE_TIMEOUT,
};

/** A processor, as CDK has it. */
export function lambdaArchitecture(name: ArchitectureName): Architecture {
  return name === "arm64" ? Architecture.ARM_64 : Architecture.X86_64;
}

export interface FunctionsProps {
  /** Each function's program. */
  readonly code: (name: FunctionName) => Code;
  readonly architecture: Architecture;
  /** What the functions are called, followed by a hyphen and their own name; CloudFormation makes names without it. */
  readonly namePrefix?: string;
  readonly logRetention: RetentionDays;
  /** Whether Lambda writes lines of its own for each invocation. */
  readonly logInvocations: boolean;
  /** Environment variables of every function. */
  readonly environment: Record<string, string>;
}

/**
 * The functions, each with a role that allows nothing but its own log. None has reserved concurrency. Whoever wants it sets
 * `(functions.notify.node.defaultChild as CfnFunction).reservedConcurrentExecutions`.
 */
export class Functions extends Construct {
  readonly connect: LambdaFunction;
  readonly disconnect: LambdaFunction;
  readonly default: LambdaFunction;
  readonly notify: LambdaFunction;
  readonly revoke: LambdaFunction;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: FunctionsProps,
  ) {
    super(scope, id);
    this.connect = this.add("connect", "Chatterbox $connect: admits a socket, or refuses it");
    this.disconnect = this.add("disconnect", "Chatterbox $disconnect: deletes the row of a connection");
    this.default = this.add("default", "Chatterbox $default: answers a browser's message");
    this.notify = this.add("notify", "Chatterbox notify: tells every open browser of a login");
    this.revoke = this.add("revoke", "Chatterbox revoke: closes the sockets of chatter IDs that were deleted");
  }

  /** The functions, each after its name. */
  all(): [FunctionName, LambdaFunction][] {
    return FUNCTION_NAMES.map((name) => [name, this[name]]);
  }

  private add(name: FunctionName, description: string): LambdaFunction {
    const { props } = this;
    const scope = new Construct(this, name);
    const functionName = props.namePrefix && `${props.namePrefix}-${name}`;
    const logGroup = new LogGroup(scope, "Log", {
      logGroupName: functionName && `/aws/lambda/${functionName}`,
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return new LambdaFunction(scope, "Function", {
      functionName,
      description,
      code: props.code(name),
      handler: "bootstrap",
      runtime: Runtime.PROVIDED_AL2023,
      architecture: props.architecture,
      memorySize: name === "notify" ? NOTIFY_MEMORY : MEMORY,
      timeout: TIMEOUTS[name],
      environment: props.environment,
      role: this.role(scope, logGroup),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      // The functions write no more than INFO: what the libraries below them write further down holds secrets. Less would
      // drop the metrics with the log lines.
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      // At WARN Lambda tells of invocations that failed or took too long; at INFO of each.
      systemLogLevelV2: props.logInvocations ? SystemLogLevel.INFO : SystemLogLevel.WARN,
    });
  }

  /** The right to write to one log group. AWS's managed policy would allow all log groups of the account, and making new ones. */
  private role(scope: Construct, logGroup: LogGroup): Role {
    const role = new Role(scope, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    role.addToPolicy(
      new PolicyStatement({
        actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
        resources: [logGroup.logGroupArn],
      }),
    );
    return role;
  }
}
