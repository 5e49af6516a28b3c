import { App, Aws, LegacyStackSynthesizer, Validations, type CfnResource } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Architecture, Code } from "aws-cdk-lib/aws-lambda";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { Topic } from "aws-cdk-lib/aws-sns";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import cdkJson from "../cdk.json";
import type { ChatterboxProps } from "./chatterbox";
import { ChatterboxStack } from "./chatterbox-stack";
import { ApiGatewayLogRole } from "./log-role";
import { Parameters } from "./parameters";
import type { Complete, Settings } from "./settings";

/** Why a rule that looks at defaults of parameters is wrong here. */
const UNUSED_DEFAULT = "An empty parameter is not used: a condition stands before it.";

/**
 * The same stack as a plain CloudFormation template, for those who deploy without CDK: it needs no bootstrapped account,
 * uploads nothing, and takes its functions' programs from a bucket. What can be one is a parameter.
 */
export class PlainStack extends ChatterboxStack {
  /** Set by `options`, which the constructor above calls: an initializer here would come after it, and undo that. */
  declare private parameters: Parameters;

  /** Throws a `SettingsError` that names all that is wrong with the settings. */
  constructor(app: App, given: Partial<Settings>) {
    // The account and region are those of whoever deploys the template.
    const { env: _, ...settings } = given;
    super(app, settings, { synthesizer: new LegacyStackSynthesizer() });
    this.addCheckOnSync();
    Validations.of(this).acknowledge({ id: "CloudFormation-Validate::W1030", reason: UNUSED_DEFAULT });
    this.acceptByCfnLint("W1030");
  }

  protected override options(settings: Complete): ChatterboxProps {
    this.parameters = new Parameters(this, settings);
    const { code, admission, operation } = this.parameters;
    const bucket = Bucket.fromBucketName(this, "Code", code.bucket);
    return {
      ...super.options({ ...settings, alarmTopicArn: undefined }),
      code: (name) => Code.fromBucket(bucket, code.keys[name]),
      architecture: Architecture.custom(code.architecture),
      namePrefix: Aws.STACK_NAME,
      metricsNamespace: Aws.STACK_NAME,
      stageName: admission.stage,
      allowedOrigins: [admission.allowedOrigins],
      parameters: admission.parameters,
      cookies: admission.cookies,
      maxConnectionsPerLogin: admission.maxConnectionsPerLogin,
      // `addCheckOnSync` adds it on a condition.
      checkChatterOnSync: false,
      notifyConcurrency: operation.notifyConcurrency,
      logRetention: operation.logRetentionDays,
      alarmTopic: Topic.fromTopicArn(this, "AlarmTopic", operation.alarmTopicArn),
    };
  }

  /**
   * The role on the condition of a parameter. CloudFormation allows `DependsOn` no resource that may be missing, but makes
   * what metadata refers to before what has the metadata.
   */
  protected override addLogRole(): void {
    const { role, account } = new ApiGatewayLogRole(this, "ApiGatewayLogs");
    const condition = this.parameters.givesLogRole!;
    for (const resource of [role.node.defaultChild as CfnResource, account]) resource.cfnOptions.condition = condition;
    const stage = this.chatterbox.api.stage.node.defaultChild as CfnResource;
    stage.addMetadata("AfterLogRole", Parameters.where(condition, account.ref));
  }

  /** What the construct does where `checkChatterOnSync` is set, on a condition. */
  private addCheckOnSync(): void {
    const { checksChatterOnSync } = this.parameters.admission;
    const { functions, tables } = this.chatterbox;
    const where = (value: string) => Parameters.where(checksChatterOnSync, value);
    functions.default.addEnvironment("CHECK_CHATTER_ON_SYNC", where("true"));
    functions.default.addEnvironment("CHATTERS_TABLE", where(tables.chatters.tableName));
    functions.default.addToRolePolicy(
      new PolicyStatement({ actions: ["dynamodb:GetItem"], resources: [where(tables.chatters.tableArn)] }),
    );
  }
}

/** The plain template as a text, which depends on the settings alone. Throws a `SettingsError` as {@link PlainStack} does. */
export function plainTemplate(settings: Partial<Settings>): string {
  const outdir = mkdtempSync(join(tmpdir(), "chatterbox-template-"));
  try {
    const app = new App({ analyticsReporting: false, context: cdkJson.context, outdir });
    const { artifactId } = new PlainStack(app, settings);
    return `${JSON.stringify(app.synth().getStackArtifact(artifactId).template, null, 2)}\n`;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
