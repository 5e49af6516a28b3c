import { Aws, CfnCondition, CfnParameter, CfnRule, Fn, type CfnParameterProps, type Stack } from "aws-cdk-lib";
import { COOKIE } from "./function-settings";
import { FUNCTION_NAMES, type FunctionName } from "./functions";
import { RETENTIONS, STAGE, type Complete } from "./settings";

/**
 * The parameters of the plain template: what of the settings a deployment of it may still choose. Their defaults are the
 * settings that the template was made with. A setting is none of them where it decides which resources there are, or where
 * something is reckoned from it: hosts, what becomes of the tables, throttles (which an alarm's formula contains).
 */
export class Parameters {
  /** The functions' programs: a bucket, the key of each function's zip in it, and the processor. */
  readonly code: { bucket: string; keys: Record<FunctionName, string>; architecture: string };
  readonly admission: ReturnType<Parameters["addAdmission"]>;
  readonly operation: ReturnType<Parameters["addOperation"]>;
  /** Whether API Gateway gets the right to write logs; nothing where there is no access log. */
  readonly givesLogRole?: CfnCondition;

  /** The parameters by the heading under which CloudFormation's console asks for them. */
  private readonly groups: [label: string, names: string[]][] = [];

  constructor(
    private readonly stack: Stack,
    settings: Complete,
  ) {
    this.code = this.addCode(settings);
    this.admission = this.addAdmission(settings);
    this.operation = this.addOperation(settings);
    if (settings.accessLog) this.givesLogRole = this.addLogRole(settings);
    this.describeGroups();
  }

  /** The value where the condition holds. Else CloudFormation leaves out what would have it. */
  static where(condition: CfnCondition, value: string): string {
    return Fn.conditionIf(condition.logicalId, value, Aws.NO_VALUE).toString();
  }

  private addCode({ architecture }: Complete): Parameters["code"] {
    this.groups.push(["The functions' programs", []]);
    const bucket = this.text("CodeBucket", { description: "The bucket, in this region, with the zips of make package" });
    const keyOf = (name: FunctionName) =>
      this.text(`${capitalized(name)}Key`, { description: `The key of ${name}'s zip; another for each program` });
    return {
      bucket,
      keys: Object.fromEntries(FUNCTION_NAMES.map((name) => [name, keyOf(name)])) as Record<FunctionName, string>,
      architecture: this.text("Architecture", {
        description: "The processor that the programs were built for",
        allowedValues: ["arm64", "x86_64"],
        default: architecture,
      }),
    };
  }

  private addAdmission(settings: Complete) {
    this.groups.push(["Who may connect, and how", []]);
    return {
      // CloudFront's path is the stage: with `site`, the settings have decided.
      stage: settings.site ? settings.stage : this.addStage(settings.stage),
      allowedOrigins: this.given("AllowedOrigins", settings.allowedOrigins.join(","), {
        description: "Origins that may connect, with commas between them, each as a browser sends it; without it all may",
        allowedPattern: "^$|^[a-z0-9+.-]+://[^/ ,]+(,[a-z0-9+.-]+://[^/ ,]+)*$",
        constraintDescription: "as https://www.example.com,https://example.com: no spaces, and nothing after host and port",
      }),
      parameters: this.addNames(settings.parameters),
      cookies: this.addCookies(settings.cookies),
      maxConnectionsPerLogin: this.number("MaxConnectionsPerLogin", {
        description: "How many sockets a login may have before the oldest is closed",
        default: settings.maxConnectionsPerLogin,
        minValue: 1,
      }),
      checksChatterOnSync: this.choice("CheckChatterOnSync", settings.checkChatterOnSync, {
        description: "Whether a page is turned away at its next sync once its chatter ID has expired",
      }),
    };
  }

  private addOperation(settings: Complete) {
    this.groups.push(["Operation", []]);
    return {
      notifyConcurrency: this.number("NotifyConcurrency", {
        description: "How many invocations of notify work on its queue at once",
        default: settings.notifyConcurrency,
        minValue: 2,
        maxValue: 1_000,
      }),
      logRetentionDays: this.number("LogRetentionDays", {
        description: "How long logs are kept, in days",
        default: String(settings.logRetentionDays),
        allowedValues: RETENTIONS.map(String),
      }),
      alarmTopicArn: this.given("AlarmTopicArn", settings.alarmTopicArn ?? "", {
        description: "The SNS topic that alarms publish to; without it they only show on the console",
        allowedPattern: "^$|^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$",
        constraintDescription: "the ARN of an SNS topic: arn:aws:sns:REGION:ACCOUNT:NAME",
      }),
    };
  }

  private addLogRole({ apiGatewayLogRole }: Complete): CfnCondition {
    return this.choice("ApiGatewayLogRole", apiGatewayLogRole, {
      description: "Whether to give API Gateway the right to write logs, for this account and region; false where somebody has",
    });
  }

  private addStage(stage: string): string {
    return this.text("Stage", {
      description: "The API's stage, the last part of its URL",
      default: stage,
      allowedPattern: STAGE.source,
      constraintDescription: "letters, digits, hyphens and underscores; a WebSocket API has no $default stage",
    });
  }

  private addNames(names: Complete["parameters"]): Complete["parameters"] {
    const name = (what: "login" | "chatter" | "topic", description: string) =>
      this.text(`${capitalized(what)}Parameter`, {
        description: `The name in the query string that carries ${description}`,
        default: names[what],
        allowedPattern: "^[^\\s]+$",
        constraintDescription: "a name without blanks",
      });
    const given = {
      login: name("login", "the login"),
      chatter: name("chatter", "the chatter ID"),
      topic: name("topic", "the topics"),
    };
    const { login, chatter, topic } = given;
    const pairs = [[login, chatter], [login, topic], [chatter, topic]] as const;
    // The functions check the same at their start: none would run.
    new CfnRule(this.stack, "Names", {
      assertions: pairs.map(([one, other]) => ({
        assert: Fn.conditionNot(Fn.conditionEquals(one, other)),
        assertDescription: "LoginParameter, ChatterParameter and TopicParameter need three different names.",
      })),
    });
    return given;
  }

  private addCookies(cookies: Complete["cookies"]): NonNullable<Complete["cookies"]> {
    const name = (what: "login" | "chatter", description: string) =>
      this.given(`${capitalized(what)}Cookie`, cookies?.[what] ?? "", {
        description: `The name of a cookie that carries ${description}; without it none is read`,
        allowedPattern: `^$|${COOKIE.source}`,
        constraintDescription: "the name of a cookie: letters of the English alphabet, digits and !#$%&'*+-.^_`|~",
      });
    const [login, chatter] = [name("login", "the login"), name("chatter", "the chatter ID")];
    const isEmpty = (parameter: string) => Fn.conditionEquals(Fn.ref(parameter), "");
    const areBothOrNeither = Fn.conditionOr(
      Fn.conditionAnd(isEmpty("LoginCookie"), isEmpty("ChatterCookie")),
      Fn.conditionNot(Fn.conditionOr(isEmpty("LoginCookie"), isEmpty("ChatterCookie"))),
    );
    const haveOrigins = Fn.conditionOr(isEmpty("LoginCookie"), Fn.conditionNot(isEmpty("AllowedOrigins")));
    // CloudFormation asks rules before it makes anything.
    new CfnRule(this.stack, "Cookies", {
      assertions: [
        { assert: areBothOrNeither, assertDescription: "LoginCookie and ChatterCookie need each other." },
        {
          assert: Fn.conditionOr(isEmpty("LoginCookie"), Fn.conditionNot(Fn.conditionEquals(Fn.ref("LoginCookie"), Fn.ref("ChatterCookie")))),
          assertDescription: "LoginCookie and ChatterCookie need two different names.",
        },
        {
          assert: haveOrigins,
          assertDescription: "Cookies need AllowedOrigins: a browser sends a user's cookies for whatever page opens the socket.",
        },
      ],
    });
    return { login, chatter };
  }

  private add(name: string, props: CfnParameterProps): CfnParameter {
    this.groups.at(-1)![1].push(name);
    return new CfnParameter(this.stack, name, props);
  }

  private text(name: string, props: CfnParameterProps): string {
    return this.add(name, { type: "String", ...props }).valueAsString;
  }

  private number(name: string, props: CfnParameterProps): number {
    return this.add(name, { type: "Number", ...props }).valueAsNumber;
  }

  /** A text that may be empty, and then counts as not given. */
  private given(name: string, value: string, props: CfnParameterProps): string {
    const text = this.text(name, { default: value, ...props });
    const expression = Fn.conditionNot(Fn.conditionEquals(text, ""));
    return Parameters.where(new CfnCondition(this.stack, `Has${name}`, { expression }), text);
  }

  private choice(name: string, chosen: boolean, props: CfnParameterProps): CfnCondition {
    const text = this.text(name, { default: String(chosen), allowedValues: ["true", "false"], ...props });
    return new CfnCondition(this.stack, `Is${name}`, { expression: Fn.conditionEquals(text, "true") });
  }

  private describeGroups(): void {
    const ParameterGroups = this.groups.map(([label, names]) => ({ Label: { default: label }, Parameters: names }));
    const options = this.stack.templateOptions;
    options.metadata = { ...options.metadata, "AWS::CloudFormation::Interface": { ParameterGroups } };
  }
}

function capitalized(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}
