import { Stack, Tokenization } from "aws-cdk-lib";
import type { Alarm } from "aws-cdk-lib/aws-cloudwatch";
import type { BehaviorOptions, Distribution } from "aws-cdk-lib/aws-cloudfront";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { Architecture, Code } from "aws-cdk-lib/aws-lambda";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import { addAlarms } from "./alarms";
import { Api } from "./api";
import { ofThisMachine } from "./architecture";
import { addDashboard } from "./dashboard";
import { functionProblems, namespaceProblems, type FunctionSettings } from "./function-settings";
import { Functions, lambdaArchitecture, type FunctionName } from "./functions";
import { allowCalls, grantOn, grantPosts } from "./grants";
import { maximaProblems, type TableMaxima } from "./limits";
import { Metrics } from "./metrics";
import type { Observability } from "./observability";
import { OriginSecret, originSecretProblems, type OriginSecretSettings } from "./origin-secret";
import { Queues } from "./queues";
import { SettingsError } from "./settings";
import { siteBehavior } from "./site-host";
import { addSources } from "./sources";
import { existingTablesProblems, protectionProblems, Tables, type ExistingTables } from "./tables";
import { completeThrottles, floodHandshakes, throttleProblems, type Throttles } from "./throttles";
import { addWaysIn, waysInProblems, type WaysIn } from "./ways-in";

/** The construct's options. Only the functions' code has no default. */
export interface ChatterboxProps extends FunctionSettings {
  /** Each function's program: an asset with a `bootstrap` for Amazon Linux 2023, as `cargo lambda build` makes it. */
  readonly code: (name: FunctionName) => Code;
  /** What the programs were built for. @default - the processor of this machine, for which `make build` builds */
  readonly architecture?: Architecture;
  /** The stage, the last part of the API's URL; behind CloudFront it is the path's name. @default "live" */
  readonly stageName?: string;
  /** The first part of the functions' names, and the API's name. @default - CloudFormation makes names for the functions; the API has the stack's */
  readonly namePrefix?: string;
  /** The throttle of each route: requests a second, and at once. @default DEFAULT_THROTTLES, for each route that is left out */
  readonly throttle?: Partial<Throttles>;
  /** SNS topics, EventBridge rules and pipes that notify's queue gets events from. @default - none */
  readonly waysIn?: WaysIn;
  /** The header that CloudFront adds, and that `$connect` demands. @default - any way to the API will do */
  readonly originSecret?: OriginSecretSettings;
  /** How many invocations of notify work on its queue at once, 2 to 1,000. @default 5 */
  readonly notifyConcurrency?: number;
  /** Whether Lambda logs when each invocation began, and what it took. @default false */
  readonly logInvocations?: boolean;
  /** Whether API Gateway logs a line for each request of a browser. @default true */
  readonly accessLog?: boolean;
  /** How long logs are kept. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /** Whether the tables `chatters` and `updates` are kept when the stack is destroyed. @default true */
  readonly keepTables?: boolean;
  /** Whether DynamoDB lets nobody delete the tables `chatters` and `updates`. @default false */
  readonly protectTables?: boolean;
  /** Tables that a destroyed stack left, to take up again. @default - new ones */
  readonly existingTables?: ExistingTables;
  /** The most that each table does in a second, in request units. @default - what the account may */
  readonly tableMaxima?: TableMaxima;
  /**
   * Which metrics, alarms and dashboard there are. "free": ten metrics, alarms that watch ten, and one dashboard, which cost
   * nothing in an account that has no others; "full": one alarm for each cause; "none": none of them. @default "free"
   */
  readonly observability?: Observability;
  /** The CloudWatch namespace of its metrics, which no other deployment should have. @default - the stack's name */
  readonly metricsNamespace?: string;
  /** The SNS topic that alarms publish to. @default - none; alarms show on the console only */
  readonly alarmTopic?: ITopic;
}

/**
 * Chatterbox: tells a logged-in user's browsers, the moment it happens, that their stats have been updated.
 *
 *     const chatterbox = new Chatterbox(this, "Chatterbox", {
 *       code: (name) => Code.fromAsset(`target/lambda/${name}`),
 *     });
 *     chatterbox.grantIssueChatterIds(siteBackend);
 *     chatterbox.grantNotify(statsPipeline);
 *
 * The construct makes tables, functions, API, queues, alarms and a dashboard. Hostnames are added to it: `OwnHost`, or
 * `addToDistribution` for a CloudFront distribution. API Gateway's right to write logs is given once per account and
 * region, so it is not part of the construct: see `ApiGatewayLogRole`.
 */
export class Chatterbox extends Construct {
  readonly tables: Tables;
  readonly functions: Functions;
  readonly api: Api;
  readonly queues: Queues;
  readonly metrics: Metrics;
  readonly alarms: Alarm[];
  /** What CloudFront adds to each handshake, if that is set. */
  readonly originSecret?: OriginSecret;
  private readonly namePrefix?: string;

  /** Throws a `SettingsError` that names every setting that the functions, API Gateway or DynamoDB would refuse. */
  constructor(scope: Construct, id: string, props: ChatterboxProps) {
    super(scope, id);
    const problems = [
      ...functionProblems(props),
      ...namespaceProblems(props.metricsNamespace),
      ...throttleProblems(props.throttle ?? {}),
      ...maximaProblems(props.tableMaxima),
      ...existingTablesProblems(props.existingTables),
      ...protectionProblems(props.keepTables, props.protectTables),
      ...originSecretProblems(props.originSecret),
      ...waysInProblems(props.waysIn),
      ...this.sharedNames(props),
    ];
    if (problems.length > 0) throw new SettingsError(problems);
    this.namePrefix = props.namePrefix;
    const logRetention = props.logRetention ?? RetentionDays.ONE_MONTH;
    this.tables = new Tables(this, "Tables", {
      keep: props.keepTables ?? true,
      protect: props.protectTables ?? false,
      existing: props.existingTables,
      maxima: props.tableMaxima,
    });
    this.queues = new Queues(this, "Queues");
    this.metrics = new Metrics(props.metricsNamespace ?? Stack.of(this).stackName, props.observability ?? "free");
    this.functions = new Functions(this, "Functions", {
      code: props.code,
      architecture: props.architecture ?? lambdaArchitecture(ofThisMachine()),
      namePrefix: props.namePrefix,
      logRetention,
      logInvocations: props.logInvocations ?? false,
      environment: { METRICS_NAMESPACE: this.metrics.namespace, OBSERVABILITY: this.metrics.observability },
    });
    this.api = new Api(this, "Api", {
      functions: this.functions,
      name: props.namePrefix ?? Stack.of(this).stackName,
      stageName: props.stageName ?? "live",
      throttles: completeThrottles(props.throttle),
      logRetention: props.accessLog === false ? undefined : logRetention,
    });
    this.originSecret = props.originSecret && new OriginSecret(this, "OriginSecret", props.originSecret);
    this.setEnvironment(props);
    allowCalls(this.functions, this.tables, this.api, this.queues);
    if (props.checkChatterOnSync) grantOn(this.functions.default, this.tables.chatters, "dynamodb:GetItem");
    addSources({
      functions: this.functions,
      queues: this.queues,
      tables: this.tables,
      queueConcurrency: props.notifyConcurrency ?? 5,
    });
    if (props.waysIn) addWaysIn(this, props.waysIn, this.queues);
    this.alarms = addAlarms(this, this, props.alarmTopic);
    addDashboard(this, this);
  }

  /** One sentence for each name that another Chatterbox of the stack has: their metrics would be one, and their functions' names refused. */
  private sharedNames({ metricsNamespace, namePrefix }: ChatterboxProps): string[] {
    const all = Stack.of(this).node.findAll().filter((one) => one instanceof Chatterbox);
    // One that was refused has none of its parts.
    const others = all.filter((one) => one !== this && one.metrics !== undefined);
    const namespace = metricsNamespace ?? Stack.of(this).stackName;
    return others.flatMap(({ metrics, namePrefix: prefix, node }) => [
      ...(metrics.namespace === namespace
        ? [`metricsNamespace must be another than that of ${node.path}, "${namespace}": the alarms of both would count the metrics of both.`]
        : []),
      ...(namePrefix !== undefined && prefix === namePrefix
        ? [`namePrefix must be another than that of ${node.path}, "${namePrefix}": a function's name is there once.`]
        : []),
    ]);
  }

  /** Where browsers connect, on API Gateway's own hostname. */
  get socketUrl(): string {
    return this.api.stage.url;
  }

  /** Where posts to sockets go: always API Gateway's own hostname. */
  get callbackUrl(): string {
    return this.api.stage.callbackUrl;
  }

  /** Allows to invoke notify, synchronously or not. */
  grantNotify(grantee: IGrantable): Grant {
    const resourceArns = [this.functions.notify.functionArn];
    return Grant.addToPrincipal({ grantee, actions: ["lambda:InvokeFunction"], resourceArns });
  }

  /** Allows to send events to notify's queue. */
  grantSendToQueue(grantee: IGrantable): Grant {
    const resourceArns = [this.queues.updates.queueArn];
    return Grant.addToPrincipal({ grantee, actions: ["sqs:SendMessage"], resourceArns });
  }

  /** Allows to put events into the outbox: the way for a pipeline in a VPC, with its gateway endpoint. */
  grantPutIntoOutbox(grantee: IGrantable): Grant {
    return grantOn(grantee, this.tables.outbox, "dynamodb:PutItem");
  }

  /** Allows the site's backend to issue chatter IDs at login. */
  grantIssueChatterIds(grantee: IGrantable): Grant {
    return grantOn(grantee, this.tables.chatters, "dynamodb:PutItem");
  }

  /** Allows to revoke chatter IDs. The function revoke closes the sockets that they opened. */
  grantDeleteChatterIds(grantee: IGrantable): Grant {
    return grantOn(grantee, this.tables.chatters, "dynamodb:Query", "dynamodb:DeleteItem");
  }

  /** Allows to revoke chatter IDs and to close the sockets that they opened, without waiting for the function revoke. */
  grantRevokeChatterIds(grantee: IGrantable): Grant {
    return this.grantDeleteChatterIds(grantee)
      .combine(grantOn(grantee, this.tables.connections, "dynamodb:Query", "dynamodb:DeleteItem"))
      .combine(grantPosts(grantee, this.api));
  }

  /** What a CloudFront distribution needs to serve the sockets under `/STAGE` on the site's own host. */
  siteBehavior(): BehaviorOptions {
    return siteBehavior(this.api, this.originSecret);
  }

  /** Serves the sockets under `/STAGE` of a distribution that another part of the app has made. */
  addToDistribution(distribution: Distribution): void {
    const { origin, ...behavior } = this.siteBehavior();
    distribution.addBehavior(`/${this.api.stage.stageName}`, origin, behavior);
    // `$connect` has to know a new secret before CloudFront sends it.
    if (this.originSecret) distribution.node.addDependency(this.functions.connect);
  }

  /** Gives each function the variables that it reads, and no others (crates/core/src/runtime/settings.rs). */
  private setEnvironment(settings: FunctionSettings): void {
    const { allowedOrigins, parameters, cookies, maxConnectionsPerLogin, checkChatterOnSync } = settings;
    const CHATTERS_TABLE = this.tables.chatters.tableName;
    const CONNECTIONS_TABLE = this.tables.connections.tableName;
    const UPDATES_TABLE = this.tables.updates.tableName;
    const MAX_CONNECTIONS_PER_LOGIN = Tokenization.stringifyNumber(maxConnectionsPerLogin ?? 20);
    const variables: Record<FunctionName, Record<string, string | undefined>> = {
      connect: {
        CHATTERS_TABLE,
        CONNECTIONS_TABLE,
        ALLOWED_ORIGINS: allowedOrigins?.join(","),
        ORIGIN_SECRET: this.originSecret?.variable,
        LOGIN_PARAMETER: parameters?.login,
        CHATTER_PARAMETER: parameters?.chatter,
        TOPIC_PARAMETER: parameters?.topic,
        LOGIN_COOKIE: cookies?.login,
        CHATTER_COOKIE: cookies?.chatter,
        MAX_CONNECTIONS_PER_LOGIN,
        FLOOD_HANDSHAKES: String(floodHandshakes(this.api.throttles)),
      },
      disconnect: { CONNECTIONS_TABLE },
      default: {
        CONNECTIONS_TABLE,
        UPDATES_TABLE,
        ...(checkChatterOnSync && { CHECK_CHATTER_ON_SYNC: "true", CHATTERS_TABLE }),
      },
      notify: {
        CONNECTIONS_TABLE,
        UPDATES_TABLE,
        AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: this.callbackUrl,
        DEFER_QUEUE_URL: this.queues.updates.queueUrl,
        MAX_CONNECTIONS_PER_LOGIN,
      },
      revoke: {
        CHATTERS_TABLE,
        CONNECTIONS_TABLE,
        AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: this.callbackUrl,
      },
    };
    for (const [name, handler] of this.functions.all()) {
      for (const [variable, value] of Object.entries(variables[name])) {
        if (value) handler.addEnvironment(variable, value);
      }
    }
  }
}
