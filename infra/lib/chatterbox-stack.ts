import { CfnOutput, Stack, type App, type StackProps } from "aws-cdk-lib";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { CfnVPCEndpoint } from "aws-cdk-lib/aws-ec2";
import { HostedZone } from "aws-cdk-lib/aws-route53";
import { Topic } from "aws-cdk-lib/aws-sns";
import { Chatterbox, type ChatterboxProps } from "./chatterbox";
import { lambdaArchitecture } from "./functions";
import { addBudget } from "./limits";
import { ApiGatewayLogRole } from "./log-role";
import { OwnHost } from "./own-host";
import { program } from "./program";
import { complete, type Complete, type Settings } from "./settings";
import { exampleDistribution } from "./site-host";

/**
 * Findings of cfn-lint that CDK causes on purpose. W3005: a function depends on its role explicitly, although naming the
 * role is enough. W2001: the parameter with the bootstrap stack's version is unused, where `cdk synth` leaves out the rule
 * that uses it.
 */
const ACCEPTED_BY_CFN_LINT = ["W2001", "W3005"];

/** The stack: a Chatterbox by the settings, and what depends on the account around it (hostnames, VPC, the right to log). */
export class ChatterboxStack extends Stack {
  readonly chatterbox: Chatterbox;
  private readonly accepted: string[] = [];

  /** Throws a `SettingsError` that names all that is wrong with the settings. */
  constructor(app: App, given: Partial<Settings>, props: StackProps = {}) {
    const settings = complete(given);
    super(app, settings.stackName, {
      description: "Chatterbox: tells browsers, the moment it happens, that their stats have been updated",
      env: settings.env,
      ...props,
    });
    this.acceptByCfnLint(...ACCEPTED_BY_CFN_LINT);
    this.chatterbox = new Chatterbox(this, "Chatterbox", this.options(settings));
    if (settings.accessLog) this.addLogRole(settings);
    this.addOutputs();
    this.addHosts(settings);
    if (settings.vpc) this.addEndpoint(settings.vpc);
    if (settings.budget) addBudget(this, settings.budget);
  }

  /** Accepts findings of cfn-lint, beside those that were accepted before. */
  protected acceptByCfnLint(...ids: string[]): void {
    this.accepted.push(...ids);
    this.templateOptions.metadata = {
      ...this.templateOptions.metadata,
      "cfn-lint": { config: { ignore_checks: this.accepted } },
    };
  }

  /** The construct's options, by the settings. */
  protected options(settings: Complete): ChatterboxProps {
    const { parameters, cookies, alarmTopicArn } = settings;
    return {
      code: (name) => program(this, settings, name),
      architecture: lambdaArchitecture(settings.architecture),
      stageName: settings.stage,
      namePrefix: settings.stackName,
      allowedOrigins: settings.allowedOrigins,
      parameters,
      cookies,
      maxConnectionsPerLogin: settings.maxConnectionsPerLogin,
      checkChatterOnSync: settings.checkChatterOnSync,
      throttle: settings.throttle,
      originSecret: settings.originSecret,
      waysIn: settings.waysIn,
      notifyConcurrency: settings.notifyConcurrency,
      logInvocations: settings.logInvocations,
      accessLog: settings.accessLog,
      logRetention: settings.logRetentionDays,
      keepTables: settings.keepTables,
      protectTables: settings.protectTables,
      existingTables: settings.existingTables,
      tableMaxima: settings.tableMaxima,
      observability: settings.observability,
      alarmTopic: alarmTopicArn ? Topic.fromTopicArn(this, "AlarmTopic", alarmTopicArn) : undefined,
    };
  }

  /** API Gateway's right to log, without which it makes no stage that has a log. */
  protected addLogRole({ apiGatewayLogRole }: Complete): void {
    if (apiGatewayLogRole) this.chatterbox.api.stage.node.addDependency(new ApiGatewayLogRole(this, "ApiGatewayLogs"));
  }

  private addHosts({ host, site }: Settings): void {
    const { chatterbox } = this;
    if (host) {
      const { name, certificateArn, zone } = host;
      const own = new OwnHost(this, "OwnHost", {
        chatterbox,
        name,
        certificate: certificateArn ? Certificate.fromCertificateArn(this, "Certificate", certificateArn) : undefined,
        zone: zone && HostedZone.fromHostedZoneAttributes(this, "Zone", { hostedZoneId: zone.id, zoneName: zone.name }),
      });
      this.output("OwnHostUrl", `wss://${name}`, "Where browsers connect, on Chatterbox's own hostname");
      if (!zone) this.output("OwnHostTarget", own.target, `Make a CNAME from ${name} to this`);
    }
    if (site?.example) {
      const behavior = chatterbox.siteBehavior();
      const distribution = exampleDistribution(this, "Site", { api: chatterbox.api, behavior, ...site.example });
      // `$connect` has to know a new secret before CloudFront sends it.
      if (chatterbox.originSecret) distribution.node.addDependency(chatterbox.functions.connect);
      const name = site.example.host ?? distribution.distributionDomainName;
      this.output("SiteUrl", `wss://${name}${site.path}`, "Where browsers connect, on the site's hostname");
    }
  }

  /** The VPC's endpoint for DynamoDB, through which a pipeline reaches the outbox. Its policy allows all tables, since a route table can have only one such endpoint. */
  private addEndpoint({ id, routeTableIds }: NonNullable<Settings["vpc"]>): void {
    new CfnVPCEndpoint(this, "DynamoDb", {
      vpcEndpointType: "Gateway",
      vpcId: id,
      serviceName: `com.amazonaws.${this.region}.dynamodb`,
      routeTableIds,
    });
  }

  /** Stack outputs, by names that do not change: scripts find a deployed Chatterbox by its stack's name and these. */
  private addOutputs(): void {
    const { chatterbox } = this;
    const { tables, functions, queues } = chatterbox;
    this.output("WebSocketUrl", chatterbox.socketUrl, "Where browsers connect, on API Gateway's own hostname");
    this.output("CallbackUrl", chatterbox.callbackUrl, "Where posts to sockets go");
    this.output("ConnectFunction", functions.connect.functionName);
    this.output("DisconnectFunction", functions.disconnect.functionName);
    this.output("DefaultFunction", functions.default.functionName);
    this.output("NotifyFunction", functions.notify.functionName, "What the pipeline invokes");
    this.output("RevokeFunction", functions.revoke.functionName);
    this.output("QueueUrl", queues.updates.queueUrl, "Where the pipeline may send events instead");
    this.output("DeadLetterQueueUrl", queues.deadLetters.queueUrl);
    this.output("ChattersTable", tables.chatters.tableName, "Where the site's backend puts chatter IDs");
    this.output("ConnectionsTable", tables.connections.tableName);
    this.output("UpdatesTable", tables.updates.tableName);
    if (chatterbox.originSecret) {
      this.output("OriginSecretArn", chatterbox.originSecret.arn, "What CloudFront has to send, for a distribution made elsewhere");
    }
    this.output("OutboxTable", tables.outbox.tableName, "Where a pipeline in a VPC puts events");
    // For policies of programs outside CDK.
    this.output("ChattersTableArn", tables.chatters.tableArn);
    this.output("NotifyFunctionArn", functions.notify.functionArn);
    this.output("QueueArn", queues.updates.queueArn);
    this.output("OutboxTableArn", tables.outbox.tableArn);
  }

  private output(name: string, value: string, description?: string): void {
    new CfnOutput(this, name, { value, description });
  }
}
