import { ofThisMachine, type ArchitectureName } from "./architecture";
import { functionProblems } from "./function-settings";
import { misfits, type Kind } from "./kinds";
import { budgetProblems, maximaProblems, type Budget, type TableMaxima } from "./limits";
import { OBSERVABILITIES, type Observability } from "./observability";
import { originSecretProblems, type OriginSecretSettings } from "./origin-secret";
import { foreignArns } from "./places";
import { existingTablesProblems, protectionProblems, type ExistingTables } from "./tables";
import { completeThrottles, DEFAULT_THROTTLES, throttleProblems, type Throttles } from "./throttles";
import { waysInProblems, type WaysIn } from "./ways-in";

/** The settings: their meaning, their defaults, and the checks on them. */

/** The settings of a deployed Chatterbox. */
export interface Settings {
  /** The stack's name, and the first part of its functions' names: letters, digits, hyphens; at most 40. */
  stackName: string;
  /** The region and account. Without them, those of the credentials that deploy. */
  env?: { region: string; account: string };
  /** The API's stage, the last part of its URL: letters, digits, hyphens, underscores. With `site`, it is its path. */
  stage?: string;
  /**
   * What the functions are built for. Without it, `make`'s `ARCH`: the processor of the machine that builds. Set it where
   * several machines deploy the same stack, so that the functions do not change with the machine.
   */
  architecture: ArchitectureName;
  /** The folder (seen from infra/) with a folder for each function, with its `bootstrap`: what `make build` makes. */
  functions: string;
  /**
   * `Origin`s that may connect, each as a browser sends it: https://www.example.com, http://localhost:8080,
   * capacitor://localhost. None means all.
   */
  allowedOrigins: string[];
  /** The names in the query string that carry login, chatter ID and topics. */
  parameters: { login: string; chatter: string; topic: string };
  /** The names of cookies that carry login and chatter ID; they need `allowedOrigins`. */
  cookies?: { login: string; chatter: string };
  /** How many sockets a login may have before the oldest is closed. */
  maxConnectionsPerLogin: number;
  /**
   * Whether a page is turned away at its next sync, and so within a quarter of an hour, once its chatter ID has expired. It
   * costs one more read for each sync. Without it, an open socket outlives its chatter ID by up to two hours.
   */
  checkChatterOnSync: boolean;
  /** A hostname of its own, with its certificate (of the API's region) or the Route 53 zone that can prove one. */
  host?: { name: string; certificateArn?: string; zone?: { id: string; name: string } };
  /** The site's hostname: the path on it, and whether to make an example of a distribution around the site's origin. */
  site?: { path: string; example?: { siteOrigin: string; host?: string; certificateArn?: string } };
  /**
   * A header with a secret, which CloudFront adds to each handshake and `$connect` demands: the API's own hostname then lets
   * nobody in. `version` is 1 at first, and one more for a new secret. It needs `site`; with `demanded: false` CloudFront
   * sends it and nobody is refused yet.
   */
  originSecret?: OriginSecretSettings;
  /**
   * What the account sends events to already, and from where notify is to have them: SNS topics, EventBridge rules and pipes
   * (docs/ways-in.md).
   */
  waysIn?: WaysIn;
  /**
   * A VPC whose pipeline writes to the outbox: it gets a gateway endpoint for DynamoDB, which costs nothing. Leave it out where the
   * VPC's route tables have one already, since they can have no second.
   */
  vpc?: { id: string; routeTableIds: string[] };
  /**
   * The throttle of each route ($connect, $default, ping, $disconnect): requests a second (`rate`), and at once (`burst`).
   * A route that is left out has its default (lib/throttles.ts), which does for 100,000 pages on line.
   */
  throttle: Partial<Throttles>;
  /**
   * How many invocations of notify may work on its queue at once, 2 to 1,000. It limits how fast the queue is worked
   * off: posts count against the account's limit above, and an event loses nothing by waiting in the queue. Other
   * invocations of notify (direct, or by the outbox) are not limited by it.
   */
  notifyConcurrency: number;
  /** How long logs are kept, in days. */
  logRetentionDays: number;
  /**
   * Whether Lambda writes lines of its own for each invocation: when it began, how long it took, what is billed, and how much
   * memory it used (`platform.report`, which used to be the line REPORT). They are about as much log as the functions' own.
   */
  logInvocations: boolean;
  /**
   * Whether API Gateway writes an access log: a line for each request of a browser, heartbeats too, which costs a site
   * with many users something (`make cost`).
   */
  accessLog: boolean;
  /**
   * Which metrics, alarms and dashboard there are. "free": ten metrics, alarms that watch ten, and one dashboard, as many as
   * an account has for nothing; "full": one alarm for each cause, some ten dollars a month (`make cost`); "none": for an
   * account whose ten of each are used elsewhere.
   */
  observability: Observability;
  /** The SNS topic that alarms publish to; without it they only show on the console. */
  alarmTopicArn?: string;
  /** Whether the tables are kept when the stack is destroyed. Without `chatters`, every user has to log in again. */
  keepTables: boolean;
  /**
   * Whether DynamoDB lets nobody delete the tables `chatters` and `updates`, by hand or by CloudFormation. Turn it on once the stack
   * is there: a first deployment that fails could not take its own tables away.
   */
  protectTables: boolean;
  /**
   * The tables that a stack left when it was destroyed, to take up again: nobody then has to log in anew. Their names, and of
   * `chatters` the stream: `aws dynamodb describe-table` has it (docs/operating.md).
   */
  existingTables?: ExistingTables;
  /**
   * The most that each table (and the index of connections) does in a second, in request units: what is beyond it, DynamoDB
   * throttles. Without it, what the account may.
   */
  tableMaxima?: TableMaxima;
  /** A budget of the account, in US dollars a month, and the e-mail address that is told when it runs out. */
  budget?: Budget;
  /**
   * Whether to give API Gateway the right to write its logs. It is one setting for all APIs of an account and region, and
   * the stack would replace what is there: say false if another stack or a person has set it. `make doctor` finds that out, and
   * `make deploy` goes no further then.
   */
  apiGatewayLogRole: boolean;
}

/** The defaults. */
export const defaults: Settings = {
  stackName: "Chatterbox",
  architecture: ofThisMachine(),
  functions: "../target/lambda",
  allowedOrigins: [],
  parameters: { login: "login", chatter: "chatter", topic: "topic" },
  maxConnectionsPerLogin: 20,
  checkChatterOnSync: false,
  throttle: DEFAULT_THROTTLES,
  notifyConcurrency: 5,
  logRetentionDays: 30,
  logInvocations: false,
  accessLog: true,
  observability: "free",
  keepTables: true,
  protectTables: false,
  apiGatewayLogRole: true,
};

/** The stage where neither `stage` nor `site` names one. */
const DEFAULT_STAGE = "live";

/** Settings that do not fit together. The message holds a line for each, which says what to change. */
export class SettingsError extends Error {
  override name = "SettingsError";

  constructor(readonly problems: string[]) {
    super(`The settings cannot be deployed.\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  }
}

/** Settings with nothing left out that has a default. */
export type Complete = Settings & { stage: string; throttle: Throttles };

/** The settings as given, with defaults for the rest. Throws a {@link SettingsError} that names all that is wrong. */
export function complete(given: Partial<Settings>): Complete {
  // One that is undefined, such as what only one of two deployments has, is one that is left out.
  const chosen: Partial<Settings> = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const settings = { ...defaults, ...chosen };
  const unfit = misfits(chosen, KINDS);
  const problems = unfit.length > 0 ? unfit : checks.flatMap((check) => check(settings));
  if (problems.length > 0) throw new SettingsError(problems);
  return {
    ...settings,
    stage: settings.stage ?? settings.site?.path.slice(1) ?? DEFAULT_STAGE,
    throttle: completeThrottles(settings.throttle),
  };
}

/** Every setting, and what kind of value it has. Those with kinds of their own inside are checked in their own files. */
const KINDS: Record<keyof Settings, Kind> = {
  stackName: "string",
  env: { region: "string", account: "string" },
  stage: "string",
  architecture: "string",
  functions: "string",
  allowedOrigins: "list",
  parameters: { login: "string", chatter: "string", topic: "string" },
  cookies: { login: "string", chatter: "string" },
  maxConnectionsPerLogin: "number",
  checkChatterOnSync: "boolean",
  host: { name: "string", certificateArn: "string", zone: { id: "string", name: "string" } },
  site: { path: "string", example: { siteOrigin: "string", host: "string", certificateArn: "string" } },
  originSecret: "object",
  waysIn: "object",
  vpc: { id: "string", routeTableIds: "list" },
  throttle: "object",
  notifyConcurrency: "number",
  logRetentionDays: "number",
  logInvocations: "boolean",
  accessLog: "boolean",
  observability: "string",
  alarmTopicArn: "string",
  keepTables: "boolean",
  protectTables: "boolean",
  existingTables: "object",
  tableMaxima: "object",
  budget: { dollars: "number", email: "string" },
  apiGatewayLogRole: "boolean",
};

/** The retention times that CloudWatch Logs offers, in days, up to a year. */
export const RETENTIONS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365];

const HOST = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const CERTIFICATE = /^arn:aws[a-z-]*:acm:([a-z0-9-]+):\d{12}:certificate\/[0-9a-f-]+$/;
/** A stage's name. */
export const STAGE = /^[A-Za-z0-9_-]{1,128}$/;

type Check = (settings: Settings) => string[];

/** Whether it is an ID of EC2: eight hexadecimal digits, or, since 2016, seventeen. */
const isIdOf = (kind: string, id: unknown): boolean => new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(String(id));

/** The problem, unless the condition holds. */
const unless = (well: boolean, problem: string): string[] => (well ? [] : [problem]);

const placeCheck: Check = (settings) => (settings.env ? foreignArns(settings, settings.env) : []);

const nameCheck: Check = ({ stackName, architecture, env }) => [
  ...unless(
    /^[A-Za-z][A-Za-z0-9-]{0,39}$/.test(stackName),
    "stackName must begin with a letter and hold letters, digits and hyphens only, at most 40.",
  ),
  ...unless(
    ["arm64", "x86_64"].includes(architecture),
    `architecture must be "arm64" or "x86_64", as the functions were built.`,
  ),
  ...unless(
    !env || (/^[a-z]{2}(-[a-z]+)+-\d$/.test(env.region) && /^\d{12}$/.test(env.account)),
    `env must have a region like "eu-central-1" and an account of 12 digits; leave it out to take those of your credentials.`,
  ),
];

const stageCheck: Check = ({ stage, site }) => {
  if (site && !/^\/[A-Za-z0-9_-]{1,128}$/.test(site.path)) {
    return [`site.path must be a slash and one name, such as "/socks": API Gateway knows no path below its stage.`];
  }
  if (stage === undefined) return [];
  return [
    ...unless(
      STAGE.test(stage),
      "stage must hold letters, digits, hyphens and underscores only; a WebSocket API has no $default stage.",
    ),
    ...unless(
      !site || site.path === `/${stage}`,
      `stage must be "${site?.path.slice(1)}", or be left out: CloudFront hands on the path ${site?.path} as it is, and API Gateway takes its first part for the stage.`,
    ),
  ];
};

const hostCheck: Check = ({ host, site, env }) => {
  if (!host) return [];
  const { name, certificateArn, zone } = host;
  if (!name) return ["host.name is missing: a certificate needs the hostname it is for, such as socks.example.com."];
  const region = certificateArn && CERTIFICATE.exec(certificateArn)?.[1];
  return [
    ...unless(
      HOST.test(name),
      `host.name must be a hostname like socks.example.com, without wss:// and without a path; it is "${name}".`,
    ),
    // A certificate's own name has at most 64 letters, which is older than ACM.
    ...unless(
      !!certificateArn || name.length <= 64,
      `host.name has ${name.length} letters, and ACM makes no certificate for a name of more than 64: give a certificateArn, or a shorter name.`,
    ),
    ...unless(
      name !== site?.example?.host,
      "host.name and site.example.host must differ: a name leads to the API or to CloudFront.",
    ),
    ...unless(
      !!certificateArn || !!zone,
      "host needs a certificateArn, or the Route 53 zone in which a certificate can be proved.",
    ),
    ...unless(
      !certificateArn || !!region,
      "host.certificateArn must be the ARN of a certificate in ACM: arn:aws:acm:REGION:ACCOUNT:certificate/ID.",
    ),
    ...unless(
      !region || !env || region === env.region,
      `host.certificateArn must be of the API's own region, ${env?.region}; this one is of ${region}.`,
    ),
    ...unless(
      !zone || HOST.test(zone.name ?? ""),
      `host.zone.name must be a name like example.com, in lower case and without a dot at its end; it is "${zone?.name ?? ""}".`,
    ),
    ...unless(
      !zone || !HOST.test(zone.name ?? "") || !HOST.test(name) || name === zone.name || name.endsWith(`.${zone.name}`),
      `host.name must lie in host.zone.name, ${zone?.name}.`,
    ),
    ...unless(
      !zone || /^Z[A-Z0-9]{5,31}$/.test(zone.id ?? ""),
      "host.zone.id must be the ID of a hosted zone, such as Z0123456789ABCDEFGHIJ.",
    ),
  ];
};

const originSecretCheck: Check = ({ originSecret, site, host }) => [
  ...originSecretProblems(originSecret),
  ...unless(!originSecret || !!site, "originSecret needs site: only CloudFront adds the header that it is about."),
  ...unless(
    !originSecret || !host,
    "originSecret and host cannot both be set: sockets on a hostname of its own do not come through CloudFront, and none would open.",
  ),
];

const siteCheck: Check = ({ site }) => {
  const example = site?.example;
  if (!example) return [];
  const region = example.certificateArn && CERTIFICATE.exec(example.certificateArn)?.[1];
  return [
    ...unless(
      HOST.test(example.siteOrigin ?? ""),
      "site.example.siteOrigin must be the hostname that CloudFront fetches the site from.",
    ),
    ...unless(
      !example.host || example.host !== example.siteOrigin,
      "site.example.siteOrigin must be another name than site.example.host: CloudFront would fetch the site from itself.",
    ),
    ...unless(!example.host || HOST.test(example.host), "site.example.host must be a hostname like www.example.com."),
    ...unless(
      !!example.host === !!example.certificateArn,
      "site.example needs host and certificateArn together, or neither: CloudFront then gives it a hostname.",
    ),
    ...unless(
      !example.certificateArn || region === "us-east-1",
      "site.example.certificateArn must be of us-east-1: CloudFront reads certificates from there only.",
    ),
  ];
};

const paceCheck: Check = ({ throttle, notifyConcurrency, tableMaxima, existingTables, keepTables, protectTables, budget }) => [
  ...existingTablesProblems(existingTables),
  ...protectionProblems(keepTables, protectTables),
  ...throttleProblems(throttle),
  ...maximaProblems(tableMaxima),
  ...budgetProblems(budget),
  ...unless(
    Number.isInteger(notifyConcurrency) && notifyConcurrency >= 2 && notifyConcurrency <= 1_000,
    "notifyConcurrency must be a whole number from 2 to 1000: Lambda takes no other for a queue.",
  ),
];

const operationCheck: Check = ({ observability, logRetentionDays, alarmTopicArn, vpc, waysIn }) => [
  ...waysInProblems(waysIn),
  ...unless(OBSERVABILITIES.includes(observability), `observability must be one of ${OBSERVABILITIES.join(", ")}.`),
  ...unless(
    !alarmTopicArn || observability !== "none",
    'alarmTopicArn has nothing to be told with observability: "none", which makes no alarms.',
  ),
  ...unless(RETENTIONS.includes(logRetentionDays), `logRetentionDays must be one of ${RETENTIONS.join(", ")}.`),
  ...unless(
    !alarmTopicArn || /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$/.test(alarmTopicArn),
    "alarmTopicArn must be the ARN of an SNS topic: arn:aws:sns:REGION:ACCOUNT:NAME.",
  ),
  ...unless(
    !vpc ||
      (isIdOf("vpc", vpc.id) && (vpc.routeTableIds ?? []).length > 0 && vpc.routeTableIds.every((id) => isIdOf("rtb", id))),
    "vpc needs an id like vpc-0123456789abcdef0 and routeTableIds like rtb-0123456789abcdef0, one for each subnet's table.",
  ),
  ...unless(new Set(vpc?.routeTableIds).size === (vpc?.routeTableIds ?? []).length, "vpc.routeTableIds names a route table twice."),
];

const checks: Check[] = [nameCheck, placeCheck, stageCheck, functionProblems, hostCheck, siteCheck, originSecretCheck, paceCheck, operationCheck];
